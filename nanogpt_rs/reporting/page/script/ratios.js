// Where the ratio between two implementations comes from.

const FACTORS = {
  rest: "the code itself",
  cores: "cores",
  size: "size of the text",
  memory: "memory of earlier texts",
  result: "an array instead of a list",
};

/** Lists the ratios of the shown run and task that can be told apart into steps. */
const ratiosOf = (task) => shownRun().decompositions.filter((ratio) => ratio.task === task);

/** Finds the two that the reader chose; otherwise those with the largest ratio. */
function chosenPair(ratios) {
  const ids = unique(ratios.flatMap(({ first, second }) => [first, second]));
  const last = (ratio) => ratio.factors.at(-1).ratio;
  const largest = ratios.reduce((best, ratio) => (last(ratio) > last(best) ? ratio : best));
  const known = ids.includes(view.one) && ids.includes(view.other) && view.one !== view.other;
  const pair = known ? [view.one, view.other] : [largest.first, largest.second];
  const ratio = ratios.find(({ first, second }) => pair.includes(first) && pair.includes(second));
  return { ids, pair, ratio };
}

/** Draws the steps of a ratio, and what proves that both are right. */
function stepsOf(ratio) {
  const line = (factor) =>
    h(
      "tr",
      null,
      rowHead(FACTORS[factor.name]),
      cellOf("what is compared", factor.words),
      cellOf("factor", times(factor.factor), "n"),
      cellOf("ratio so far", times(factor.ratio), "ratio"),
    );
  return tableOf(
    "cards",
    `Time of ${ratio.first} over that of ${ratio.second}, on ${ratio.corpus}`,
    ["step", "what is compared", "factor", "ratio so far"],
    ratio.factors.map(line),
  );
}

/** Says which texts every implementation that has a time was right on. */
function proofOf(task) {
  const proof = data.page.proofs[task];
  const wrong = unique(
    shownRun()
      .cells.filter((cell) => cell.task === task && cell.status === "wrong")
      .map((cell) => cell.id),
  );
  return note(
    "Whatever has a time gave the right answers: on this text, ",
    `on ${plural(proof.edges, "small text", "small texts")}, `,
    `${plural(proof.examples, "further call", "further calls")} `,
    `and ${plural(proof.refusals, "input", "inputs")} that must be refused. `,
    wrong.length ? `Wrong, and without a time: ${wrong.join(", ")}; ` : "",
    wrong.length ? linkTo("failures", "what each was wrong on") : "",
    wrong.length ? "." : "",
  );
}

/** Draws the section about where a ratio comes from. */
function ratios() {
  const all = ratiosOf(view.task);
  const title = "Where a ratio comes from";
  if (!all.length) {
    return section(
      "ratios",
      title,
      taskChoice("ratios-task"),
      missing(
        "Not measured here: it needs two implementations of one task on texts of two sizes, or ",
        "on new text and on a text that was seen before. ",
        code("nanogpt-rs bench TASK --id ID --id ID --state new_text --state warm"),
        " measures it.",
      ),
    );
  }
  const { ids, pair, ratio } = chosenPair(all);
  const options = ids.map((id) => [id, short(id)]);
  const choosing = (place, label) =>
    chooser(`ratios-${place ? "other" : "one"}`, label, options, pair[place], (id) => {
      const rest = pair[1 - place] === id ? pair[place] : pair[1 - place];
      choose(place ? { one: rest, other: id } : { one: id, other: rest });
    });
  return section(
    "ratios",
    title,
    explained(
      "The same two libraries differ by another factor in each way of measuring. Each step ",
      "changes one thing; the product of the factors is the last ratio. Times of different ",
      "steps were not paired, so these factors have no intervals.",
    ),
    controlBar(taskChoice("ratios-task"), choosing(0, "between "), choosing(1, "and ")),
    printed("Task ", name(view.task), "."),
    ratio ? stepsOf(ratio) : missing("These two were not measured on the same text."),
    proofOf(view.task),
  );
}
