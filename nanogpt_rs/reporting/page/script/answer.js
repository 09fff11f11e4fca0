// The answer at the top of the page: is the Python worth rewriting, and what does the job gain?

/** Summarises one task of the selection for the answer. */
function summaryOf(task) {
  const cells = shown(task);
  const rust = fastest(cells, "rust");
  const resultAgainst = (role) => (rust ? beside(rust, baseOf(cells, role), cells) : null);
  const strongest = resultAgainst("strongest");
  const rival = rivalOf(cells);
  const rustResults = ranked(cells)
    .filter((cell) => language(cell.id) === "rust")
    .map((cell) => beside(cell, baseOf(cells, "strongest"), cells));
  return {
    strongest,
    lecture: resultAgainst("lecture"),
    rival: rival && besideRival(strongest, rival),
    rustResults,
  };
}

/** Words the range of the speed-ups over a reference in some tasks. */
function rangeOf(summaries, reference) {
  const ratios = summaries.map((summary) => summary[reference]?.ratio).filter(Boolean);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)].map(times);
  return ratios.length > 1 && low !== high ? `${low} to ${high} times` : `${high} times`;
}

/** Words how often the best Rust was faster, slower or as fast as the strongest Python. */
function verdictSentences(summaries) {
  const judged = summaries.filter((summary) => summary.strongest?.measured);
  if (!judged.length) {
    return ["this run did not compare any Rust with the strongest Python, so it has no answer."];
  }
  const overtaken = judged.filter((summary) => summary.rival);
  const withVerdict = (verdict) =>
    judged.filter((summary) => !summary.rival && summary.strongest.verdict === verdict);
  const [wins, losses] = [withVerdict("faster"), withVerdict("slower")];
  const even = withVerdict("equivalent").length;
  const open = judged.length - wins.length - losses.length - even - overtaken.length;
  const tasks = plural(judged.length, "task", "tasks");
  const some = wins.length || overtaken.some((summary) => summary.rival.ratio > 1);
  const yes = wins.length === judged.length ? "yes" : some ? "partly" : "no";
  const words = [h("strong", null, yes)];
  if (wins.length) {
    const range = h("strong", null, `${rangeOf(wins, "strongest")} as fast`);
    words.push(
      ". The best Rust is ",
      range,
      ` as the strongest Python in ${wins.length} of ${tasks}`,
    );
  } else {
    const which = judged.length === 1 ? "the only task" : `any of ${tasks}`;
    words.push(`. The best Rust was not shown to be faster than the strongest Python in ${which}`);
  }
  if (losses.length) words.push(`; in ${losses.length} it is slower`);
  if (even) words.push(`; in ${even} it is as fast`);
  if (open && wins.length) words.push(`; in ${open} this run could not tell`);
  if (wins.some((summary) => summary.lecture?.ratio)) {
    words.push(` (${rangeOf(wins, "lecture")} as fast as the lecture’s Python)`);
  }
  words.push(". ");
  if (overtaken.length) {
    words.push(
      `In ${overtaken.length} of these tasks another Python is faster here than the one marked ` +
        `as strongest, which is ${whyAnother(shown()[0])}. Compared with the fastest Python ` +
        `there, the best Rust is about ${rangeOf(overtaken, "rival")} as fast; for these pairs ` +
        "no interval was measured. ",
    );
  }
  return words;
}

/** Makes the answer, and where its figures come from. */
function answer() {
  const [first] = shown();
  const summaries = shownTasks().map(summaryOf);
  const about = ["On ", name(shownRun().machine.alias), ", with the text ", name(view.corpus)];
  const facts = ` (${count(first.characters)} characters, state ${view.state}): `;
  const words = [h("span", null, about, facts), verdictSentences(summaries)];
  const rust = summaries.flatMap((summary) => summary.rustResults);
  const slower = rust.filter((result) => result?.measured && result.verdict === "slower");
  if (slower.length) {
    words.push(
      `But ${slower.length} of the ${rust.length} Rust contenders measured here are slower than ` +
        "the Python marked as strongest: what counts is the idea, not the language. ",
    );
  }
  const failed = shown().filter((cell) => cell.status === "wrong").length;
  if (failed) {
    words.push(linkTo("failed", `${plural(failed, "implementation", "implementations")} failed. `));
  }
  words.push(jobSentence());
  const gain = measuredGain("strongest");
  return [
    h("p", { class: "answer" }, words),
    where(shownRun(), shown()),
    gain ? where(gain.run, [gain.text], "the whole job: ") : null,
  ].filter(Boolean);
}

// --- the whole job, in a sentence ---

/**
 * Finds what the best Rust gains over a reference in the whole jobs that were measured last on
 * this machine, as a share of the job with that reference.
 * @returns {?Object} Null where no whole job was measured.
 */
function measuredGain(role) {
  const differences = measuredBeside("job_difference", ({ found }) => joined(found.role, found.id));
  const ofRust = differences.filter(
    ({ record: { found } }) => found.role === role && language(found.id) === "rust",
  );
  const jobs = ofNewestRun(ofRust);
  if (!jobs.length) return null;
  const isValid = ({ record }) => record.found.comparison.verdict !== "invalid";
  const better = (left, right) =>
    isValid(left) - isValid(right) || left.record.found.seconds - right.record.found.seconds;
  const best = jobs.reduce((most, next) => (better(next, most) > 0 ? next : most));
  const { found: difference, rest, config, how, text } = best.record;
  const share = (seconds) => seconds / (difference.reference_seconds + rest);
  const job = best.run.other.find((record) => record.kind === "whole_job");
  return {
    run: best.run,
    text,
    config,
    how,
    id: difference.id,
    steps: job?.found.steps,
    gain: share(difference.seconds),
    interval: isValid(best) && difference.interval ? difference.interval.map(share) : null,
    invalid: !isValid(best),
  };
}

/** Keeps the records of the newest run among them. */
function ofNewestRun(records) {
  const newest = records.reduce((last, { run }) => (run.run > last ? run.run : last), "");
  return records.filter(({ run }) => run.run === newest);
}

/** Words a measured gain with its interval, and says if it is invalid. */
function gainWords({ gain, interval, invalid }) {
  return [signedPercent(gain, interval), invalid ? " (invalid)" : ""];
}

const onDevice = (how) => (how ? ` on ${how}` : "");

/** Words what the whole training job gains: measured, computed, or not known. */
function jobSentence() {
  const sentence = (...words) => h("span", { id: "answer-job", "aria-live": "off" }, ...words);
  const strongest = measuredGain("strongest");
  if (strongest) return sentence(measuredSentence(strongest, measuredGain("lecture")));
  const job = theJob();
  if (!job || job.step === null) {
    return sentence(
      "What the whole training job gains was ",
      h("strong", null, "not measured"),
      " in these records. ",
      linkTo("job", "Describe your own job"),
      ".",
    );
  }
  const lecture = job.lecture
    ? ` and ${signedPercent(gainOf(job, "lecture"))} over the lecture’s Python`
    : "";
  return sentence(
    `A whole training job of ${count(job.steps)} steps gains `,
    h("strong", null, signedPercent(gainOf(job, "strongest"))),
    " over the strongest Python with ",
    name(job.rust.id),
    `${lecture} (`,
    linkTo("job", job.measured ? "computed from measured times" : "computed with your step time"),
    ").",
  );
}

/** Words what the whole job gains where whole jobs were measured. */
function measuredSentence(strongest, lecture) {
  const { config, how, steps, text } = strongest;
  const otherIdea = lecture && lecture.id !== strongest.id;
  const notWorth = strongest.interval && !strongest.invalid && strongest.interval[1] < 0.01;
  return [
    "The whole training job (config ",
    name(config),
    onDevice(how),
    steps ? `, ${plural(steps, "step", "steps")}` : "",
    ", ",
    name(text.corpus),
    ") gains ",
    h("strong", null, gainWords(strongest)),
    " over the strongest Python with ",
    name(strongest.id),
    lecture ? [" and ", gainWords(lecture), " over the lecture’s Python"] : "",
    otherIdea ? [" with ", name(lecture.id)] : "",
    ". ",
    linkTo("job", notWorth ? "For the whole job a rewrite is not worth it" : "The whole job"),
    ".",
  ];
}
