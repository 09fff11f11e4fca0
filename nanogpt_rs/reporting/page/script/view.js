// What the reader has chosen, and which cells that selects. The choice also stands in the address
// of the page, so that a view can be linked to.

const view = {
  run: null,
  corpus: null,
  state: null,
  base: "strongest", // a role, or "id:" and the id of an implementation
  task: null,
  y: "time", // what the chart over the size of the text shows
  matrix: "ratio", // what the table of all texts and states shows
  one: null, // ids of two implementations, for the section about where their ratio comes from
  other: null,
  lines: null, // ids in the chart over the size of the text; null for the usual ones
  // The reader's own job; null is filled in from what was measured.
  size: null,
  steps: null,
  stepTime: null,
};
const IN_THE_ADDRESS = Object.keys(view).filter((key) => key !== "lines");
let linesAbout = null; // the selection that `view.lines` belongs to

const shownRun = () => data.runs.get(view.run);
const corporaOf = (run) => unique(run.cells.map((cell) => cell.corpus));

/** Lists the cells on the chosen text in the chosen state, of one task or of all. */
const shown = (task) =>
  shownRun().cells.filter(
    (cell) =>
      cell.corpus === view.corpus && cell.state === view.state && (!task || cell.task === task),
  );
const shownTasks = () => unique(shown().map((cell) => cell.task));

/** Takes over what the reader chose, and draws the page anew. */
function choose(changes) {
  Object.assign(view, changes);
  settle();
  remember();
  render();
}

/** Changes the view where the records cannot answer it: an address may ask for anything. */
function settle() {
  if (!data.ordered.length) return;
  if (!data.ordered.some((run) => run.run === view.run)) view.run = data.ordered[0].run;
  const run = shownRun();
  if (!corporaOf(run).includes(view.corpus)) view.corpus = mainCorpus(run);
  const states = statesOf(run, view.corpus);
  if (!states.includes(view.state)) view.state = mainState(run, view.corpus, states);
  const tasks = shownTasks();
  if (!tasks.includes(view.task)) view.task = tasks[0];
  const choices = baseChoices().map(([value]) => value);
  if (!choices.includes(view.base)) view.base = choices[0] || "strongest";
  const about = joined(view.run, view.task, view.state, shown()[0]?.width);
  if (about !== linesAbout) {
    linesAbout = about;
    view.lines = null;
  }
}

/** Finds the text on which most was measured; of equals the real one. */
function mainCorpus(run) {
  const measured = (id) => run.cells.filter((cell) => cell.corpus === id && cell.seconds).length;
  return corporaOf(run).reduce((best, id) => {
    const more = measured(id) - measured(best);
    return more > 0 || (more === 0 && id === data.page.constants.realCorpus) ? id : best;
  });
}

/** Lists the states of a text in a run: those with a time first, both in the usual order. */
function statesOf(run, corpus) {
  const cells = run.cells.filter((cell) => cell.corpus === corpus);
  const usual = Object.keys(data.page.constants.states);
  const rank = (state) => (usual.includes(state) ? usual.indexOf(state) : usual.length);
  const hasTime = (state) => cells.some((cell) => cell.state === state && cell.seconds);
  const states = unique(cells.map((cell) => cell.state));
  return states.sort((left, right) => hasTime(right) - hasTime(left) || rank(left) - rank(right));
}

/** Chooses the state that stands for the others: new text where every task has it. */
function mainState(run, corpus, states) {
  const cells = run.cells.filter((cell) => cell.corpus === corpus && cell.seconds);
  const tasksIn = (list) => unique(list.map((cell) => cell.task)).length;
  const onNewText = cells.filter((cell) => cell.state === "new_text");
  return onNewText.length && tasksIn(onNewText) === tasksIn(cells) ? "new_text" : states[0];
}

/** Lists the baselines that can be chosen: references of the run, then every implementation. */
function baseChoices() {
  const roles = unique(
    shownRun().cells.flatMap((cell) => cell.against.map((against) => against.role)),
  );
  const { references } = data.page.constants;
  const usual = references.filter((role) => roles.includes(role));
  const others = roles.filter((role) => !references.includes(role));
  const ids = unique(timed(shown()).map((cell) => cell.id)).sort();
  return [
    ...[...usual, ...others].map((role) => [role, roleName(role)]),
    ...ids.map((id) => [`id:${id}`, id]),
  ];
}

/** Makes the choice of a task, which every part that shows a single task has. */
function taskChoice(id) {
  const options = shownTasks().map((task) => [task, short(task)]);
  return chooser(id, "task ", options, view.task, (task) => choose({ task }));
}

/** Says on paper which task and state a part shows. */
const shownAs = (words) =>
  printed("Task ", name(view.task), `, ${view.state}${words ? `; shown as ${words}` : ""}.`);

// --- the address ---

/** Writes the view into the address; with the id of a part, as a place to come back from. */
function remember(part = "") {
  const words = new URLSearchParams();
  for (const key of IN_THE_ADDRESS) if (view[key]) words.set(key, view[key]);
  if (part) words.set("at", part);
  try {
    if (part) history.pushState(null, "", `#${words}`);
    else history.replaceState(null, "", `#${words}`);
  } catch {
    // A browser that forbids this loses the link, not the page.
  }
}

/** Reads the view from the address; returns the id of the part that the address asks for. */
function recall() {
  if (!location.hash.includes("=")) return idIn(location.hash);
  const words = new URLSearchParams(location.hash.slice(1));
  for (const [key, value] of words) if (IN_THE_ADDRESS.includes(key)) view[key] = value;
  if (!SCALES[view.y]) view.y = "time";
  if (!MATRIX_SHOWS[view.matrix]) view.matrix = "ratio";
  return words.get("at") || "";
}

/** Reads an id from a link; nothing where it is not valid. */
function idIn(hash) {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return "";
  }
}

/** Follows a link within the page without losing what is chosen from the address. */
function follow(event) {
  const link = event.target.closest?.('a[href^="#"]');
  const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (!link || event.button || modified) return;
  const id = idIn(link.getAttribute("href"));
  if (!byId(id)) return;
  event.preventDefault();
  if (data.ordered.length) remember(id);
  goTo(id);
}

/** Scrolls to a part and puts the focus there. */
function goTo(id, behavior = "auto") {
  const target = byId(id);
  if (!target) return;
  target.setAttribute("tabindex", "-1");
  target.scrollIntoView({ behavior });
  target.focus({ preventScroll: true });
}
