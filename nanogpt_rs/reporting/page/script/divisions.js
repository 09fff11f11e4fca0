// Training as it was measured: both divisions, the race of arms, and whole programs.

/** Draws all races of training. */
function divisions() {
  const drawers = {
    closed: closedDivision,
    open: openDivision,
    arms: armRace,
    whole: programRace,
  };
  return h(
    "div",
    null,
    h("h3", null, "Training, measured"),
    data.page.divisions.map((division) => drawers[division.division](division)),
  );
}

/** Says where the figures of a race come from. */
function divisionFacts({ machine, corpus, commit, dirty, date }) {
  const text = ` ${String(corpus.sha256).slice(0, 12)} · ${commitWords(commit, dirty)} · ${date}`;
  return h("p", { class: "where" }, name(machine.alias), " · ", name(corpus.id), text);
}

/** Draws a race of the closed division, with a row for each entry. */
function closedDivision(division) {
  const line = (entry) => {
    const gain = division.gains.find(({ reference }) => reference === entry.variant);
    return h(
      "tr",
      null,
      rowHead(name(entry.variant)),
      [
        String(entry.seed),
        count(entry.steps),
        entry.val_loss.toFixed(4),
        duration(entry.step_seconds),
        duration(entry.compile_seconds),
        gain ? `ours ${times(gain.ratio)}× ${bracket(gain)}` : "",
      ].map((words) => h("td", null, words)),
    );
  };
  const columns = [
    "computed as",
    "seed",
    "steps",
    "validation loss",
    "a step (CPU)",
    "before the first step",
    "our speed-up over it",
  ];
  return [
    h(
      "p",
      null,
      h("b", null, "Closed division"),
      ": the same model, data and schedule, computed in different ways",
      division.within ? "." : "; one loss lies outside its allowed range.",
    ),
    divisionFacts(division),
    scrolling("Closed division", tableOf(null, null, columns, division.entries.map(line))),
  ];
}

/** Words the result of a race of the open division. */
function openDivision(division) {
  const { mean, losses, p, seconds, prepare_seconds: preparation, cpu_seconds: cpu } = division;
  return [
    h(
      "p",
      null,
      h("b", null, "Open division"),
      `: any network; mean loss ${mean.toFixed(4)} over ${losses.length} seeds `,
      `(p = ${digits(p, 2)}) in ${duration(seconds)}. Preparation took `,
      `${duration(preparation)} of ${duration(cpu)} of processor time.`,
    ),
    divisionFacts(division),
  ];
}

/** Draws a race of arms, with a row for each way to compute the model. */
function armRace(race) {
  const clock = race.threads === 1 ? "cpu" : "wall";
  const line = (arm) => {
    const { comparison, python } = arm;
    const share = python ? percent(python.share, python.interval) : "";
    return h(
      "tr",
      null,
      rowHead(name(arm.arm)),
      [
        arm.dtype,
        arm.step ? duration(arm.step[clock]) : "–",
        comparison?.ratio ? `${times(comparison.ratio)}× ${bracket(comparison)}` : "",
        comparison ? comparison.verdict : arm.fault ? `no time: ${arm.fault}` : "reference",
        arm.start ? duration(arm.start[clock]) : "–",
        arm.break_even === null ? "" : plural(arm.break_even, "step", "steps"),
        arm.peak_bytes ? bytes(arm.peak_bytes) : "",
        arm.code_lines ? count(arm.code_lines) : "",
        share,
      ].map((words) => h("td", null, words)),
    );
  };
  const columns = [
    "arm",
    "computed in",
    "a step",
    "speed, by its step",
    "verdict",
    "before the first step",
    "level after",
    "peak memory",
    "lines of code",
    "Python's share of a step",
  ];
  return [
    h(
      "p",
      null,
      h("b", null, "Race of arms"),
      ": the same model with equal losses in Python and in Rust, config ",
      name(race.config),
      `, ${plural(race.threads, "thread", "threads")}, `,
      `${plural(race.processes, "process", "processes")} of each. Speeds are beside `,
      name(race.reference),
      ". Python's share is the most that a training loop in another language can save.",
    ),
    divisionFacts(race),
    scrolling("Race of arms", tableOf(null, null, columns, race.entries.map(line))),
  ];
}

/** Draws whole programs, with a row for each. */
function programRace(race) {
  const stages = [...new Set(race.entries.flatMap((entry) => Object.keys(entry.stages)))];
  const line = (entry) =>
    h(
      "tr",
      null,
      rowHead(name(entry.arm)),
      [
        duration(entry.total.cpu),
        entry.ratio ? `${times(entry.ratio.ratio)}× ${bracket(entry.ratio)}` : "",
        ...stages.map((stage) => (stage in entry.stages ? duration(entry.stages[stage].cpu) : "")),
      ].map((words) => h("td", null, words)),
    );
  const columns = ["program", "in all (CPU)", "speed", ...stages];
  return [
    h(
      "p",
      null,
      h("b", null, "Whole programs"),
      ": from nothing and a file of text to a validation loss, config ",
      name(race.config),
      `, medians of ${plural(race.runs, "run", "runs")} of each. Speeds are beside `,
      name(race.reference),
      ".",
    ),
    divisionFacts(race),
    scrolling("Whole programs", tableOf(null, null, columns, race.entries.map(line))),
  ];
}
