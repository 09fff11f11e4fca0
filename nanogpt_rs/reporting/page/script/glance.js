// The first picture: the best of every task in one line each.

/** Finds what one task's line shows: the lecture's Python, the best of both, and the limit. */
function glanceRow(task) {
  const cells = shown(task);
  const base = baseOf(cells);
  const rust = fastest(cells, "rust");
  const best = rust || ranked(cells)[0];
  const rival = view.base === "strongest" ? rivalOf(cells) : null;
  const resultOf = (cell) => {
    const result = beside(cell, base, cells);
    return rival ? besideRival(result, rival) : result;
  };
  const lecture = cells.find((cell) => cell.id === baseOf(cells, "lecture"));
  const limit = bySpeed(timed(cells).filter((cell) => cell.limit))[0];
  const point = ([cell, kind, hollow]) => {
    const result = resultOf(cell);
    return {
      ...result,
      spread: spreadOf(cell, result),
      kind,
      hollow: hollow || result?.verdict === "invalid",
      title: `${cell.id}: ${duration(cell.seconds)}, ${spoken(result)}${andBuilds(cell)}`,
    };
  };
  const points = [
    [limit, "limit"],
    [lecture, "python", true],
    [fastest(cells, "python"), "python"],
    [rust, "rust"],
  ]
    .filter(([cell]) => cell?.seconds)
    .map(point)
    .filter(({ ratio }) => ratio);
  return { task, best, rival, points, result: best ? resultOf(best) : null };
}

/** Draws the section that has a line for every task. */
function glance() {
  const rows = shownTasks().map(glanceRow);
  const bounds = boundsOf(rows.flatMap((row) => row.points));
  const idea = (...words) => h("span", { class: "idea" }, ...words);
  const unsure = (cell) => (mayBeAsFast(cell) ? ` (${mayBeAsFast(cell)})` : null);
  const overtaken = ", which is faster here than the Python marked as strongest";
  const line = ({ task, best, rival, points, result }) =>
    h(
      "tr",
      null,
      rowHead(
        linkTo(`ranking-${encodeURIComponent(task)}`, name(task)),
        best ? idea(name(best.id), unsure(best)) : null,
        rival ? idea("compared with ", name(rival.cell.id), overtaken) : null,
      ),
      h(
        "td",
        { class: "plot" },
        forest(bounds, points, points.map(({ title }) => title).join("; ")),
      ),
      numberCell("one call", best ? callTime(best) : "–"),
      cellOf("speed-up", ratioOf(result), "ratio"),
      cellOf("verdict", verdictOf(result), "v"),
    );
  return section(
    "glance",
    "Every task in a line",
    explained(
      "How many times as fast as ",
      name(baseName()),
      " the best implementations of each task are. Left of 1 they are slower. You can choose ",
      "another baseline above.",
    ),
    h(
      "div",
      { class: "legend" },
      key(
        ["python", "the lecture’s Python", true],
        ["python", "best Python"],
        ["rust", "best Rust, with its 95 % interval"],
        ["limit", "limit: a yardstick, the same memory traffic in one plain way"],
      ),
      spreadKey(shown()),
    ),
    tableOf(
      "glance cards",
      ["Speed-ups over ", name(baseName())],
      [
        "task",
        plotColumn("times as fast, log scale", forestAxis(bounds)),
        column("best Rust", "n"),
        "speed-up [95 % interval]",
        "verdict",
      ],
      rows.map(line),
    ),
  );
}
