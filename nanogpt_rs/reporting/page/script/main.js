// Draws the page, and draws it anew when the reader chooses something else.

const SECTIONS = [
  glance,
  rankings,
  ratios,
  scaling,
  matrix,
  distributions,
  threads,
  wholeJob,
  breakdown,
  memory,
  failures,
  provenance,
];
const THEMES = { auto: "as the system", light: "light", dark: "dark" };

/** Draws the bar of controls at the top of the page. */
function controls() {
  const run = shownRun();
  const runLabel = (other) => {
    const facts = [other.machine.alias, other.began.slice(0, 10), other.command];
    return [...facts, plural(other.cells.length, "cell", "cells")].join(", ");
  };
  const select = (field, label, options) =>
    chooser(
      field,
      label,
      options.map(([value, words]) => [value, short(words)]),
      view[field],
      (value) => choose({ [field]: value }),
    );
  const same = (id) => [id, id];
  const form = byId("controls");
  const focused = document.activeElement?.id;
  form.replaceChildren(
    select("base", "baseline", baseChoices()),
    select("corpus", "text", corporaOf(run).map(same)),
    select("state", "state", statesOf(run, view.corpus).map(same)),
    select(
      "run",
      "machine and run",
      data.ordered.map((other) => [other.run, runLabel(other)]),
    ),
  );
  form.hidden = false;
  if (focused) byId(focused)?.focus({ preventScroll: true });
}

/** Draws everything. An answer that says the same stays, so that nobody hears it twice. */
function render() {
  keeping(byId("content"), () => {
    const fresh = answer();
    const words = (nodes) => [...nodes].map((node) => node.textContent).join();
    const old = byId("answer");
    if (words(fresh) !== words(old.children)) old.replaceChildren(...fresh);
    controls();
    byId("content").replaceChildren(...SECTIONS.map((draw) => draw()));
  });
}

/** Draws one section anew and keeps the focus in it. */
function redraw(id, draw) {
  const inputs = () => [...byId(id).querySelectorAll("input")];
  const index = inputs().indexOf(document.activeElement);
  keeping(byId(id), () => byId(id).replaceWith(draw()));
  if (index >= 0) inputs()[index]?.focus({ preventScroll: true });
}

/** Draws anew, but leaves open what was open, the focus, and the reader's place on the page. */
function keeping(root, draw) {
  const focused = document.activeElement?.id;
  const identity = (details) => {
    const part = details.closest("section");
    return joined(part.id, [...part.querySelectorAll("details")].indexOf(details));
  };
  const folds = [...root.querySelectorAll("details")];
  const open = new Map(folds.map((details) => [identity(details), details.open]));
  const place = placeOf(root);
  draw();
  for (const details of byId("content").querySelectorAll("details")) {
    details.open = open.get(identity(details)) ?? details.open;
  }
  if (focused) byId(focused)?.focus({ preventScroll: true });
  const target = place && byId(place.id);
  if (target) {
    scrollBy({ top: target.getBoundingClientRect().top - place.top, behavior: "instant" });
  }
}

/**
 * Finds what must stay where it is on the screen: the one part that is drawn anew; otherwise the
 * control in use if the reader sees it, or the last part that begins above the middle of the
 * window; null at the top.
 */
function placeOf(root) {
  const top = (element) => element.getBoundingClientRect().top;
  const content = byId("content");
  if (root !== content) return { id: root.id, top: top(root) };
  const active = document.activeElement;
  const seen = top(active) < innerHeight && active.getBoundingClientRect().bottom > 0;
  const used = root.contains(active) && active.id && seen ? active : null;
  const begun = [...content.querySelectorAll("section[id]")].filter(
    (part) => top(part) < innerHeight / 2,
  );
  const kept = used || (top(content) < 0 ? begun.at(-1) : null);
  return kept && { id: kept.id, top: top(kept) };
}

/** Keeps headings out from under the bar, which takes as many lines as it needs. */
function clearBar() {
  const bar = byId("controls");
  const sticky = getComputedStyle(bar).position === "sticky";
  document.documentElement.style.scrollPaddingTop = sticky ? `${bar.offsetHeight + 8}px` : "1rem";
}

/** Shows the button that switches between the themes. */
function startTheme() {
  const button = byId("theme");
  const root = document.documentElement;
  button.hidden = false;
  button.addEventListener("click", () => {
    const themes = Object.keys(THEMES);
    root.dataset.theme = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
    button.textContent = `theme: ${THEMES[root.dataset.theme]}`;
  });
}

/** Shows a page whose records have no cell with a time. */
function showNothing() {
  const begun = data.page.runs.length;
  const runs = plural(begun, "run has", "runs have");
  byId("answer").append(
    h(
      "p",
      { class: "answer" },
      "There is no answer yet: these files hold no cell that was measured. ",
      code("make bench"),
      " measures.",
    ),
  );
  byId("content").append(
    missing(begun ? `${runs} begun, but no cell of it has a time.` : "These files hold no run."),
  );
  if (data.page.divisions.length) byId("content").append(divisions());
}

/** Draws the page as its address asks, and follows what happens to the address and the window. */
function showRecords() {
  const show = (part) => {
    settle();
    render();
    return part;
  };
  const part = show(recall());
  clearBar();
  if (part) goTo(part, "instant");
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearBar();
    redraw("scaling", scaling);
  });
  addEventListener("hashchange", () => {
    const wanted = show(recall());
    if (!location.hash.includes("=")) remember();
    if (wanted) goTo(wanted, "instant");
  });
  addEventListener("beforeprint", () => printMatrix());
  addEventListener("afterprint", () => byId("texts-printed")?.replaceChildren());
}

/** Reads the records and draws the page. */
async function main() {
  if (typeof DecompressionStream === "undefined") {
    const words =
      "This browser cannot unpack the records: it lacks DecompressionStream, which all browsers " +
      "have had since 2023.";
    byId("content").append(h("p", { class: "notice" }, words));
    return;
  }
  await load();
  startTheme();
  if (data.ordered.length) showRecords();
  else showNothing();
  document.addEventListener("click", follow);
  document.documentElement.dataset.ready = "yes";
}

main();
