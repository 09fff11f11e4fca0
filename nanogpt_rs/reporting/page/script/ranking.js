// The ranking of each task: every implementation, the fastest first, beside the chosen baseline.

const relativeWidth = ([low, high]) => high / low;

/** Draws the section with the rankings of all tasks. */
function rankings() {
  const tasks = shownTasks();
  const links = tasks.map((task, index) => [
    index ? " · " : "",
    linkTo(`ranking-${encodeURIComponent(task)}`, name(task)),
  ]);
  return section(
    "rankings",
    "The ranking of each task",
    explained(
      "The fastest implementation stands first. The intervals of implementations with the same ",
      "rank overlap. Choose a name to see its source. On the shaded ground left of 1 an ",
      "implementation is slower than the baseline.",
    ),
    tasks.length > 1 ? explained(links) : null,
    h("div", { class: "legend" }, key(["python"], ["rust"], ["limit"])),
    tasks.map(ranking),
  );
}

/** Draws the ranking of one task. */
function ranking(task) {
  const cells = shown(task);
  const base = baseOf(cells);
  const rows = bySpeed(timed(cells)).map((cell) => ({ cell, result: beside(cell, base, cells) }));
  const bounds = boundsOf(rows.map((row) => row.result));
  const rival = view.base === "strongest" ? rivalOf(cells) : null;
  const places = placesOf(rows);
  const table = () =>
    tableOf(
      "ranking cards",
      base === null ? "Times" : rankingCaption(base, rows),
      [
        column("#", "n"),
        "implementation and its idea",
        column("one call", "n"),
        plotColumn("times as fast, log scale", forestAxis(bounds)),
        "speed-up [95 % interval]",
        "verdict",
      ],
      rows.map((row, index) => rankingLine(row, places[index], cells, base, bounds)),
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
  const range = widest.map((ratio) => ratio.toFixed(3)).join(" to ");
  return [
    "Speed-ups over ",
    name(base),
    `. Measured against itself, it read ${range} (the widest control of this table).`,
  ];
}

/** Draws the row of an implementation. */
function rankingLine({ cell, result }, place, cells, base, bounds) {
  const [first] = ranked(cells);
  const isBest = cell === first && result?.verdict !== "invalid";
  const kind = cell.id === base ? "isref" : cell.limit ? "limit" : isBest ? "best" : "";
  const words = `${cell.id}: ${spoken(result)}`;
  const point = () => ({
    ...result,
    kind: language(cell.id),
    hollow: cell.id === base || result.verdict === "invalid",
    title: words,
  });
  return h(
    "tr",
    { class: kind },
    h("td", { class: "n place" }, place),
    rowHead(
      sourceLink(cell),
      badgesOf(cell, cells),
      h("span", { class: "idea" }, coded(ideaOf(cell)?.idea || "")),
    ),
    numberCell("one call", duration(cell.seconds)),
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

/**
 * Ranks the rows of a table: 1, and one more for each contender whose interval lies wholly above
 * this row's. Where one of two rows has no interval, their times decide.
 */
function placesOf(rows) {
  const spans = rows.map(({ result }) => {
    if (result?.verdict === "reference") return [1, 1];
    return (result?.verdict !== "invalid" && result?.interval) || null;
  });
  const ahead = (left, right) =>
    spans[left] && spans[right] ? spans[left][0] > spans[right][1] : left < right;
  let place = 0;
  return rows.map(({ cell }, index) => {
    if (cell.limit) return "";
    const better = rows.filter((row, other) => !row.cell.limit && ahead(other, index)).length;
    place = Math.max(place, 1 + better);
    return String(place);
  });
}
