// Small helpers that make the page's elements. Words from records enter the page only as text
// nodes and attributes, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const LONGEST_NAME = 60; // in characters; longer names are cut and shown whole in a tooltip
const LONGEST_WORD = 24; // a longer piece of a name may break anywhere

const byId = (id) => document.getElementById(id);
const unique = (values) => [...new Set(values)];
const joined = (...parts) => parts.join("\n");

/**
 * Sets attributes and listeners of a node and appends its children.
 * @param {Element} node - The node to fill.
 * @param {?Object} attributes - Values by name; `onclick` and the like are listeners. Null,
 *   undefined and false leave an attribute out, true sets it without a value.
 * @param {Array} children - Nodes, texts and nested lists of them; empty values are left out.
 * @returns {Element} The same node.
 */
function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

/** Makes an HTML element. */
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** Makes an SVG element. */
const s = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/** Cuts a text after so many characters and marks the cut with an ellipsis. */
function short(text, longest = LONGEST_NAME) {
  const characters = [...text];
  return characters.length > longest ? `${characters.slice(0, longest).join("")}…` : text;
}

/** Makes a name that breaks only after _ and /, unless one piece is too long for a column. */
function name(text) {
  const pieces = short(text, 200).split(/(?<=[_/])/);
  const words = pieces.flatMap((piece) => piece.split(/[\s-]/));
  return h(
    "bdi",
    {
      class: words.some((word) => word.length > LONGEST_WORD) ? "long-name" : null,
      title: [...text].length > LONGEST_NAME ? text : null,
    },
    pieces.map((piece, index) => [index ? h("wbr") : null, piece]),
  );
}

/** Shows text between backticks as code; a text with an odd number of backticks stays as it is. */
function coded(text) {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return text;
  return parts.map((part, index) => (index % 2 ? h("code", null, part) : part));
}

/** Makes a link to a part of this page. */
const linkTo = (id, ...words) => h("a", { href: `#${id}` }, ...words);

// --- tables ---

/** Makes the heading of a column; `look` is its class: "n" for numbers, "plot" for pictures. */
const column = (content, look = null) => h("th", { scope: "col", class: look }, content);

/** Makes the heading of a column of pictures, with the axis that all of them share. */
const plotColumn = (words, axis = null) => h("th", { scope: "col", class: "plot" }, words, axis);

/** Makes the heading of a row. */
const rowHead = (...content) => h("th", { scope: "row" }, ...content);

/** Makes a cell. On a narrow screen, where tables become cards, the label stands before it. */
const cellOf = (label, content, look = null) =>
  h("td", { class: look, "data-label": label }, content);

/** Makes a cell with a number. */
const numberCell = (label, content) => cellOf(label, content, "n");

/**
 * Makes a table.
 * @param {?string} look - Its class; "cards" makes rows into cards on a narrow screen.
 * @param {*} caption - What the table is about; null for no caption.
 * @param {Array} columns - Headings made by `column` and `plotColumn`, or plain words.
 * @param {Array} rows - The `tr` elements.
 */
function tableOf(look, caption, columns, rows) {
  const heads = columns.map((head) => (head.tagName === "TH" ? head : column(head)));
  return h(
    "table",
    { class: look },
    caption === null ? null : h("caption", null, caption),
    h("thead", null, h("tr", null, heads)),
    h("tbody", null, rows),
  );
}

/** Wraps something wide so that it scrolls sideways on its own. */
const scrolling = (label, content) =>
  h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, content);

/** Makes a folded table with the numbers behind a picture; each row begins with its heading. */
function behind(title, columns, rows) {
  const line = ([head, ...cells]) =>
    h(
      "tr",
      null,
      rowHead(head),
      cells.map((content) => h("td", null, content)),
    );
  return h(
    "details",
    { class: "behind" },
    h("summary", null, title),
    scrolling(title, tableOf(null, null, columns, rows.map(line))),
  );
}

// --- sections, notes and controls ---

const section = (id, title, ...children) =>
  h(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title` }, title),
    ...children,
  );

/** Explains a section, below its title. */
const explained = (...words) => h("p", { class: "sub" }, ...words);

/** Adds a remark that limits what a table or picture says. */
const note = (...words) => h("p", { class: "note" }, ...words);

/** Says what is missing where a picture or table would be, and which command measures it. */
const missing = (...words) => h("p", { class: "empty" }, ...words);

/** Says on paper what the controls of a part are set to; controls are not printed. */
const printed = (...words) => h("p", { class: "printed sub" }, ...words);

const code = (words) => h("code", null, words);

/** Makes a labelled list of choices. */
function chooser(id, label, options, chosen, onchange) {
  return h(
    "label",
    { for: id },
    label,
    h(
      "select",
      { id, onchange: (event) => onchange(event.target.value) },
      options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)),
    ),
  );
}

/** Offers a text as a file to keep. */
function download(fileName, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: address, download: fileName });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Holds the controls of a part in a line. */
const controlBar = (...controls) => h("div", { class: "bar" }, ...controls);
