// Every text and state of one task in a table: other alphabets, sizes, warm and cold.

const MOST_COLUMNS = 40;
const PRINTED_COLUMNS = 6; // a sheet of paper cannot be scrolled
const MATRIX_SHOWS = {
  ratio: "speed-up over the baseline",
  time: "time of one call",
  each: "time per character", // `each` stands in addresses that people have kept
  builds: "fastest to slowest build",
};
let printMatrix = () => {};

/** Orders columns by width, size and name of the text, then by state. */
function inColumnOrder(cells) {
  const { widths, states } = data.page.constants;
  const order = Object.keys(states);
  const place = (cell) => [
    widths.indexOf(cell.width),
    cell.characters,
    cell.corpus,
    order.indexOf(cell.state),
  ];
  return [...cells].sort((left, right) => {
    const [before, after] = [place(left), place(right)];
    const index = before.findIndex((value, position) => value !== after[position]);
    if (index < 0) return 0;
    return before[index] < after[index] ? -1 : 1;
  });
}

/** Collects the columns of the table: a text in a state, its cells and its baseline. */
function matrixColumns(cells) {
  const heads = new Map();
  for (const cell of timed(cells)) heads.set(joined(cell.corpus, cell.state), cell);
  return inColumnOrder(heads.values()).map((head) => {
    const group = cells.filter((cell) => cell.corpus === head.corpus && cell.state === head.state);
    return { head, cells: group, base: baseOf(group) };
  });
}

/** Makes the heading of a column: text, size, state and baseline. */
function matrixHead({ head, base }) {
  return column([
    name(head.corpus),
    h("br"),
    `${size(head.characters)} ${head.width}`,
    h("br"),
    h("b", null, head.state),
    h("br"),
    h("span", { class: "mono" }, head.sha256.slice(0, 8)),
    view.matrix === "ratio" ? [h("br"), "/ ", name(base || "–")] : null,
  ]);
}

/** Makes the cell of an implementation on one text in one state. */
function matrixCell(id, { cells, base }) {
  const number = (...content) => h("td", { class: "n" }, ...content);
  const cell = cells.find((other) => other.id === id);
  if (!cell) return number(h("span", { class: "unmeasured" }, "–"));
  if (!cell.seconds) return number(linkTo("failed", cell.status));
  if (view.matrix === "builds") return number(fastestToSlowest(cell) || "–");
  if (view.matrix === "time") {
    return h("td", { class: "n", title: buildsWords(cell) || null }, duration(cell.seconds));
  }
  if (view.matrix === "each") {
    return number(cell.characters ? duration(cell.seconds / cell.characters) : "–");
  }
  const result = beside(cell, base, cells);
  if (!result?.ratio) return number("–");
  const invalid = result.verdict === "invalid";
  const verdict = result.measured && result.verdict ? `: ${result.verdict}` : "";
  return h(
    "td",
    {
      class: `n ${cell.limit ? "" : toneOf(result)}${invalid ? " unmeasured" : ""}`,
      title: `${spoken(result)}${verdict}${andBuilds(cell)}`,
    },
    matrixWords(result),
  );
}

/** Chooses the shade of a cell by its ratio; only faster and slower have one. */
function toneOf(result) {
  const steps = Math.min(3, Math.ceil(Math.abs(Math.log(result.ratio)) / Math.log(3)));
  const coloured = result.measured && ["faster", "slower"].includes(result.verdict);
  if (!coloured || !steps) return "";
  return `${result.ratio > 1 ? "up" : "down"}${steps}`;
}

/** Words a speed-up with the sign of its verdict. */
function matrixWords(result) {
  const ratio = `${times(result.ratio)}×`;
  if (result.verdict === "reference") return "1×";
  if (result.verdict === "invalid") return `${SIGNS.invalid} (${ratio})`;
  return `${result.measured ? SIGNS[result.verdict] || "" : "≈"} ${ratio}`;
}

/** Draws the section that has every text and state of one task. */
function matrix() {
  const cells = shownRun().cells.filter((cell) => cell.task === view.task);
  const all = matrixColumns(cells);
  const columns = all.slice(0, MOST_COLUMNS);
  const fastestHere = bySpeed(timed(shown(view.task)));
  const ids = unique([...fastestHere, ...timed(cells)].map((cell) => cell.id));
  const shows = MATRIX_SHOWS[view.matrix];
  const table = (from, to) => {
    const some = columns.slice(from, to);
    const line = (id) =>
      h(
        "tr",
        null,
        rowHead(name(id)),
        some.map((col) => matrixCell(id, col)),
      );
    return tableOf(
      "matrix",
      view.matrix === "ratio"
        ? "Speed-ups over the chosen baseline for the width of each text"
        : shows,
      ["implementation", ...some.map(matrixHead)],
      ids.map(line),
    );
  };
  printMatrix = () => {
    const starts = columns.map((_, index) => index).filter((n) => n % PRINTED_COLUMNS === 0);
    byId("texts-printed")?.replaceChildren(
      ...starts.map((from) => table(from, from + PRINTED_COLUMNS)),
    );
  };
  const options = Object.entries(MATRIX_SHOWS);
  return section(
    "texts",
    "Other alphabets, sizes and states",
    explained(
      "Every text and state of this run, for one task. “How to read this” below explains the ",
      "states. A cell is coloured only where the verdict is faster (▲) or slower (▼). ",
      "Parentheses mark invalid figures (✕), for which a control failed.",
    ),
    where(shownRun(), []),
    controlBar(
      taskChoice("texts-task"),
      chooser("matrix", "shown as ", options, view.matrix, (value) => choose({ matrix: value })),
    ),
    printed("Task ", name(view.task), `; shown as ${shows}.`),
    all.length > columns.length
      ? note(
          `Only the first ${columns.length} of ${all.length} columns are here. You can choose `,
          "any text and state at the top.",
        )
      : null,
    scrolling("Every text and state", table(0, columns.length)),
    h("div", { class: "printed", id: "texts-printed" }),
  );
}
