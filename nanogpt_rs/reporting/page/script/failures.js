// What failed and why, and which comparisons have no clear verdict.

/** Collects the cells that are not right; the same failure on several texts is listed once. */
function failedOnce(cells) {
  const failures = new Map();
  for (const cell of cells) {
    if (cell.status === "right") continue;
    const reason = joined(cell.task, cell.id, cell.status, ...cell.details);
    if (!failures.has(reason)) failures.set(reason, { cell, places: [] });
    failures.get(reason).places.push(`${cell.corpus}, ${cell.state}`);
  }
  return [...failures.values()].sort((left, right) =>
    left.cell.status < right.cell.status ? 1 : -1,
  );
}

/** Names the texts and states of a failure, or the first three of many. */
function placeWords(places) {
  const different = unique(places);
  if (different.length <= 3) return different.join("; ");
  return `${different.slice(0, 3).join("; ")} and ${different.length - 3} more`;
}

/** Draws the table of implementations that are wrong or not applicable. */
function failureTable(failed) {
  const detail = (words) => h("span", { class: "long", dir: "auto" }, short(words, 2000));
  const line = ({ cell, places }) => {
    const wrong = cell.status === "wrong";
    const look = `verdict ${wrong ? "wrong" : "inconclusive"}`;
    return h(
      "tr",
      null,
      rowHead(name(cell.task), ": ", sourceLink(cell)),
      cellOf("status", h("span", { class: look }, wrong ? "✕ wrong" : cell.status)),
      cellOf("why", cell.details.map(detail)),
      cellOf("where", placeWords(places)),
    );
  };
  return tableOf(
    "cards",
    "wrong: its answer was not right, it accepted what it must refuse, it crashed or it hung. " +
      "n/a (not applicable): it cannot run here.",
    ["implementation", "status", "why", "where"],
    failed.map(line),
  );
}

/** Lists the comparisons of a run that are invalid or inconclusive, folded away if many. */
function openComparisons(cells) {
  const open = cells
    .filter((cell) => !cell.limit)
    .flatMap((cell) => cell.against.map((against) => ({ cell, against })))
    .filter(({ against }) => ["invalid", "inconclusive"].includes(against.comparison.verdict));
  if (!open.length) {
    return h("p", null, "Every comparison of this run is faster, slower or equivalent.");
  }
  const line = ({ cell, against: { id, comparison } }) =>
    h(
      "tr",
      null,
      rowHead(name(cell.task), ": ", name(cell.id), " against ", name(id)),
      cellOf("verdict", verdictOf({ ...comparison, measured: true })),
      cellOf("why", h("span", { class: "long" }, comparison.reason || "")),
      cellOf("where", `${cell.corpus}, ${cell.state}`),
    );
  const comparisons = plural(open.length, "comparison", "comparisons");
  return h(
    "details",
    { class: "behind", open: open.length <= 12 },
    h("summary", null, `${comparisons} without a clear verdict`),
    tableOf(
      "cards",
      "Inconclusive or invalid comparisons",
      ["implementation", "verdict", "why", "where"],
      open.map(line),
    ),
  );
}

/** Draws the section about failures and comparisons without a clear verdict. */
function failures() {
  const { cells } = shownRun();
  const failed = failedOnce(cells);
  return section(
    "failed",
    "What failed, and why",
    where(shownRun(), []),
    failed.length
      ? failureTable(failed)
      : h("p", null, "Nothing failed in this run: every implementation ran and was right."),
    openComparisons(cells),
  );
}
