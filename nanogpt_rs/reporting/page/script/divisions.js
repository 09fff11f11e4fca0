// Training as it was measured: the races of the closed and of the open division.

/** Draws the races of both divisions. */
function divisions() {
  return h(
    "div",
    null,
    h("h3", null, "Training, measured"),
    data.page.divisions.map((division) =>
      division.division === "closed" ? closedDivision(division) : openDivision(division),
    ),
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
