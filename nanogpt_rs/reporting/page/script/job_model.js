// The reader's own job: its numbers, filled in from what was measured, and what Rust gains of it.

const STEP_STAGES = ["batches", "forward", "backward", "optimizer"];
const USUAL_STEPS = 2000; // where neither the reader nor a record says how many
const WORTHWHILE = 0.01; // the share of a job below which a rewrite is not worth it
const FIELDS = {
  size: {
    before: "text ",
    after: " characters",
    label: "characters of the text",
    least: 1,
    most: 1e12,
  },
  steps: {
    before: "training ",
    after: " steps of",
    label: "steps of training",
    least: 0,
    most: 1e9,
  },
  stepTime: {
    before: "",
    after: " ms each",
    label: "milliseconds that a step takes",
    least: 0,
    most: 1e7,
  },
};

const isGiven = (field) => view[field] !== null && view[field] !== "";

/** Reads a number of the reader's; null where there is none, or none that can be computed with. */
function given(field) {
  const value = isGiven(field) ? Number(view[field]) : NaN;
  return value >= FIELDS[field].least && value <= FIELDS[field].most ? value : null;
}

// --- what was measured ---

/**
 * Lists where the preparation was measured, in the order of sizes: one text of about each size,
 * the chosen text before others.
 */
function preparations() {
  const { width } = shown()[0];
  const cells = timed(shownRun().cells).filter(
    (cell) =>
      cell.task === data.page.preparation &&
      cell.state === view.state &&
      cell.width === width &&
      cell.characters > 0,
  );
  const texts = unique(cells.map((cell) => cell.corpus))
    .map((corpus) => preparationOf(corpus, cells))
    .filter((text) => text.rust && text.strongest);
  const isReal = ({ corpus }) => corpus === data.page.constants.realCorpus;
  const isChosen = ({ corpus }) => corpus === view.corpus;
  texts.sort(
    (left, right) =>
      isChosen(right) - isChosen(left) ||
      right.cells.length - left.cells.length ||
      isReal(right) - isReal(left),
  );
  const sizes = [];
  for (const text of texts) {
    if (sizes.every((other) => distance(other.characters, text.characters) > Math.log(1.5))) {
      sizes.push(text);
    }
  }
  return sizes.sort((left, right) => left.characters - right.characters);
}

const distance = (left, right) => Math.abs(Math.log(left / right));

/** Finds the preparations of one text: the best Rust and both references. */
function preparationOf(corpus, all) {
  const cells = all.filter((cell) => cell.corpus === corpus);
  const cellOfRole = (role) => {
    const id = baseOf(cells, role);
    return cells.find((cell) => cell.id === id);
  };
  return {
    corpus,
    characters: cells[0].characters,
    cells,
    strongest: cellOfRole("strongest"),
    lecture: cellOfRole("lecture"),
    rust: fastest(cells, "rust"),
  };
}

/**
 * Computes what a preparation takes: between two measured sizes it is interpolated on logarithmic
 * axes, outside of them it is in proportion.
 */
function preparationSeconds(sizes, role, characters) {
  const measured = sizes.filter((text) => text[role]);
  const above = measured.findIndex((text) => text.characters >= characters);
  if (above <= 0) {
    const end = measured.at(above);
    return (end[role].seconds / end.characters) * characters;
  }
  const [low, high] = [measured[above - 1], measured[above]];
  const part = Math.log(characters / low.characters) / Math.log(high.characters / low.characters);
  return low[role].seconds * Math.pow(high[role].seconds / low[role].seconds, part);
}

/**
 * Finds the time of a step as it was measured on this machine: in the closed division if there is
 * one, otherwise in whole jobs.
 */
function measuredStep() {
  const { machine } = shownRun();
  const closed = data.page.divisions
    .filter((division) => division.division === "closed" && division.entries.length)
    .filter((division) => sameMachine(division.machine, machine))
    .at(-1);
  if (closed) return stepOfDivision(closed);
  const jobs = newestJobs();
  return jobs.length && jobs[0].record.found.steps ? stepOfJobs(jobs) : null;
}

/** Takes the time of a step from the fastest entry of a race. */
function stepOfDivision({ entries, machine, date, commit }) {
  const [fast] = [...entries].sort((left, right) => left.step_seconds - right.step_seconds);
  const facts = `${machine.alias}, ${date}, ${commitWords(commit)}`;
  return {
    seconds: fast.step_seconds,
    steps: fast.steps,
    from: `the one measured in the closed division: ${fast.variant}, processor time, ${facts}`,
  };
}

/** Takes the time of a step from whole jobs, as their median. */
function stepOfJobs(jobs) {
  const [{ run, record }] = jobs;
  const secondsOf = ({ record: { found } }) =>
    STEP_STAGES.reduce((sum, stage) => sum + (found.seconds[stage] || 0), 0) / found.steps;
  const how = `config ${record.config}${onDevice(record.found.how)}, wall-clock time`;
  const facts = `${run.machine.alias}, ${run.began.slice(0, 10)}, ${commitWords(run.commit)}`;
  return {
    seconds: median(jobs.map(secondsOf)),
    steps: record.found.steps,
    from:
      "the median of the whole jobs measured on this machine " +
      `(${STEP_STAGES.join(", ")}): ${how}, ${facts}`,
  };
}

// --- what is computed ---

/**
 * Describes the reader's job: so many steps of so many seconds, after the preparation of so much
 * text. What was measured fills in what the reader leaves open; `step` is null where nobody gave a
 * time. Null where no preparation was measured.
 */
function theJob() {
  const sizes = preparations();
  if (!sizes.length) return null;
  const size = given("size") ?? shown()[0].characters;
  const closer = (best, next) =>
    distance(best.characters, size) <= distance(next.characters, size) ? best : next;
  const nearest = (role) => sizes.filter((text) => text[role]).reduce(closer, { characters: 0 });
  const stepTime = given("stepTime");
  const measured = measuredStep();
  return {
    size,
    sizes,
    step: stepTime !== null ? stepTime / 1000 : (measured?.seconds ?? null),
    steps: given("steps") ?? measured?.steps ?? USUAL_STEPS,
    measuredStep: measured,
    measured: stepTime === null && Boolean(measured),
    onChosenText: sizes.some((text) => text.corpus === view.corpus),
    nearest: nearest("rust"),
    rust: nearest("rust").rust,
    strongest: nearest("strongest").strongest,
    lecture: nearest("lecture").lecture,
    seconds: (role, characters = size) => preparationSeconds(sizes, role, characters),
  };
}

/** Computes the share of the job that Rust gains over a reference. */
function gainOf(job, role, characters = job.size) {
  const preparation = job.seconds(role, characters);
  const saved = preparation - job.seconds("rust", characters);
  return saved / (preparation + job.steps * job.step);
}

/**
 * Finds the shortest longer text of which a rewrite in Rust is worth it, with as many steps,
 * rounded up; null if there is none.
 */
function worthFrom(job) {
  const enough = (characters) => gainOf(job, "strongest", characters) >= WORTHWHILE;
  let low = job.size;
  while (low < 1e15 && !enough(low * 1.2)) low *= 1.2;
  if (low >= 1e15) return null;
  let high = low * 1.2;
  for (let turn = 0; turn < 40; turn++) {
    const middle = Math.sqrt(low * high);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  const unit = Math.pow(10, Math.max(0, Math.floor(Math.log10(high)) - 2));
  return Math.ceil(high / unit) * unit;
}
