// How steady results were: what each process measured, beside the baseline's own control.

const STROKES =
  "The thin line between them has a stroke for each build, at its distance from the time of all. ";

/** Collects what one row shows, as logarithms of distances from its centre. */
function spreadRow(cell, comparison) {
  const distances = (ratios, centre) =>
    ratios?.length ? ratios.map((ratio) => Math.log(ratio / centre)) : [];
  const quantiles = cell.quantiles;
  return {
    cell,
    comparison,
    own: distances(comparison?.ratios, comparison?.ratio || median(comparison?.ratios || [1])),
    control: distances(comparison?.control_ratios, 1),
    builds: (cell.seconds_by_build || []).map((seconds) => Math.log(cell.seconds / seconds)),
    box: quantiles.length === 5 ? quantiles.map((time) => Math.log(time / quantiles[2])) : null,
  };
}

/**
 * Chooses how far the two axes reach. Processes far out are drawn at the edge, so that one of them
 * does not flatten all others.
 */
function reachesOf(rows) {
  const distances = rows
    .flatMap((row) => [...row.own, ...row.control, ...row.builds])
    .map(Math.abs);
  distances.sort((left, right) => left - right);
  const usual = distances[Math.floor(distances.length * 0.97)] || 0.01;
  const boxes = rows.flatMap((row) => row.box || []).map(Math.abs);
  return {
    processes: Math.max(0.01, Math.min(1.5, 1.15 * usual)),
    calls: Math.max(0.02, Math.min(1.5, 1.1 * Math.max(...boxes, 0.02))),
  };
}

const placeAround = (distance, reach) =>
  `${(50 + 46 * Math.max(-1, Math.min(1, distance / reach))).toFixed(2)}%`;
const distanceWords = (distance) => `${digits(Math.expm1(distance) * 100, 2)} %`;

/** Words how far the largest of some distances lies above the smallest. */
const spreadWords = (distances) =>
  distances.length ? distanceWords(Math.max(...distances) - Math.min(...distances)) : "–";

/** Draws an axis of distances, from `-reach` to `reach`. */
function spreadAxis(reach) {
  const tick = (side) => {
    const words = `${digits(Math.abs(Math.expm1(side * reach)) * 100, 2)} %`;
    const anchor = ["start", "middle", "end"][side + 1];
    return s(
      "text",
      { x: placeAround(side * reach, reach), y: 12, "text-anchor": anchor },
      side ? `${side > 0 ? "+" : "−"}${words}` : "0",
    );
  };
  return s("svg", { class: "axis", "aria-hidden": "true" }, [-1, 0, 1].map(tick));
}

const middleLine = () => s("line", { class: "grid", x1: "50%", x2: "50%", y1: 0, y2: "100%" });

/** Draws a dot for each process, below it one for each control, and between them the builds. */
function processDots({ cell, own, control, builds }, reach) {
  const dot = (distance, look, y) =>
    s(
      "circle",
      { class: look, cx: placeAround(distance, reach), cy: y, r: 3 },
      s("title", null, distanceWords(distance)),
    );
  const thin = (x1, x2, y1, y2) => s("line", { class: "over-builds", x1, x2, y1, y2 });
  const ends = [Math.min(...builds), Math.max(...builds)].map((end) => placeAround(end, reach));
  const stroke = (distance) => {
    const x = placeAround(distance, reach);
    return thin(x, x, "40%", "60%");
  };
  const parts = [`processes differ by ${spreadWords(own)}`];
  if (builds.length) parts.push(`builds by ${spreadWords(builds)}`);
  parts.push(`the control by ${spreadWords(control)}`);
  return s(
    "svg",
    {
      class: `forest ${language(cell.id)}`,
      role: "img",
      "aria-label": `${cell.id}: ${parts.join(", ")}`,
    },
    middleLine(),
    builds.length ? [thin(...ends, "50%", "50%"), builds.map(stroke)] : null,
    control.map((distance) => dot(distance, "control", "74%")),
    own.map((distance) => dot(distance, "dotc", "26%")),
  );
}

/** Draws the times of calls as a box from 25 to 75 % with whiskers from 5 to 95 %. */
function callBox({ cell, box }, reach) {
  const [low, left, , right, high] = box.map((distance) => placeAround(distance, reach));
  const width = Math.max(0.4, parseFloat(right) - parseFloat(left)).toFixed(2);
  const range = `${duration(cell.quantiles[0])} to ${duration(cell.quantiles[4])}`;
  return s(
    "svg",
    {
      class: `forest ${language(cell.id)}`,
      role: "img",
      "aria-label": `${cell.id}: 5 to 95 % of calls from ${range}`,
    },
    middleLine(),
    s("line", { class: "whisk", x1: low, x2: high, y1: "50%", y2: "50%" }),
    s("rect", { class: "box", x: left, width: `${width}%`, y: "22%", height: "56%" }),
  );
}

/** Draws the section about the spread of one task's results. */
function distributions() {
  const cells = shown(view.task);
  const base = baseOf(cells);
  const comparisonOf = (cell) => cell.against.find(({ id }) => id === base)?.comparison;
  const rows = bySpeed(timed(cells))
    .map((cell) => [cell, comparisonOf(cell)])
    .filter(([cell, comparison]) => cell.quantiles.length === 5 || comparison?.ratios?.length)
    .map(([cell, comparison]) => spreadRow(cell, comparison));
  const [id, title] = ["spread", "How steady the results are, beside the control"];
  const bar = controlBar(taskChoice("spread-task"));
  if (!rows.length) {
    const words = ["Not measured here: these records hold no spread for ", name(view.task), "."];
    return section(id, title, bar, missing(words));
  }
  // Records of a page that is too large to hold them whole have no processes to draw.
  const hasProcesses = rows.some((row) => row.own.length || row.control.length);
  const hasBuilds = hasProcesses && rows.some((row) => row.builds.length);
  const reaches = reachesOf(rows);
  return section(
    id,
    title,
    explained(
      hasProcesses
        ? "Left: the speed-up that each fresh process measured, as its distance from the " +
            "estimate. Below it in grey is the baseline against itself on the same scale: only " +
            `noise makes these differ. ${hasBuilds ? STROKES : ""}Right: the`
        : "The",
      " times of calls over all rounds, as their distance from the median: a box from 25 to ",
      "75 % of them, and a line from 5 to 95 %.",
    ),
    where(shownRun(), cells),
    bar,
    shownAs(),
    data.page.aggregated ? note(data.page.aggregated) : null,
    h(
      "div",
      { class: "legend" },
      key(["python"], ["rust"]),
      hasProcesses && controlKey(),
      hasBuilds && spreadKey(cells),
    ),
    spreadTable(rows, base, hasProcesses, reaches),
    spreadNumbers(rows, hasProcesses),
  );
}

const controlKey = () =>
  h(
    "label",
    null,
    s(
      "svg",
      { width: 12, height: 12, viewBox: "-6 -6 12 12", "aria-hidden": "true" },
      s("circle", { class: "control", r: 3.5 }),
    ),
    "control: the baseline against itself",
  );

/** Draws processes and calls of each implementation. */
function spreadTable(rows, base, hasProcesses, reaches) {
  const ratios = base
    ? ["Speed-ups over ", name(base)]
    : "The chosen baseline was not measured here";
  const line = (row) =>
    h(
      "tr",
      { class: row.cell.limit ? "limit" : "" },
      rowHead(name(row.cell.id)),
      hasProcesses && cellOf("processes", processDots(row, reaches.processes), "plot"),
      cellOf("calls", row.box ? callBox(row, reaches.calls) : null, "plot"),
      numberCell("processes", [String(row.cell.processes), buildsLine(row.cell)]),
    );
  return tableOf(
    "ranking steady cards",
    hasProcesses ? ratios : "Times of one call",
    [
      "implementation",
      ...(hasProcesses
        ? [plotColumn("processes, distance from the estimate", spreadAxis(reaches.processes))]
        : []),
      plotColumn("calls, distance from the median", spreadAxis(reaches.calls)),
      column("processes and builds", "n"),
    ],
    rows.map(line),
  );
}

/** Lists the numbers behind the picture, folded away. */
function spreadNumbers(rows, hasProcesses) {
  const line = ({ cell, comparison, own, control, box }) => [
    name(cell.id),
    String(cell.processes),
    buildsWords(cell) || "–",
    ...(hasProcesses ? [spreadWords(own), spreadWords(control)] : []),
    ...(box ? cell.quantiles.map((seconds) => duration(seconds)) : ["–", "–", "–", "–", "–"]),
    comparison?.resolves ? percent(comparison.resolves) : "–",
    comparison ? comparison.clock : "–",
  ];
  return behind(
    "The numbers behind this picture",
    [
      "implementation",
      "processes",
      "fastest to slowest build",
      ...(hasProcesses ? ["spread of processes", "spread of the control"] : []),
      ...["5 % of calls", "25 %", "50 %", "75 %", "95 %"],
      "difference that 80 % of such runs find",
      "clock",
    ],
    rows.map(line),
  );
}
