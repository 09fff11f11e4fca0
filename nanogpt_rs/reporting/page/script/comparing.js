// What the records say about an implementation beside a baseline, and how the page words it.

const ROLE_NAMES = {
  strongest: "the strongest Python",
  lecture: "the lecture’s Python",
  asked: "the reference that was named",
  before: "the older commit",
};
const SIGNS = { faster: "▲", slower: "▼", equivalent: "=", inconclusive: "?", invalid: "✕" };
const MIRRORED = { faster: "slower", slower: "faster" };
const UNPAIRED = "The ratio of two medians: no interval was measured for this pair";

const roleName = (role) => ROLE_NAMES[role] || role;
const baseName = () => (view.base.startsWith("id:") ? view.base.slice(3) : roleName(view.base));

/** Tells the language of an implementation, which begins its id. */
function language(id) {
  const [first] = id.split("/");
  return ["python", "rust", "limit"].includes(first) ? first : "other";
}

const timed = (cells) => cells.filter((cell) => cell.seconds);
const bySpeed = (cells) => [...cells].sort((left, right) => left.seconds - right.seconds);
const ranked = (cells) => bySpeed(timed(cells).filter((cell) => !cell.limit));

/** Finds the fastest of a language; those about which the run says nothing valid come last. */
function fastest(cells, wanted) {
  const candidates = ranked(cells).filter((cell) => language(cell.id) === wanted);
  const valid = (cell) =>
    !cell.against.length || cell.against.some(({ comparison }) => comparison.verdict !== "invalid");
  return candidates.find(valid) || candidates[0];
}

/**
 * Finds the id of the baseline among the cells of one task on one text in one state.
 * @returns {?string} Null where the baseline was not measured.
 */
function baseOf(cells, base = view.base) {
  if (base.startsWith("id:")) {
    const id = base.slice(3);
    return cells.some((cell) => cell.id === id && cell.seconds) ? id : null;
  }
  for (const cell of cells) {
    const against = cell.against.find(({ role }) => role === base);
    if (against) return against.id;
  }
  return null;
}

/** Where a control failed, the interval says nothing. */
const intervalOf = (comparison) => (comparison.verdict === "invalid" ? null : comparison.interval);

/**
 * Sets a cell beside a baseline. Where the two ran together, this is what was measured; where the
 * pair was measured the other way round, its mirror image; otherwise the ratio of their medians.
 * @param {Object} cell - The cell.
 * @param {?string} id - The baseline's id.
 * @param {Array} cells - All cells of the same task, text and state.
 * @returns {?Object} Ratio, interval, verdict, and whether they were `measured` as a pair; null
 *   where nothing can be said.
 */
function beside(cell, id, cells) {
  if (!cell.seconds || id === null) return null;
  if (cell.id === id) return { ratio: 1, verdict: "reference", measured: true };
  const direct = cell.against.find((against) => against.id === id)?.comparison;
  if (direct) {
    const { ratio, verdict, reason, clock } = direct;
    const interval = intervalOf(direct);
    return { ratio, interval, verdict, reason, clock, measured: true, comparison: direct };
  }
  const base = cells.find((other) => other.id === id && other.seconds);
  const reverse = base?.against.find((against) => against.id === cell.id)?.comparison;
  if (reverse?.ratio) {
    const interval = intervalOf(reverse);
    return {
      ratio: 1 / reverse.ratio,
      interval: interval && [1 / interval[1], 1 / interval[0]],
      verdict: MIRRORED[reverse.verdict] || reverse.verdict,
      reason: reverse.reason,
      clock: reverse.clock,
      measured: true,
    };
  }
  return base ? { ratio: base.seconds / cell.seconds, measured: false } : null;
}

/**
 * Finds the Python that a run shows to be faster than the one marked as strongest. The mark is for
 * calls on texts of about a megabyte, and another idea can win on short ones.
 * @returns {?Object} The `cell`, and its `result` beside the strongest; null if there is none.
 */
function rivalOf(cells) {
  const strongest = baseOf(cells, "strongest");
  return timed(cells)
    .filter((cell) => !cell.limit && language(cell.id) === "python")
    .map((cell) => ({ cell, result: beside(cell, strongest, cells) }))
    .filter(({ result }) => result?.measured && result.verdict === "faster")
    .reduce((best, next) => (!best || next.result.ratio > best.result.ratio ? next : best), null);
}

/** Sets something beside a rival by way of their common baseline; no interval was measured. */
const besideRival = (result, rival) =>
  result?.ratio ? { ratio: result.ratio / rival.result.ratio, measured: false } : null;

/** Explains why the mark of the strongest Python need not fit this text. */
const whyAnother = (cell) =>
  cell.state !== "build" && cell.characters > 3e5 && cell.characters < 3e6
    ? "a mark that the registry gives for all texts of this width"
    : "a mark that is meant for calls on texts of about a megabyte";

// --- words ---

/** Says where figures come from: machine, build, text, commit and date. */
function where(run, cells, about = "") {
  const [first] = cells;
  return h(
    "p",
    { class: "where" },
    about,
    name(run.machine.alias),
    ` · ${run.builds_in_words} · `,
    first ? [name(first.corpus), ` ${first.sha256.slice(0, 12)} · `] : null,
    run.commit ? commitWords(run.commit, run.dirty) : "commit unknown",
    ` · ${run.began.slice(0, 10)}${run.complete ? "" : " · unfinished run"}`,
  );
}

/** Shows a verdict, with its sign and, in a tooltip, its reason. */
function verdictOf(result, cell) {
  const show = (look, title, ...words) =>
    h("span", { class: `verdict ${look}`, title: title || null }, ...words);
  if (cell?.limit) return show("limit", "A limit is a yardstick and is never ranked", "limit");
  if (!result) return show("inconclusive", null, "–");
  if (!result.measured) return show("inconclusive", UNPAIRED, "not measured as a pair");
  if (result.verdict === "reference") return show("reference", null, "baseline");
  const sign = h("span", { "aria-hidden": "true" }, `${SIGNS[result.verdict] || ""} `);
  return show(result.verdict, result.reason, sign, result.verdict);
}

/** Shows a speed-up and its interval, softly where no interval or nothing valid was measured. */
function ratioOf(result) {
  if (!result || !result.ratio) return "–";
  if (result.verdict === "reference") return "1×";
  const soft = (title, words) => h("span", { class: "unmeasured", title }, words);
  if (!result.measured) return soft(UNPAIRED, `≈ ${times(result.ratio)}×`);
  if (result.verdict === "invalid") {
    return soft("A control failed, so this figure says nothing", `(${times(result.ratio)}×)`);
  }
  return [h("b", null, `${times(result.ratio)}×`), " ", h("span", null, bracket(result))];
}

/** Words a speed-up for tooltips and for readers who hear the page. */
function spoken(result) {
  if (!result || !result.ratio) return "not compared";
  const ratio = times(result.ratio);
  if (!result.interval) return `${ratio} times as fast, no interval`;
  return `${ratio} times as fast, 95 % interval ${boundWords(result).join(" to ")}`;
}

// --- sources ---

/** Makes the name of an implementation, which shows its source where that is at hand. */
function sourceLink(cell) {
  const idea = ideaOf(cell);
  if (!idea?.path) return name(cell.id);
  const title = `Show ${idea.path}`;
  return h(
    "button",
    { type: "button", class: "plain", title, onclick: () => showSource(idea) },
    name(cell.id),
  );
}

/** Opens a window with the source of an implementation. */
async function showSource(idea) {
  const { made, commit } = data.page;
  const sources = JSON.parse((await unpack("sources-data")) || "{}");
  const when = `${made.slice(0, 10)}${commit ? `, commit ${commit.slice(0, 8)}` : ""}`;
  byId("source").replaceChildren(
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "source-title" }, `${idea.task}: `, name(idea.id)),
      h("p", { class: "idea" }, coded(idea.idea)),
      h("p", { class: "where" }, idea.path, ` · as it was when this page was made, ${when}`),
      h(
        "pre",
        { tabindex: "0" },
        code(sources[idea.path] || "The source was not available when this page was made."),
      ),
      h("button", null, "close"),
    ),
  );
  byId("source").showModal();
}
