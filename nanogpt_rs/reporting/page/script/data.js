// What the page holds: its records and what Python says about them, unpacked once at the start.

/**
 * @property {?Object} page - What Python says about the records: runs, verdicts, ideas, constants.
 * @property {string} recordText - The records as they were written, one in a line.
 * @property {Map} runs - All runs by their id, each with its `cells` and `other` records.
 * @property {Array} ordered - The runs that can be shown, the fullest first.
 * @property {Map} ideas - What an implementation is, by task and id.
 */
const data = { page: null, recordText: "", runs: new Map(), ordered: [], ideas: new Map() };

/** Unpacks the text of one of the page's data elements. */
async function unpack(id) {
  const packed = byId(id).textContent.trim();
  if (!packed) return "";
  const compressed = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

/** Fills `data` from the elements of the page. */
async function load() {
  data.page = JSON.parse(await unpack("page-data"));
  data.recordText = await unpack("records-data");
  for (const run of data.page.runs) data.runs.set(run.run, { ...run, cells: [], other: [] });
  let place = 0;
  for (const line of data.recordText.split("\n")) {
    if (!line) continue;
    const record = JSON.parse(line);
    const run = data.runs.get(record.run);
    if (data.page.constants.otherKinds.includes(record.kind)) run.other.push(record);
    if (record.kind !== "cell") continue;
    judge(record, data.page.verdicts[place]);
    const builds = data.page.builds[place];
    record.overBuilds = builds && { number: builds[0], seconds: builds[1] };
    record.rank = data.page.ranks[place];
    place += 1;
    run.cells.push(record);
  }
  for (const idea of data.page.ideas) data.ideas.set(joined(idea.task, idea.id), idea);
  data.ordered = inOrderOfInterest([...data.runs.values()]);
}

/** Puts the verdicts of a cell, all tests of its run adjusted together, into its record. */
function judge(cell, verdicts) {
  cell.against.forEach((against, index) => {
    // The control of a comparison of two commits is the same in both. Its verdict has been used
    // already, so here it is one more contender beside the older commit.
    if (against.role === "control") against.role = "before";
    const [verdict, adjusted, reason] = verdicts[index];
    Object.assign(against.comparison, { verdict, p_adjusted: adjusted });
    if (reason) against.comparison.reason = reason;
  });
}

/**
 * Chooses the runs that can be shown and puts the fullest run of `bench` first, the newer one of
 * equals: a later look at two ideas must not hide the published set. Counts of instructions are
 * no times; `nanogpt-rs show` prints them.
 */
function inOrderOfInterest(runs) {
  const withTimes = runs.filter((run) => run.cells.length && run.command !== "count");
  return withTimes.sort(
    (left, right) =>
      (right.command === "bench") - (left.command === "bench") ||
      right.cells.length - left.cells.length ||
      (left.run < right.run ? 1 : -1),
  );
}

const ideaOf = (cell) => (cell.origin ? null : data.ideas.get(joined(cell.task, cell.id)));

/** Two machines of people who give no alias are both called local, so the processor decides. */
const sameMachine = (left, right) => left.alias === right.alias && left.cpu === right.cpu;

/**
 * Finds the newest records of a kind that other commands measured on the machine that is shown.
 * @param {string} kind - The kind of record.
 * @param {Function} key - Two records with the same key measured the same thing.
 * @returns {Array} The records, each with its run.
 */
function measuredBeside(kind, key) {
  const { machine } = shownRun();
  const runs = [...data.runs.values()].filter((run) => sameMachine(run.machine, machine));
  runs.sort((left, right) => (left.run < right.run ? -1 : 1));
  const newest = new Map();
  for (const run of runs) {
    for (const record of run.other) {
      if (record.kind === kind) newest.set(key(record), { run, record });
    }
  }
  return [...newest.values()];
}
