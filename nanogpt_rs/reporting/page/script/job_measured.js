// Whole jobs as they were measured: where the time goes, stage by stage, and what is gained.

/** Lists the whole jobs that were measured last on this machine, each with its run. */
function newestJobs() {
  const jobs = measuredBeside("whole_job", ({ text, config, found }) =>
    joined(text.sha256, config, found.how, found.id),
  );
  return ofNewestRun(jobs);
}

const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const wholeSeconds = (trained) => sumOf(Object.values(trained.seconds));
const preparationOfJob = (trained) =>
  sumOf(trained.prepare.map((stage) => trained.seconds[stage] || 0));

/** Draws the whole jobs that were measured last on this machine; null if there are none. */
function measuredJobs() {
  const jobs = newestJobs();
  if (!jobs.length) return null;
  const [{ run, record }] = jobs;
  const gains = run.other.filter((other) => other.kind === "job_difference");
  return h(
    "div",
    null,
    h("h3", null, "Measured, from a file to a loss"),
    explained(
      "Config ",
      name(record.config),
      `${onDevice(record.found.how)}, ${count(record.found.steps)} steps; each job in a fresh `,
      "process. All trained the same model to the same bits: ",
      `loss ${record.found.val_loss.toFixed(4)}. Wall-clock time.`,
    ),
    where(run, [record.text]),
    jobsTable(jobs.map((job) => job.record.found)),
    stagesTable(jobs.map((job) => job.record.found)),
    gains.length
      ? [
          explained(
            "What a preparation gains is the paired difference of preparations alone (state ",
            `${gains[0].state}): training is too noisy to show it.`,
          ),
          gainsTable(gains),
        ]
      : null,
  );
}

/** Draws how much of each whole job its preparation took. */
function jobsTable(jobs) {
  const longest = Math.max(...jobs.map(wholeSeconds));
  const line = (trained) => {
    const [prepared, whole] = [preparationOfJob(trained), wholeSeconds(trained)];
    const label = `${duration(prepared)} of ${duration(whole)}`;
    const picture = bar(language(trained.id), label, prepared / longest, whole / longest);
    return h(
      "tr",
      null,
      rowHead(name(trained.id)),
      h("td", { class: "plot" }, picture),
      numberCell("preparation", duration(prepared)),
      numberCell("whole job", duration(whole)),
      numberCell("share", percent(prepared / whole)),
    );
  };
  return tableOf(
    "cards parts",
    "Whole jobs, by what prepared the text",
    [
      "prepared by",
      plotColumn("preparation, and all the rest"),
      column("preparation", "n"),
      column("whole job", "n"),
      column("preparation’s share", "n"),
    ],
    jobs.map(line),
  );
}

/** Lists the time of every stage of every whole job, folded away. */
function stagesTable(jobs) {
  const stages = unique(jobs.flatMap((trained) => Object.keys(trained.seconds)));
  const seconds = (trained, stage) =>
    stage in trained.seconds ? duration(trained.seconds[stage]) : "";
  return behind(
    "Stage by stage",
    ["stage", ...jobs.map((trained) => name(trained.id))],
    stages.map((stage) => [name(stage), ...jobs.map((trained) => seconds(trained, stage))]),
  );
}

/** Draws what each preparation gains over its references. */
function gainsTable(gains) {
  const gained = ({ seconds, interval, comparison }) => {
    if (comparison.verdict === "invalid") {
      return h("span", { class: "unmeasured" }, `(${signedDuration(seconds)})`);
    }
    return signedDuration(seconds, interval);
  };
  const line = ({ found: difference, rest }) =>
    h(
      "tr",
      null,
      rowHead(name(difference.id)),
      cellOf("against", name(difference.reference)),
      cellOf("gains", gained(difference)),
      cellOf(
        "of the whole job",
        signedPercent(difference.seconds / (difference.reference_seconds + rest)),
      ),
      cellOf("verdict", verdictOf({ ...difference.comparison, measured: true })),
    );
  return tableOf(
    "cards",
    "What preparations gain",
    ["preparation", "against", "gains [95 % interval]", "of the whole job", "verdict"],
    gains.map(line),
  );
}
