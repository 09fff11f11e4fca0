// Where everything comes from: runs, machines and texts, and the records to download.

// Kinds of records that are no cells, one and several.
const HELD = {
  call_in_steps: ["call in steps", "calls in steps"],
  first_call: ["first call", "first calls"],
  whole_job: ["job record", "job records"],
  job_difference: ["job record", "job records"],
  preparation_cost: ["preparation cost", "preparation costs"],
};
const OTHERWISE_HELD = ["other record", "other records"];

/** Draws the section about runs, machines, texts and downloads. */
function provenance() {
  const run = shownRun();
  const { aggregated } = data.page;
  const button = (words, onclick) =>
    h("button", { type: "button", class: "download", onclick }, words);
  const keepRecords = () =>
    download("nanogpt-rs-records.jsonl", "application/jsonl", data.recordText);
  const keepTable = () => download(`nanogpt-rs-${run.run}.csv`, "text/csv", csvOf(run));
  return section(
    "runs",
    "Runs, machines, texts, downloads",
    explained(
      "The tables and pictures of tasks show one run, which you choose at the top. Other commands ",
      "measure whole jobs, the steps of a call, and memory. Those parts show the newest such run ",
      "on the same machine, and name it.",
    ),
    controlBar(
      aggregated ? null : button("Download the records (JSON Lines)", keepRecords),
      button("Download this run as a table (CSV)", keepTable),
    ),
    aggregated ? h("p", { class: "notice" }, aggregated) : null,
    scrolling("All runs", runTable()),
    h("h3", null, "The run that is shown"),
    runFacts(run),
    h("h3", null, "Its texts"),
    textTable(run),
  );
}

/** Draws the table of all runs and races in the page. */
function runTable() {
  const shortCommit = ({ commit, dirty }) =>
    commit ? `${String(commit).slice(0, 8)}${dirty ? "+" : ""}` : "–";
  const line = (look, machine, ...cells) =>
    h("tr", { class: look }, rowHead(name(machine.alias)), cells);
  const cell = (...content) => h("td", null, ...content);
  const commitCell = (run) => h("td", { class: "mono" }, shortCommit(run));
  const runLine = (run) =>
    line(
      run.run === view.run ? "isref" : "",
      run.machine,
      cell(run.began.slice(0, 16).replace("T", " ")),
      cell(name(run.command)),
      commitCell(run),
      cell(run.builds_in_words),
      cell(holds(run)),
      cell(name(run.file)),
      cell(run.complete ? "complete" : "unfinished"),
    );
  const raceWords = {
    closed: "closed division",
    open: "open division",
    arms: "race of arms",
    whole: "whole programs",
  };
  const divisionLine = (division) =>
    line(
      null,
      division.machine,
      cell(division.date),
      cell(`training, ${raceWords[division.division]}`),
      commitCell(division),
      cell("–"),
      cell(plural((division.entries || division.losses).length, "model", "models")),
      cell(name(division.file)),
      cell("complete"),
    );
  return tableOf(
    null,
    "All runs in this page (+: with uncommitted changes)",
    ["machine", "began (UTC)", "command", "commit", "build", "content", "file", "state"],
    [...data.page.runs.map(runLine), ...data.page.divisions.map(divisionLine)],
  );
}

/** Words what a run holds: so many cells, and so many records of other kinds. */
function holds({ run, count: cells }) {
  const numbers = new Map();
  for (const { kind } of data.runs.get(run).other) {
    const words = HELD[kind] || OTHERWISE_HELD;
    const [, several] = words;
    numbers.set(several, { words, number: (numbers.get(several)?.number || 0) + 1 });
  }
  const others = [...numbers.values()].map(({ words, number }) => plural(number, ...words));
  const ofCells = cells || !others.length ? [plural(cells, "cell", "cells")] : [];
  return [...ofCells, ...others].join(", ");
}

/** Lists what is recorded about the machine and the build of a run. */
function runFacts(run) {
  const fact = (label, value) => h("div", null, h("b", null, `${label}: `), value ?? "unknown");
  const { machine } = run;
  const watched = run.cells.map((cell) => cell.meanwhile).filter(Boolean);
  const loads = watched.flatMap((meanwhile) => meanwhile.load || []);
  const load = () => `${Math.min(...loads).toFixed(2)} to ${Math.max(...loads).toFixed(2)}`;
  const apart = ["commit", "source_hash", "version"];
  const build = Object.entries(run.build).filter(
    ([label, value]) => value && !apart.includes(label),
  );
  return h(
    "div",
    { class: "facts" },
    fact("machine", name(machine.alias)),
    fact("processor", name(machine.cpu)),
    fact("cores", String(machine.cores)),
    fact("memory", `${(machine.memory / 2 ** 30).toFixed(1)} GiB free at the start`),
    fact("governor", machine.governor),
    fact("system", name(machine.system)),
    fact("Python", name(machine.python)),
    build.map(([label, value]) => fact(label.replace("_", " "), name(value))),
    Object.entries(run.packages).map(([label, value]) => fact(label, name(value))),
    fact(
      "commit",
      run.commit ? `${run.commit}${run.dirty ? " with uncommitted changes" : ""}` : "unknown",
    ),
    fact("sources", name(run.sources)),
    fact("began", `${run.began.slice(0, 16).replace("T", " ")} UTC`),
    fact("load", loads.length ? load() : "unknown"),
    fact("time taken by the hypervisor", shareOf(watched, "steal")),
    fact("processors busy", shareOf(watched, "busy")),
    fact("tests adjusted together", count(run.tests)),
  );
}

/** Averages a share over the times in which it was watched. */
function shareOf(watched, field) {
  const recorded = watched.filter((meanwhile) => meanwhile[field] !== null);
  const whole = recorded.reduce((sum, { seconds }) => sum + seconds, 0);
  if (!whole) return "unknown";
  const part = recorded.reduce((sum, meanwhile) => sum + meanwhile[field] * meanwhile.seconds, 0);
  return percent(part / whole);
}

/** Draws the table of the texts that a run measured. */
function textTable(run) {
  const texts = corporaOf(run).map((id) => run.cells.find((cell) => cell.corpus === id));
  const line = (cell) =>
    h(
      "tr",
      null,
      rowHead(name(cell.corpus)),
      cellOf("description", data.page.corpora[cell.corpus] || "a file that the user named"),
      numberCell("characters", count(cell.characters)),
      cellOf("widest character", cell.width),
      cellOf("SHA-256", cell.sha256, "mono id"),
    );
  return tableOf(
    "cards",
    "The texts of the run that is shown",
    ["text", "description", "characters", "widest character", "SHA-256"],
    texts.map(line),
  );
}

// --- a run as comma-separated values ---

/** Lists the columns of the table: a heading, and its value of a cell and one reference. */
function csvColumns(run) {
  const ofCell = (field) => [field, (cell) => cell[field]];
  const ofComparison = (heading, value) => [
    heading,
    (_, against) => against && value(against.comparison),
  ];
  return [
    ...["task", "id", "corpus"].map(ofCell),
    ["corpus_sha256", (cell) => cell.sha256],
    ...["characters", "width", "state", "status", "seconds"].map(ofCell),
    ["builds", ({ overBuilds }) => overBuilds?.number],
    ["fastest_build_seconds", ({ overBuilds }) => overBuilds?.seconds?.[0]],
    ["slowest_build_seconds", ({ overBuilds }) => overBuilds?.seconds?.[1]],
    ["reference", (_, against) => against?.id],
    ["role", (_, against) => against?.role],
    ofComparison("verdict", ({ verdict }) => verdict),
    ofComparison("ratio", ({ ratio }) => ratio),
    ofComparison("low", ({ interval }) => interval?.[0]),
    ofComparison("high", ({ interval }) => interval?.[1]),
    ofComparison("control_low", ({ control }) => control?.interval?.[0]),
    ofComparison("control_high", ({ control }) => control?.interval?.[1]),
    ofCell("processes"),
    ["details", (cell) => cell.details.join("; ")],
    ["machine", () => run.machine.alias],
    ["profile", () => run.build.profile],
    ["commit", () => run.commit],
    ["began", () => run.began],
  ];
}

/** Writes the cells of a run as comma-separated values, a line for each reference. */
function csvOf(run) {
  const columns = csvColumns(run);
  const quoted = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = run.cells.flatMap((cell) =>
    (cell.against.length ? cell.against : [null]).map((against) =>
      columns.map(([, value]) => quoted(value(cell, against))).join(","),
    ),
  );
  const heads = columns.map(([heading]) => heading).join(",");
  return [heads, ...lines].join("\r\n") + "\r\n";
}
