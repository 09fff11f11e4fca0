// The ranking of each task: every implementation, the fastest first, beside the chosen baseline.

const relativeWidth = ([low, high]) => high / low;

/** Draws the section with the rankings of all tasks. */
function rankings() {
  const tasks = shownTasks();
  const cells = shown();
  const links = tasks.map((task, index) => [
    index ? " · " : "",
    linkTo(`ranking-${encodeURIComponent(task)}`, name(task)),
  ]);
  return section(
    "rankings",
    "The ranking of each task",
    explained(
      "The fastest implementation stands first. A rank such as 1–3 means that this run cannot ",
      "tell which of these places an implementation has. Choose a name to see its source. On the ",
      "shaded ground left of 1 an implementation is slower than the baseline.",
    ),
    aboutBuilds(cells),
    tasks.length > 1 ? explained(links) : null,
    h("div", { class: "legend" }, key(["python"], ["rust"], ["limit"]), spreadKey(cells)),
    tasks.map(ranking),
  );
}

/** Draws the ranking of one task. */
function ranking(task) {
  const cells = shown(task);
  const base = baseOf(cells);
  const rows = bySpeed(timed(cells)).map((cell) => {
    const result = beside(cell, base, cells);
    return { cell, result: result && { ...result, spread: spreadOf(cell, result) } };
  });
  const bounds = boundsOf(rows.map((row) => row.result));
  const rival = view.base === "strongest" ? rivalOf(cells) : null;
  const table = () =>
    tableOf(
      "ranking cards",
      base === null ? "Times" : rankingCaption(base, rows),
      [
        column("rank", "n"),
        "implementation and its idea",
        column("one call", "n"),
        plotColumn("times as fast, log scale", forestAxis(bounds)),
        "speed-up [95 % interval]",
        "verdict",
      ],
      rows.map((row) => rankingLine(row, cells, base, bounds)),
    );
  return h(
    "section",
    { id: `ranking-${task}`, "aria-labelledby": `ranking-${task}-title` },
    h("h3", { id: `ranking-${task}-title` }, name(task)),
    data.page.tasks[task] ? h("p", { class: "sub mono" }, data.page.tasks[task]) : null,
    where(shownRun(), cells),
    rival
      ? note(
          name(rival.cell.id),
          " is faster here than the Python marked as strongest, which is ",
          `${whyAnother(cells[0])}.`,
        )
      : null,
    base === null
      ? note("The chosen baseline was not measured here, so there are times but no speed-ups.")
      : null,
    rows.length ? table() : missing("No implementation has a time here."),
    rows.some(({ result }) => result && !result.measured)
      ? note(
          "≈ marks the ratio of two medians of this run. These pairs did not run together, so ",
          "no interval was measured for them and they have no verdict.",
        )
      : null,
    withoutTime(cells.filter((cell) => !cell.seconds)),
  );
}

/** Names the baseline, and how far its widest control in this table strayed from 1. */
function rankingCaption(base, rows) {
  const controls = rows.map(({ result }) => result?.comparison?.control?.interval).filter(Boolean);
  if (!controls.length) return ["Speed-ups over ", name(base)];
  const widest = controls.reduce((best, next) =>
    relativeWidth(next) > relativeWidth(best) ? next : best,
  );
  const range = widest.map((ratio) => ratio.toFixed(4)).join(" to ");
  return [
    "Speed-ups over ",
    name(base),
    `. Measured against itself, it read ${range} (the widest control of this table).`,
  ];
}

/** Draws the row of an implementation. */
function rankingLine({ cell, result }, cells, base, bounds) {
  const isBest = cell.rank?.[0] === 1 && result?.verdict !== "invalid";
  const kind = cell.id === base ? "isref" : cell.limit ? "limit" : isBest ? "best" : "";
  const words = `${cell.id}: ${spoken(result)}${andBuilds(cell)}`;
  const place = rankWords(cell);
  const point = () => ({
    ...result,
    kind: language(cell.id),
    hollow: cell.id === base || result.verdict === "invalid",
    title: words,
  });
  return h(
    "tr",
    { class: kind },
    h("td", { class: "n place", title: rankReason(cell) }, place),
    rowHead(
      place ? h("span", { class: "place-narrow" }, `${place} `) : null,
      sourceLink(cell),
      badgesOf(cell, cells),
      h("span", { class: "idea" }, coded(ideaOf(cell)?.idea || "")),
    ),
    numberCell("one call", callTime(cell)),
    h("td", { class: "plot" }, result?.ratio ? forest(bounds, [point()], words) : null),
    cellOf("speed-up", ratioOf(result), "ratio"),
    cellOf("verdict", verdictOf(result, cell), "v"),
  );
}

/** Says beside a name what it serves as, who wrote it, and how many cores it used. */
function badgesOf(cell, cells) {
  const badge = (title, ...words) => h("span", { class: "badge", title }, ...words);
  const roles = data.page.constants.references.filter((role) => baseOf(cells, role) === cell.id);
  const badges = roles.map((role) => badge(null, roleName(role)));
  if (cell.origin) {
    const origin = cell.origin.replace(/(SHA-256 .{12}).*/, "$1");
    badges.push(badge(cell.origin, "from a third party: ", name(short(origin))));
  }
  if (cell.cores) badges.push(badge(null, `${cell.cores.toFixed(1)} cores busy`));
  const [first] = ranked(cells);
  if (cell.limit && first && first.seconds < cell.seconds) {
    badges.push(badge(`${first.id} is faster than this yardstick`, "beaten here"));
  }
  return badges;
}

/** Names the implementations that have no time, and links to the reasons. */
function withoutTime(cells) {
  if (!cells.length) return null;
  const names = cells.map((cell, index) => [index ? ", " : "", name(cell.id), ` (${cell.status})`]);
  return note("Without a time: ", names, ". ", linkTo("failed", "Why"));
}
