// How time or throughput changes with the size of the text, as a chart with a line for each idea.

const MOST_LINES = 8;
const SCALES = {
  time: {
    label: "time of one call",
    of: (cell) => cell.seconds,
    text: (seconds) => duration(seconds),
  },
  rate: { label: "throughput", of: (cell) => cell.characters / cell.seconds, text: rate },
};
// Python's lines have cool colours and Rust's have warm ones; shapes and dashes say the same.
const PALETTE = {
  python: ["s0", "s7", "s5"],
  rust: ["s1", "s4", "s3", "s2"],
  limit: ["s6"],
  other: ["s2"],
};
const DASHES = { limit: "dot", python: "dash" };
const LABEL_HEIGHT = 15; // pixels between the labels at the ends of lines

const lineClass = (id) => `line ${DASHES[language(id)] || ""}`;

/** Draws the mark of a point; limits have none. */
function marker(id) {
  if (language(id) === "rust") {
    return s("rect", { class: "mark", x: -4.5, y: -4.5, width: 9, height: 9 });
  }
  return language(id) === "limit" ? null : s("circle", { class: "mark", r: 5 });
}

/** Draws the section about the size of the text, for one task. */
function scaling() {
  const [id, title] = ["scaling", "Time over the size of the text"];
  const width = shown()[0]?.width;
  const cells = timed(shownRun().cells).filter(
    (cell) =>
      cell.task === view.task &&
      cell.state === view.state &&
      cell.width === width &&
      cell.characters > 0,
  );
  if (unique(cells.map((cell) => cell.characters)).length < 2) {
    const which = `${width || "such"} text`;
    return section(
      id,
      title,
      controlBar(taskChoice("scaling-task")),
      missing(
        "Not measured here: this run has ",
        name(view.task),
        ` in state ${view.state} on one size of ${which} only. `,
        code("nanogpt-rs bench --full"),
        " measures several sizes.",
      ),
    );
  }
  const ids = idsFromLargest(cells);
  if (!view.lines) view.lines = usualLines(ids);
  const lines = view.lines.filter((line) => ids.includes(line));
  const looks = looksOf(lines);
  const y = SCALES[view.y];
  const options = Object.entries(SCALES).map(([value, { label }]) => [value, label]);
  const about = `${y.label} of ${view.task} over the characters of the text`;
  return section(
    id,
    title,
    explained(
      "Both axes are logarithmic. The dotted lines are limits: yardsticks of the same run, which ",
      "cause the same memory traffic in one plain way. Only texts whose widest character is ",
      `${width} are shown.`,
    ),
    where(shownRun(), []),
    controlBar(
      taskChoice("scaling-task"),
      chooser("scaling-y", "shown as ", options, view.y, (value) => choose({ y: value })),
    ),
    shownAs(y.label),
    h(
      "figure",
      { class: "chart", role: "img", "aria-label": `${about}; the table below has the numbers` },
      scalingChart(cells, lines, looks, y),
    ),
    lineChoice(ids, lines, looks),
    scalingTable(cells, ids, y),
  );
}

/** Lists the ids, those that are fastest on the largest text first. */
function idsFromLargest(cells) {
  const largest = Math.max(...cells.map((cell) => cell.characters));
  const onLargest = cells.filter((cell) => cell.characters === largest);
  return unique([...bySpeed(onLargest), ...bySpeed(cells)].map((cell) => cell.id));
}

/** Chooses the lines to begin with: limits, both references and the three fastest in Rust. */
function usualLines(ids) {
  const cells = shown(view.task);
  const usual = [
    ...ids.filter((id) => language(id) === "limit"),
    baseOf(cells, "strongest"),
    baseOf(cells, "lecture"),
    ...ids.filter((id) => language(id) === "rust").slice(0, 3),
  ];
  return unique(usual.filter((id) => ids.includes(id))).slice(0, MOST_LINES);
}

/** Gives each line a colour of its language. */
function looksOf(lines) {
  const looks = new Map();
  const taken = { python: 0, rust: 0, limit: 0, other: 0 };
  for (const id of lines) {
    const colours = PALETTE[language(id)];
    looks.set(id, colours[taken[language(id)] % colours.length]);
    taken[language(id)] += 1;
  }
  return looks;
}

/** Offers the lines of the chart; these checkboxes are its legend too. */
function lineChoice(ids, lines, looks) {
  const change = (id) => (event) => {
    view.lines = event.target.checked ? [...lines, id] : lines.filter((line) => line !== id);
    redraw("scaling", scaling);
  };
  const line = (id) => {
    const checked = lines.includes(id);
    const disabled = !checked && lines.length >= MOST_LINES;
    return h(
      "label",
      null,
      h("input", { type: "checkbox", checked, disabled, onchange: change(id) }),
      looks.has(id) ? lineSample(looks.get(id), lineClass(id), marker(id) || "") : null,
      name(id),
    );
  };
  return h(
    "fieldset",
    { class: "legend" },
    h("legend", { class: "sub" }, `Lines (${MOST_LINES} at most)`),
    ids.map(line),
  );
}

/** Lists the numbers of all implementations on all texts, folded away. */
function scalingTable(cells, ids, y) {
  const texts = unique(cells.map((cell) => cell.corpus))
    .map((corpus) => cells.find((cell) => cell.corpus === corpus))
    .sort((left, right) => left.characters - right.characters);
  const heads = texts.map((cell) => [
    name(cell.corpus),
    ` ${size(cell.characters)} · ${cell.sha256.slice(0, 8)}`,
  ]);
  const value = (id, corpus) => {
    const cell = cells.find((other) => other.id === id && other.corpus === corpus);
    return cell ? y.text(y.of(cell)) : "–";
  };
  return behind(
    "The numbers behind this picture",
    ["implementation", ...heads],
    ids.map((id) => [name(id), ...texts.map(({ corpus }) => value(id, corpus))]),
  );
}

/** Draws the chart with a line for each chosen implementation. */
function scalingChart(all, lines, looks, y) {
  const cells = all.filter((cell) => lines.includes(cell.id));
  const frame = layout(420, 300);
  const { narrow, top, end, floor } = frame;
  const left = narrow ? 60 : 78;
  const xs = domain(cells.map((cell) => cell.characters));
  const ys = domain(cells.map(y.of));
  const across = scale(xs, left, end);
  const upward = scale(ys, floor, top);
  const at = (cell) =>
    [across(cell.characters), upward(y.of(cell))].map((place) => place.toFixed(1));
  const ends = [];
  const drawLine = (id) => {
    const points = cells.filter((cell) => cell.id === id);
    points.sort((one, other) => one.characters - other.characters);
    const onLine = oneOfEachSize(points);
    if (onLine.length) ends.push({ id, y: upward(y.of(onLine.at(-1))) });
    return s(
      "g",
      { class: looks.get(id) },
      s("polyline", {
        class: lineClass(id),
        points: onLine.map((cell) => at(cell).join(",")).join(" "),
      }),
      points.map((cell) => chartPoint(cell, at(cell), onLine.includes(cell))),
    );
  };
  const drawn = lines.map(drawLine);
  const upwardText = (tick) =>
    y
      .text(tick)
      .replace("chars", "")
      .replace(/\.0+(?= )/, "");
  return chartPicture(
    frame,
    chartFrame(
      frame,
      left,
      { ticks: ticks(xs, narrow ? 5 : 9), at: across, text: size },
      { ticks: ticks(ys, 8), at: upward, text: upwardText },
      `characters of the text${view.y === "rate" ? "; upward: characters per second" : ""}`,
    ),
    drawn,
    narrow ? null : lineLabels(ends, end, floor, looks),
  );
}

/** A line joins one text of each size, the chosen one of equals; the others are faint points. */
function oneOfEachSize(points) {
  return points.filter((cell) => {
    const same = points.filter((other) => other.characters === cell.characters);
    return cell === (same.find((other) => other.corpus === view.corpus) || same[0]);
  });
}

/** Draws the point of a cell; points beside their line are faint. */
function chartPoint(cell, [x, y], onLine) {
  const speed = `${duration(cell.seconds)}, ${rate(cell.characters / cell.seconds)}`;
  const about = `${cell.id} on ${cell.corpus}, ${count(cell.characters)} characters`;
  const title = `${about}: ${speed}${andBuilds(cell)}`;
  return s(
    "g",
    { transform: `translate(${x},${y})`, opacity: onLine ? null : ".55" },
    s("title", null, title),
    marker(cell.id) || s("circle", { class: "dotc", r: 2.5 }),
  );
}

/** Labels the ends of lines, pushed apart until no label covers another. */
function lineLabels(ends, edge, floor, looks) {
  const labels = ends.map((label) => ({ ...label, from: label.y }));
  labels.sort((left, right) => left.y - right.y);
  labels.forEach((label, index) => {
    if (index) label.y = Math.max(label.y, labels[index - 1].y + LABEL_HEIGHT);
  });
  if (labels.length && labels.at(-1).y > floor) {
    [...labels].reverse().forEach((label, index) => {
      label.y = Math.min(label.y, floor - index * LABEL_HEIGHT);
    });
  }
  return labels.map(({ id, y, from }) => {
    const d = `M${edge + 2},${from} L${edge + 12},${y}`;
    return s(
      "g",
      { class: looks.get(id) },
      s("path", { class: "line", "stroke-width": 1, opacity: ".5", d }),
      s("text", { class: "label", x: edge + 15, y: y + 4 }, short(id, 26)),
    );
  });
}
