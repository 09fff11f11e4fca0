// The parts that pictures are drawn from: logarithmic scales, axes, marks and legends.

const KIND_NAMES = { python: "Python", rust: "Rust", limit: "limit", other: "other" };

/** Finds the range of an axis: all positive values, with a little space on both sides. */
function domain(values) {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (!positive.length) return [0.5, 2];
  let [low, high] = [Math.min(...positive), Math.max(...positive)];
  if (high / low < 1.5) [low, high] = [low / 1.3, high * 1.3];
  const space = Math.pow(high / low, 0.04);
  return [low / space, high * space];
}

/** Makes the function that maps a value in a range to a place between `from` and `to`. */
const scale =
  ([low, high], from, to) =>
  (value) =>
    from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from);

/** Chooses round values for the ticks of an axis, at most so many. */
function ticks([low, high], most) {
  const decades = [];
  const last = Math.ceil(Math.log10(high));
  for (let power = Math.floor(Math.log10(low)); power <= last; power++) decades.push(power);
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const values = decades
      .flatMap((power) => steps.map((step) => step * Math.pow(10, power)))
      .filter((value) => value >= low * 0.999 && value <= high * 1.001);
    if (values.length <= most) return values;
  }
  const values = decades
    .map((power) => Math.pow(10, power))
    .filter((value) => value >= low && value <= high);
  const stride = Math.ceil(values.length / most);
  return values.filter((_, index) => index % stride === 0);
}

/** Draws the mark of a kind around the origin; shapes say the same as colours. */
function mark(kind, hollow) {
  const look = { class: `mark ${hollow ? "hollow" : ""}` };
  if (kind === "rust") return s("rect", { ...look, x: -5, y: -5, width: 10, height: 10 });
  if (kind === "python") return s("circle", { ...look, r: 5.5 });
  if (kind === "limit") return s("path", { d: "M0,-8 V8", class: "span" });
  return s("path", { ...look, d: "M0,-7 L6,5 L-6,5 Z" });
}

/** Explains marks; each is given as its kind, its words and whether it is hollow. */
function key(...kinds) {
  const picture = (kind, hollow) =>
    s(
      "svg",
      { width: 14, height: 14, viewBox: "-8 -8 16 16", class: kind, "aria-hidden": "true" },
      mark(kind, hollow),
    );
  return kinds.map(([kind, words, hollow]) =>
    h("span", null, h("label", null, picture(kind, hollow), words || KIND_NAMES[kind])),
  );
}

/** Finds the range of the speed-ups of these results and of their intervals. */
const boundsOf = (results) =>
  domain([
    1,
    ...results.flatMap((result) =>
      result?.ratio ? [result.ratio, ...(result.interval || []), ...(result.spread || [])] : [],
    ),
  ]);

/** Maps a value to a place on an axis in per cent of its width; outside values stay at the edge. */
const placeOn = (bounds) => (value) =>
  `${scale(bounds, 0, 100)(Math.min(Math.max(value, bounds[0]), bounds[1])).toFixed(2)}%`;

/** Explains the line over builds, where these cells have one. */
function spreadKey(cells) {
  if (!cells.some((cell) => cell.overBuilds?.seconds)) return null;
  const d = "M-12,0 H12 M-12,-3 V3 M12,-3 V3";
  const sample = s(
    "svg",
    { width: 26, height: 12, viewBox: "-13 -6 26 12", class: "rust", "aria-hidden": "true" },
    s("path", { class: "over-builds", d }),
  );
  return h("span", null, h("label", null, sample, "from the slowest to the fastest build"));
}

/**
 * Draws one row: where on the axis of speed-ups each point stands, with its interval and, as a thin
 * line, its speed-ups over builds. The ground left of 1, where things are slower than the baseline,
 * is shaded.
 */
function forest(bounds, points, label) {
  const at = placeOn(bounds);
  const one = bounds[0] < 1 && bounds[1] > 1 ? at(1) : bounds[0] >= 1 ? "0%" : "100%";
  const vertical = (look, x) => s("line", { class: look, x1: x, x2: x, y1: 0, y2: "100%" });
  const span = ([low, high]) =>
    s("line", { class: "span", x1: at(low), x2: at(high), y1: "50%", y2: "50%" });
  const thin = (x1, x2, y1, y2) => s("line", { class: "over-builds", x1, x2, y1, y2 });
  const overBuilds = ([slow, fast]) => [
    thin(at(slow), at(fast), "50%", "50%"),
    [slow, fast].map((end) => thin(at(end), at(end), "34%", "66%")),
  ];
  const point = ({ ratio, interval, spread, kind, hollow, title }) =>
    s(
      "g",
      { class: kind },
      s("title", null, title),
      ...(spread ? overBuilds(spread) : []),
      interval ? span(interval) : null,
      s("svg", { x: at(ratio), y: "50%" }, mark(kind, hollow)),
    );
  return s(
    "svg",
    { class: "forest", role: "img", "aria-label": label },
    s("rect", { class: "half", x: 0, y: 0, width: one, height: "100%" }),
    ticks(bounds, 6).map((tick) => vertical("grid", at(tick))),
    vertical("one", one),
    points.map(point),
  );
}

/** Draws the axis of speed-ups above the rows. */
function forestAxis(bounds) {
  const at = placeOn(bounds);
  const label = (tick) =>
    s("text", { x: at(tick), y: 12, "text-anchor": "middle" }, `${plainNumber(tick)}×`);
  return s("svg", { class: "axis", "aria-hidden": "true" }, ticks(bounds, 6).map(label));
}

/** Draws a bar across a row: `part` in the colour of a kind, over `rest` in grey; both up to 1. */
function bar(kind, label, part, rest = null) {
  const rect = (look, share) =>
    s("rect", { class: look, x: 0, y: "15%", height: "70%", width: `${share.toFixed(2)}%` });
  return s(
    "svg",
    { class: `forest ${kind}`, role: "img", "aria-label": label },
    rest === null ? null : rect("rest", 100 * rest),
    rect("mark", 100 * part),
  );
}

/** Lays out a chart: its sizes and margins in pixels, for a page of this width. */
function layout(tallWhenWide, tallWhenNarrow) {
  const available = byId("content").clientWidth || 700;
  const narrow = available < 620;
  const full = Math.max(260, Math.min(available, 1100));
  const right = narrow ? 10 : 190;
  const tall = narrow ? tallWhenNarrow : tallWhenWide;
  return { narrow, full, tall, top: 12, end: full - right, floor: tall - 40 };
}

/** Draws frame, grid and axes of a chart; `left` is the margin for the words on the upward axis. */
function chartFrame(frame, left, across, upward, title) {
  const { tall, top, end, floor } = frame;
  const tickAcross = (tick) => {
    const x = across.at(tick);
    const words = { x, y: floor + 16, "text-anchor": "middle" };
    return [
      s("line", { class: "gridline", x1: x, x2: x, y1: top, y2: floor }),
      s("text", words, across.text(tick)),
    ];
  };
  const tickUpward = (tick) => {
    const y = upward.at(tick);
    const words = { x: left - 6, y: y + 4, "text-anchor": "end" };
    return [
      s("line", { class: "gridline", x1: left, x2: end, y1: y, y2: y }),
      s("text", words, upward.text(tick)),
    ];
  };
  const middle = { class: "title", x: (left + end) / 2, y: tall - 6, "text-anchor": "middle" };
  return [
    across.ticks.map(tickAcross),
    upward.ticks.map(tickUpward),
    s("rect", { class: "frame", x: left, y: top, width: end - left, height: floor - top }),
    s("text", middle, title),
  ];
}

/** Draws the sample of a line for a legend. */
const lineSample = (look, line, ...marks) =>
  s(
    "svg",
    { width: 26, height: 12, viewBox: "-13 -6 26 12", class: look, "aria-hidden": "true" },
    s("path", { class: line, d: "M-13,0 H13" }),
    ...marks,
  );

/** Draws a chart as a picture of its own size. */
const chartPicture = ({ full, tall }, ...children) =>
  s(
    "svg",
    { width: full, height: tall, viewBox: `0 0 ${full} ${tall}`, "aria-hidden": "true" },
    ...children,
  );
