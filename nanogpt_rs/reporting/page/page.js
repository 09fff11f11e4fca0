"use strict";
// The whole page but its frame: unpacks the records, and draws what the reader asks for. What comes
// from records enters the page as text nodes and attributes only, never as markup.
(async () => {
  const SVG = "http://www.w3.org/2000/svg";
  const STATES = ["warm", "fresh_str", "evicted", "uncached_file", "build"];
  const WIDTHS = ["ascii", "latin1", "ucs2", "ucs4"];
  const ROLES = { strongest: "the strongest Python", lecture: "the lecture’s", asked: "what was asked for" };
  const roleName = (role) => ROLES[role] || role;
  const SIGNS = { faster: "▲", slower: "▼", equivalent: "=", inconclusive: "?", invalid: "✕" };
  const OTHER_KINDS = ["call_in_steps", "first_call", "whole_job", "job_difference"];
  const MOST_LINES = 8;
  const MOST_COLUMNS = 40;
  const LONG_NAME = 60;
  const LONG_WORD = 24;

  // --- small things ---

  const byId = (id) => document.getElementById(id);

  function make(node, props, kids) {
    for (const [name, value] of Object.entries(props || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    for (const kid of kids.flat(Infinity)) {
      if (kid !== null && kid !== undefined && kid !== false) node.append(kid);
    }
    return node;
  }
  const h = (tag, props, ...kids) => make(document.createElement(tag), props, kids);
  const s = (tag, props, ...kids) => make(document.createElementNS(SVG, tag), props, kids);

  const unique = (values) => [...new Set(values)];
  const short = (text, most = LONG_NAME) => ([...text].length > most ? [...text].slice(0, most).join("") + "…" : text);
  // A name breaks after _ and / alone, unless a piece of it is too long for a column.
  function name(text) {
    const pieces = short(text, 200).split(/(?<=[_/])/);
    const long = pieces.some((each) => each.split(/[\s-]/).some((word) => word.length > LONG_WORD));
    return h("bdi", { class: long ? "long-name" : null, title: [...text].length > LONG_NAME ? text : null }, pieces.map((each, index) => [index ? h("wbr") : null, each]));
  }
  // What stands between backticks, as code; where one has no partner, the text as it is.
  function coded(text) {
    const parts = text.split("`");
    return parts.length % 2 ? parts.map((each, index) => (index % 2 ? h("code", null, each) : each)) : text;
  }
  const language = (id) => (["python", "rust", "limit"].includes(id.split("/")[0]) ? id.split("/")[0] : "other");
  const count = (number) => number.toLocaleString("en-US");
  const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

  function duration(seconds) {
    for (const [unit, scale] of [["s", 1], ["ms", 1e-3], ["µs", 1e-6]]) {
      if (Math.abs(seconds) >= scale) return `${digits(seconds / scale, 3)} ${unit}`;
    }
    return `${digits(seconds / 1e-9, 3)} ns`;
  }
  function digits(number, significant) {
    if (number === 0) return "0";
    const places = Math.max(0, significant - 1 - Math.floor(Math.log10(Math.abs(number))));
    return places > 12 ? number.toPrecision(significant) : number.toFixed(Math.min(places, 12));
  }
  function times(ratio) {
    if (ratio >= 100) return ratio.toFixed(0);
    return ratio >= 10 ? ratio.toFixed(1) : ratio >= 0.1 ? ratio.toFixed(2) : digits(ratio, 2);
  }
  const percent = (part) => `${digits(part * 100, 2)}\u00a0%`;
  const bracket = (interval) => (interval ? `[${times(interval[0])}, ${times(interval[1])}]` : "");
  function rate(perSecond) {
    for (const [unit, scale] of [["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
      if (perSecond >= scale) return `${digits(perSecond / scale, 3)} ${unit}chars/s`;
    }
    return `${digits(perSecond, 3)} chars/s`;
  }
  function size(characters) {
    for (const [unit, scale] of [["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
      if (characters >= scale) return `${digits(characters / scale, characters / scale >= 100 ? 3 : 2)} ${unit}`;
    }
    return String(characters);
  }
  const median = (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted.length % 2 ? sorted[sorted.length >> 1] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
  };

  async function unpack(id) {
    const packed = byId(id).textContent.trim();
    if (!packed) return "";
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  function download(fileName, type, text) {
    const link = h("a", { href: URL.createObjectURL(new Blob([text], { type })), download: fileName });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // --- the records ---

  if (typeof DecompressionStream === "undefined") {
    byId("content").append(h("p", { class: "notice" }, "This browser cannot unpack the records: it lacks DecompressionStream, which browsers have had since 2023."));
    return;
  }
  const page = JSON.parse(await unpack("page-data"));
  const recordText = await unpack("records-data");
  const runs = new Map(page.runs.map((each) => [each.run, { ...each, cells: [], other: [] }]));
  {
    let place = 0;
    for (const line of recordText.split("\n")) {
      if (!line) continue;
      const record = JSON.parse(line);
      if (OTHER_KINDS.includes(record.kind)) runs.get(record.run).other.push(record);
      if (record.kind !== "cell") continue;
      record.against.forEach((each, index) => {
        if (each.role === "control") each.role = "before"; // of the same commit; it has been heeded
        const [verdict, adjusted, reason] = page.verdicts[place][index];
        Object.assign(each.comparison, { verdict, p_adjusted: adjusted });
        if (reason) each.comparison.reason = reason;
      });
      place += 1;
      runs.get(record.run).cells.push(record);
    }
  }
  const ideas = new Map(page.ideas.map((each) => [`${each.task} ${each.id}`, each]));
  const ideaOf = (cell) => (cell.origin ? null : ideas.get(`${cell.task} ${cell.id}`));
  // Counts of instructions are no times: `nanogpt-rs show` has them.
  const ordered = [...runs.values()].filter((run) => run.cells.length && run.command !== "count");
  // The fullest run first, the newer one of equals: a later look at two ideas must not hide it.
  ordered.sort((a, b) => (b.command === "bench") - (a.command === "bench") || b.cells.length - a.cells.length || (a.run < b.run ? 1 : -1));

  // --- what is shown ---

  let linesAbout = null; // of what the chosen lines of the size chart are
  const view = { steps: null, stepTime: null, size: null, run: null, corpus: null, state: null, base: "strongest", task: null, y: "time", matrix: "ratio", lines: null };

  const machineOf = (run) => run.machine.alias;
  // Whoever gives his machines no alias has several that are called local.
  const sameMachine = (one, other) => one.alias === other.alias && one.cpu === other.cpu;
  const began = (run) => run.began;
  const corporaOf = (run) => unique(run.cells.map((cell) => cell.corpus));
  const inOrder = (values, order) => [...values].sort((a, b) => order.indexOf(a) - order.indexOf(b));

  function choose(changes) {
    Object.assign(view, changes);
    settle();
    remember();
    render();
  }

  // Makes the view one that the records can answer.
  function settle() {
    if (!ordered.length) return;
    if (!ordered.some((run) => run.run === view.run)) view.run = ordered[0].run;
    const run = runs.get(view.run);
    const corpora = corporaOf(run);
    if (!corpora.includes(view.corpus)) {
      // The text that most was measured on; the real one of equals.
      const measured = (id) => run.cells.filter((cell) => cell.corpus === id && cell.seconds).length;
      view.corpus = corpora.reduce((best, id) => {
        const more = measured(id) - measured(best);
        return more > 0 || (more === 0 && id === "tinyshakespeare") ? id : best;
      });
    }
    const states = statesOf(run, view.corpus);
    if (!states.includes(view.state)) view.state = states[0];
    const tasks = tasksOf();
    if (!tasks.includes(view.task)) view.task = tasks[0];
    const choices = baseChoices().map((each) => each.value);
    if (!choices.includes(view.base)) view.base = choices[0] || "strongest";
    const about = [view.run, view.task, view.state, shown()[0]?.width].join("\n");
    if (about !== linesAbout) [linesAbout, view.lines] = [about, null];
  }
  function statesOf(run, corpus) {
    const found = unique(run.cells.filter((cell) => cell.corpus === corpus).map((cell) => cell.state));
    const usual = inOrder(found.filter((state) => STATES.includes(state)), STATES);
    const all = [...usual, ...found.filter((state) => !STATES.includes(state))];
    return all.filter((state) => run.cells.some((cell) => cell.corpus === corpus && cell.state === state && cell.seconds)).concat(all).filter((state, index, list) => list.indexOf(state) === index);
  }
  const shown = (task) => runs.get(view.run).cells.filter((cell) => cell.corpus === view.corpus && cell.state === view.state && (!task || cell.task === task));
  const tasksOf = () => unique(shown().map((cell) => cell.task));
  const timed = (cells) => cells.filter((cell) => cell.seconds);
  const bySpeed = (cells) => [...cells].sort((a, b) => a.seconds - b.seconds);
  const ranked = (cells) => bySpeed(timed(cells).filter((cell) => !cell.limit));
  // Of which a run could say nothing valid comes after all others.
  function fastest(cells, what) {
    const mine = ranked(cells).filter((cell) => language(cell.id) === what);
    return mine.find((cell) => !cell.against.length || cell.against.some((each) => each.comparison.verdict !== "invalid")) || mine[0];
  }

  // The Python that a run found faster than the one marked as strongest, and by how much; null if
  // none. The mark is for calls on texts of a megabyte, and another idea can win on short ones.
  function rivalOf(cells) {
    const strongest = baseOf(cells, "strongest");
    const faster = timed(cells).filter((cell) => !cell.limit && language(cell.id) === "python").map((cell) => ({ cell, found: beside(cell, strongest, cells) })).filter(({ found }) => found?.measured && found.verdict === "faster");
    return faster.reduce((best, each) => (!best || each.found.ratio > best.found.ratio ? each : best), null);
  }
  const meant = (cell) => (cell.state !== "build" && cell.characters > 3e5 && cell.characters < 3e6 ? "a mark that the registry gives for all texts of this width" : "which is meant for calls on texts of a megabyte");
  // Beside a rival that has the same baseline: a ratio of two ratios, for which no interval was measured.
  const besideRival = (found, rival) => (found?.ratio ? { ratio: found.ratio / rival.found.ratio, measured: false } : null);

  function baseChoices() {
    const cells = runs.get(view.run).cells;
    const roles = unique(cells.flatMap((cell) => cell.against.map((each) => each.role)));
    const known = Object.keys(ROLES).filter((role) => roles.includes(role));
    const found = [...known, ...roles.filter((role) => !ROLES[role])].map((role) => ({ value: role, label: roleName(role) }));
    const ids = unique(timed(shown()).map((cell) => cell.id)).sort();
    return [...found, ...ids.map((id) => ({ value: `id:${id}`, label: id }))];
  }

  // The id of the baseline among the cells of one task on one text in one state; null if there is none.
  function baseOf(cells, base = view.base) {
    if (base.startsWith("id:")) return cells.some((cell) => cell.id === base.slice(3) && cell.seconds) ? base.slice(3) : null;
    for (const cell of cells) for (const each of cell.against) if (each.role === base) return each.id;
    return null;
  }

  // Where a control failed, an interval says nothing.
  const intervalOf = (comparison) => (comparison.verdict === "invalid" ? null : comparison.interval);

  // What is known of a cell beside a baseline. Where the two ran together, what was measured; where
  // the pair was measured the other way round, its mirror image; else the ratio of their medians.
  function beside(cell, id, cells) {
    if (!cell.seconds || id === null) return null;
    if (cell.id === id) return { ratio: 1, verdict: "reference", measured: true };
    const direct = cell.against.find((each) => each.id === id);
    if (direct) {
      const { ratio, verdict, reason, clock } = direct.comparison;
      return { ratio, interval: intervalOf(direct.comparison), verdict, reason, clock, measured: true, comparison: direct.comparison };
    }
    const base = cells.find((each) => each.id === id && each.seconds);
    const mirrored = base?.against.find((each) => each.id === cell.id)?.comparison;
    if (mirrored?.ratio) {
      const turned = { faster: "slower", slower: "faster" };
      return {
        ratio: 1 / mirrored.ratio,
        interval: intervalOf(mirrored) && [1 / mirrored.interval[1], 1 / mirrored.interval[0]],
        verdict: turned[mirrored.verdict] || mirrored.verdict,
        reason: mirrored.reason, clock: mirrored.clock, measured: true,
      };
    }
    return base ? { ratio: base.seconds / cell.seconds, measured: false } : null;
  }

  // The view, in the address; with an id, as a place of its own to come back from.
  function remember(at = "") {
    const words = new URLSearchParams();
    for (const key of ["run", "corpus", "state", "base", "task", "y", "matrix", "steps", "stepTime", "size"]) if (view[key]) words.set(key, view[key]);
    if (at) words.set("at", at);
    try {
      if (at) history.pushState(null, "", `#${words}`);
      else history.replaceState(null, "", `#${words}`);
    } catch {
      // A browser that forbids it loses the link, not the page.
    }
  }
  // Returns the id of the part that the address asks for.
  function recall() {
    if (!location.hash.includes("=")) return idIn(location.hash);
    const words = new URLSearchParams(location.hash.slice(1));
    for (const [key, value] of words) if (key in view && key !== "lines") view[key] = value;
    if (!Y[view.y]) view.y = "time";
    if (!MATRIX[view.matrix]) view.matrix = "ratio";
    return words.get("at") || "";
  }

  // --- words ---

  function where(run, cells, about = "") {
    const first = cells[0];
    const commit = run.commit ? `commit ${run.commit.slice(0, 8)}${run.dirty ? " with uncommitted changes" : ""}` : "no commit known";
    return h("p", { class: "where" },
      about, name(run.machine.alias), ` · ${run.build.profile} build · `,
      first ? [name(first.corpus), ` ${first.sha256.slice(0, 12)} · `] : null,
      `${commit} · ${began(run).slice(0, 10)}${run.complete ? "" : " · unfinished run"}`);
  }
  function verdictOf(found, cell) {
    if (cell?.limit) return h("span", { class: "verdict limit" }, "limit");
    if (!found) return h("span", { class: "verdict inconclusive" }, "–");
    if (!found.measured) return h("span", { class: "verdict inconclusive", title: "No interval was measured for this pair" }, "not measured as a pair");
    if (found.verdict === "reference") return h("span", { class: "verdict reference" }, "baseline");
    return h("span", { class: `verdict ${found.verdict}`, title: found.reason || null }, h("span", { "aria-hidden": "true" }, `${SIGNS[found.verdict] || ""} `), found.verdict);
  }
  function ratioOf(found) {
    if (!found || !found.ratio) return "–";
    if (found.verdict === "reference") return "1×";
    if (!found.measured) return h("span", { class: "unmeasured", title: "The ratio of two medians; no interval was measured for this pair" }, `≈ ${times(found.ratio)}×`);
    if (found.verdict === "invalid") return h("span", { class: "unmeasured", title: "A control failed, so nothing may be said" }, `(${times(found.ratio)}×)`);
    return [h("b", null, `${times(found.ratio)}×`), " ", h("span", null, bracket(found.interval))];
  }
  function spoken(found) {
    if (!found || !found.ratio) return "not compared";
    const interval = found.interval ? `, 95 % interval ${times(found.interval[0])} to ${times(found.interval[1])}` : ", no interval";
    return `${times(found.ratio)} times${interval}`;
  }

  function sourceLink(cell) {
    const idea = ideaOf(cell);
    if (!idea?.path) return name(cell.id);
    return h("button", { type: "button", class: "plain", title: `Show ${idea.path}`, onclick: () => showSource(idea) }, name(cell.id));
  }
  async function showSource(idea) {
    const dialog = byId("source");
    const sources = JSON.parse((await unpack("sources-data")) || "{}");
    dialog.replaceChildren(
      h("form", { method: "dialog" }, h("h2", { id: "source-title" }, `${idea.task}: `, name(idea.id)), h("p", { class: "idea" }, coded(idea.idea)),
        h("p", { class: "where" }, idea.path, ` · as it was when this page was made, ${page.made.slice(0, 10)}${page.commit ? `, commit ${page.commit.slice(0, 8)}` : ""}`),
        h("pre", { tabindex: "0" }, h("code", null, sources[idea.path] || "The source was not at hand when this page was made.")),
        h("button", null, "close")));
    dialog.showModal();
  }

  // --- scales ---

  function domain(values) {
    const positive = values.filter((value) => value > 0 && Number.isFinite(value));
    if (!positive.length) return [0.5, 2];
    let [low, high] = [Math.min(...positive), Math.max(...positive)];
    if (high / low < 1.5) [low, high] = [low / 1.3, high * 1.3];
    const room = Math.pow(high / low, 0.04);
    return [low / room, high * room];
  }
  const scale = ([low, high], from, to) => (value) => from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from);
  function ticks([low, high], most) {
    const decades = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) decades.push(power);
    for (const steps of [[1, 2, 5], [1, 3], [1]]) {
      const found = decades.flatMap((power) => steps.map((step) => step * Math.pow(10, power))).filter((value) => value >= low * 0.999 && value <= high * 1.001);
      if (found.length <= most) return found;
    }
    const found = decades.map((power) => Math.pow(10, power)).filter((value) => value >= low && value <= high);
    const every = Math.ceil(found.length / most);
    return found.filter((_, index) => index % every === 0);
  }
  const plainNumber = (value) => (value >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(2))));

  function mark(kind, hollow) {
    const look = { class: `mark ${hollow ? "hollow" : ""}` };
    if (kind === "rust") return s("rect", { ...look, x: -5, y: -5, width: 10, height: 10 });
    if (kind === "python") return s("circle", { ...look, r: 5.5 });
    if (kind === "limit") return s("path", { d: "M0,-8 V8", class: "span" });
    return s("path", { ...look, d: "M0,-7 L6,5 L-6,5 Z" });
  }

  // One row's picture: where on the axis of speed-ups something stands, with its interval. What is
  // left of 1 is slower than the baseline, and has its own ground.
  function forest(bounds, points, label) {
    const at = (value) => `${scale(bounds, 0, 100)(Math.min(Math.max(value, bounds[0]), bounds[1])).toFixed(2)}%`;
    const one = bounds[0] < 1 && bounds[1] > 1 ? at(1) : bounds[0] >= 1 ? "0%" : "100%";
    return s("svg", { class: "forest", role: "img", "aria-label": label },
      s("rect", { class: "half", x: 0, y: 0, width: one, height: "100%" }),
      ticks(bounds, 6).map((tick) => s("line", { class: "grid", x1: at(tick), x2: at(tick), y1: 0, y2: "100%" })),
      s("line", { class: "one", x1: one, x2: one, y1: 0, y2: "100%" }),
      points.map(({ ratio, interval, kind, hollow, title }) => s("g", { class: kind },
        s("title", null, title),
        interval ? s("line", { class: "span", x1: at(interval[0]), x2: at(interval[1]), y1: "50%", y2: "50%" }) : null,
        s("svg", { x: at(ratio), y: "50%" }, mark(kind, hollow)))));
  }
  function forestAxis(bounds) {
    const at = (value) => `${scale(bounds, 0, 100)(value).toFixed(2)}%`;
    return s("svg", { class: "axis", "aria-hidden": "true" }, ticks(bounds, 6).map((tick) => s("text", { x: at(tick), y: 12, "text-anchor": "middle" }, `${plainNumber(tick)}×`)));
  }
  const boundsOf = (found) => domain([1, ...found.flatMap((each) => (each?.ratio ? [each.ratio, ...(each.interval || [])] : []))]);

  function key(...kinds) {
    const words = { python: "Python", rust: "Rust", limit: "limit", other: "other" };
    return kinds.map(([kind, text, hollow]) => h("span", null, h("label", null, s("svg", { width: 14, height: 14, viewBox: "-8 -8 16 16", class: kind, "aria-hidden": "true" }, mark(kind, hollow)), text || words[kind])));
  }

  function behind(title, head, rows) {
    return h("details", { class: "behind" }, h("summary", null, title),
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
        h("table", null, h("thead", null, h("tr", null, head.map((each) => h("th", { scope: "col" }, each)))),
          h("tbody", null, rows.map((row) => h("tr", null, row.map((each, index) => (index ? h("td", null, each) : h("th", { scope: "row" }, each)))))))));
  }
  const section = (id, title, ...kids) => h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...kids);
  const missing = (...words) => h("p", { class: "empty" }, ...words);
  // What the controls of a part say, where they are not printed.
  const printed = (...words) => h("p", { class: "printed sub" }, ...words);
  const shownAs = (words) => printed("Task ", name(view.task), `, ${view.state}${words ? `; shown as ${words}` : ""}.`);
  function taskChoice(id) {
    const select = h("select", { id, onchange: (event) => choose({ task: event.target.value }) }, tasksOf().map((task) => h("option", { value: task, selected: task === view.task }, short(task))));
    return h("label", { for: id }, "task ", select);
  }

  // --- the answer ---

  function answer() {
    const run = runs.get(view.run);
    const found = tasksOf().map((task) => {
      const cells = shown(task);
      const ofRust = fastest(cells, "rust");
      const against = (role) => (ofRust ? beside(ofRust, baseOf(cells, role), cells) : null);
      const [strongest, rival] = [against("strongest"), rivalOf(cells)];
      return { task, ofRust, strongest, lecture: against("lecture"), rival: rival && besideRival(strongest, rival), all: ranked(cells).map((cell) => [cell, beside(cell, baseOf(cells, "strongest"), cells)]) };
    });
    const judged = found.filter((each) => each.strongest?.measured);
    const moved = judged.filter((each) => each.rival);
    const told = (verdict) => judged.filter((each) => !each.rival && each.strongest.verdict === verdict);
    const [wins, losses, even] = [told("faster"), told("slower"), told("equivalent").length];
    const range = (role, list) => {
      const ratios = list.map((each) => each[role]?.ratio).filter(Boolean);
      const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
      return ratios.length > 1 && times(low) !== times(high) ? `${times(low)} to ${times(high)} times` : `${times(high)} times`;
    };
    const first = shown()[0];
    const words = [h("span", null, "On ", name(machineOf(run)), ", on ", name(view.corpus), ` (${count(first.characters)} characters, ${view.state}): `)];
    if (!judged.length) words.push("this run set no Rust beside the strongest Python, so it has no answer.");
    else {
      words.push(h("strong", null, wins.length === judged.length ? "yes" : wins.length || moved.some((each) => each.rival.ratio > 1) ? "partly" : "no"));
      words.push(wins.length ? [`. Against the strongest Python known here, the best Rust is `, h("strong", null, `${range("strongest", wins)} as fast`), ` in ${wins.length} of ${plural(judged.length, "task", "tasks")}`] : `. In none of ${plural(judged.length, "task", "tasks")} is the best Rust told to be faster than the strongest Python known here`);
      const untold = judged.length - wins.length - losses.length - even - moved.length;
      if (losses.length) words.push(`; in ${losses.length} it is slower`);
      if (even) words.push(`; in ${even} it is as fast`);
      if (untold && wins.length) words.push(`; in ${untold} this run could not tell`);
      if (wins.length && wins.some((each) => each.lecture?.ratio)) words.push(` (against what the lecture wrote, ${range("lecture", wins)})`);
      words.push(". ");
      if (moved.length) words.push(`In ${moved.length} of these tasks another Python is faster here than the one marked as strongest, ${meant(first)}: beside the fastest Python there, the best Rust is about ${range("rival", moved)} as fast, for which no interval was measured. `);
    }
    const rust = found.flatMap((each) => each.all.filter(([cell]) => language(cell.id) === "rust"));
    const slower = rust.filter(([, each]) => each?.measured && each.verdict === "slower");
    if (slower.length) words.push(`But ${slower.length} of the ${rust.length} Rust contenders measured here are slower than the Python marked as strongest: the idea counts, not the language. `);
    const failed = shown().filter((cell) => cell.status === "wrong").length;
    if (failed) words.push(h("a", { href: "#failed" }, `${plural(failed, "implementation", "implementations")} failed. `));
    words.push(wholeJobSentence());
    const gained = measuredGain("strongest");
    return [h("p", { class: "answer" }, words), where(run, shown()), gained ? where(gained.run, [gained.text], "the whole job: ") : null].filter(Boolean);
  }

  // What the best Rust gains of the whole jobs that were measured last on this machine, over a
  // reference; as a share of the job with that reference.
  function measuredGain(role) {
    const all = measuredBeside("job_difference", (record) => [record.found.role, record.found.id].join("\n")).filter(({ record }) => record.found.role === role && language(record.found.id) === "rust");
    const newest = all.reduce((last, each) => (each.run.run > last ? each.run.run : last), "");
    const mine = all.filter((each) => each.run.run === newest);
    if (!mine.length) return null;
    const valid = (each) => each.record.found.comparison.verdict !== "invalid";
    const best = mine.reduce((most, each) => ((valid(each) - valid(most) || each.record.found.seconds - most.record.found.seconds) > 0 ? each : most));
    const { found, rest, config, how, text } = best.record;
    const share = (seconds) => seconds / (found.reference_seconds + rest);
    const steps = best.run.other.find((each) => each.kind === "whole_job")?.found.steps;
    return { run: best.run, text, config, how, steps, found, gain: share(found.seconds), interval: valid(best) && found.interval ? found.interval.map(share) : null, invalid: !valid(best) };
  }
  const signed = (part) => (part < 0 ? `−${percent(-part)}` : percent(part));
  const gainWords = (each) => [signed(each.gain), each.interval ? ` [${signed(each.interval[0])}, ${signed(each.interval[1])}]` : "", each.invalid ? " (invalid)" : ""];

  function wholeJobSentence() {
    const [strongest, lecture] = [measuredGain("strongest"), measuredGain("lecture")];
    const said = (...words) => h("span", { id: "answer-job", "aria-live": "off" }, ...words);
    if (strongest) return said("The whole training job (config ", name(strongest.config), on(strongest.how), strongest.steps ? `, ${plural(strongest.steps, "step", "steps")}` : "", ", ", name(strongest.text.corpus), ") gains ", h("strong", null, gainWords(strongest)), " over the strongest Python with ", name(strongest.found.id), lecture ? [" and ", gainWords(lecture), " over the lecture’s preparation", lecture.found.id === strongest.found.id ? "" : [" with ", name(lecture.found.id)]] : "", ". ", h("a", { href: "#job" }, strongest.interval && !strongest.invalid && strongest.interval[1] < 0.01 ? "For the job’s sake: don’t bother" : "The whole job"), ".");
    const job = theJob();
    if (!job || job.step === null) return said("What the whole training job gains was ", h("strong", null, "not measured"), " in these records. ", h("a", { href: "#job" }, "Set your own job"), ".");
    const gain = gainOf(job, "strongest");
    return said(`The whole training job, ${count(job.steps)} steps of it, gains `, h("strong", null, signed(gain)), " over the strongest Python with ", name(job.rust.id), job.lecture ? ` and ${signed(gainOf(job, "lecture"))} over the lecture’s preparation` : "", " (", h("a", { href: "#job" }, job.measured ? "computed from measured rates" : "computed with your step time"), ").");
  }

  // --- first screen: every task in a line ---

  function glance() {
    const rows = tasksOf().map((task) => {
      const cells = shown(task);
      const base = baseOf(cells);
      const all = ranked(cells);
      const lecture = cells.find((cell) => cell.id === baseOf(cells, "lecture"));
      const python = fastest(cells, "python");
      const rust = fastest(cells, "rust");
      const limit = bySpeed(timed(cells).filter((cell) => cell.limit))[0];
      const best = rust || all[0];
      const rival = view.base === "strongest" ? rivalOf(cells) : null;
      const found = (cell) => { const plain = beside(cell, base, cells); return rival ? besideRival(plain, rival) : plain; };
      return { task, lecture, python, rust, limit, best, rival, of: found, found: best ? found(best) : null };
    });
    const points = (row) => [[row.limit, "limit"], [row.lecture, "python", true], [row.python, "python"], [row.rust, "rust"]]
      .filter(([cell]) => cell?.seconds)
      .map(([cell, kind, hollow]) => ({ cell, kind, hollow, ...row.of(cell) }))
      .filter((point) => point.ratio)
      .map((point) => ({ ...point, hollow: point.hollow || point.verdict === "invalid" }))
      .map((point) => ({ ...point, title: `${point.cell.id}: ${duration(point.cell.seconds)}, ${spoken(point)}` }));
    const bounds = boundsOf(rows.flatMap(points));
    const base = view.base.startsWith("id:") ? view.base.slice(3) : roleName(view.base);
    return section("glance", "Every task in a line",
      h("p", { class: "sub" }, "How many times as fast as ", name(base), " the best of each is; left of 1 is slower. The baseline can be changed above."),
      h("div", { class: "legend" }, key(["python", "the lecture’s", true], ["python", "best Python"], ["rust", "best Rust, with its 95 % interval"], ["limit", "limit: the same traffic, done in one plain way"])),
      h("table", { class: "glance cards" }, h("caption", null, "Speed-ups over ", name(base)),
        h("thead", null, h("tr", null, h("th", { scope: "col" }, "task"), h("th", { scope: "col", class: "plot" }, "times as fast, log scale", forestAxis(bounds)), h("th", { scope: "col", class: "n" }, "best Rust"), h("th", { scope: "col" }, "speed-up [95 % interval]"), h("th", { scope: "col" }, "verdict"))),
        h("tbody", null, rows.map((row) => h("tr", null,
          h("th", { scope: "row" }, h("a", { href: `#ranking-${encodeURIComponent(row.task)}` }, name(row.task)), row.best ? h("span", { class: "idea" }, name(row.best.id)) : null, row.rival ? h("span", { class: "idea" }, "beside ", name(row.rival.cell.id), ", which is faster here than the Python marked as strongest") : null),
          h("td", { class: "plot" }, forest(bounds, points(row), points(row).map((each) => each.title).join("; "))),
          h("td", { class: "n", "data-label": "one call" }, row.best ? duration(row.best.seconds) : "–"),
          h("td", { class: "ratio", "data-label": "speed-up" }, ratioOf(row.found)),
          h("td", { class: "v", "data-label": "verdict" }, verdictOf(row.found)))))));
  }
  // A link within the page keeps what is chosen in the address.
  function follow(event) {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const id = idIn(link.getAttribute("href"));
    if (!byId(id)) return;
    event.preventDefault();
    if (ordered.length) remember(id);
    goTo(id);
  }
  function idIn(hash) {
    try {
      return decodeURIComponent(hash.slice(1));
    } catch {
      return "";
    }
  }
  function goTo(id, behavior = "auto") {
    const target = byId(id);
    if (!target) return;
    target.setAttribute("tabindex", "-1");
    target.scrollIntoView({ behavior });
    target.focus({ preventScroll: true });
  }

  // --- rankings ---

  function rankings() {
    const tasks = tasksOf();
    return section("rankings", "The ranking of each task",
      h("p", { class: "sub" }, "The fastest first; of equal numbers, intervals overlap. A name shows the source. Ground on the left of 1: slower than the baseline."),
      tasks.length > 1 ? h("p", { class: "sub" }, tasks.map((task, index) => [index ? " · " : "", h("a", { href: `#ranking-${encodeURIComponent(task)}` }, name(task))])) : null,
      h("div", { class: "legend" }, key(["python"], ["rust"], ["limit"])),
      tasks.map(ranking));
  }
  function ranking(task) {
    const run = runs.get(view.run);
    const cells = shown(task);
    const base = baseOf(cells);
    const rows = bySpeed(timed(cells)).map((cell) => ({ cell, found: beside(cell, base, cells) }));
    const bounds = boundsOf(rows.map((row) => row.found));
    const failed = cells.filter((cell) => !cell.seconds);
    const rival = view.base === "strongest" ? rivalOf(cells) : null;
    const [first] = ranked(cells);
    const places = placesOf(rows);
    const references = Object.keys(ROLES).map((role) => [role, baseOf(cells, role)]);
    const line = ({ cell, found }, index) => {
      const badges = references.filter(([, id]) => id === cell.id).map(([role]) => h("span", { class: "badge" }, ROLES[role]));
      if (cell.origin) badges.push(h("span", { class: "badge", title: cell.origin }, "a third party’s: ", name(short(cell.origin.replace(/(SHA-256 .{12}).*/, "$1")))));
      if (cell.cores) badges.push(h("span", { class: "badge" }, `${cell.cores.toFixed(1)} cores busy`));
      if (cell.limit && first && first.seconds < cell.seconds) badges.push(h("span", { class: "badge", title: `${first.id} is faster` }, "beaten here"));
      const kind = cell.id === base ? "isref" : cell.limit ? "limit" : cell === first && found?.verdict !== "invalid" ? "best" : "";
      return h("tr", { class: kind },
        h("td", { class: "n place" }, places[index]),
        h("th", { scope: "row" }, sourceLink(cell), badges, h("span", { class: "idea" }, coded(ideaOf(cell)?.idea || ""))),
        h("td", { class: "n", "data-label": "one call" }, duration(cell.seconds)),
        h("td", { class: "plot" }, found?.ratio ? forest(bounds, [{ ...found, kind: language(cell.id), hollow: cell.id === base || found.verdict === "invalid", title: `${cell.id}: ${spoken(found)}` }], `${cell.id}: ${spoken(found)}`) : null),
        h("td", { class: "ratio", "data-label": "speed-up" }, ratioOf(found)),
        h("td", { class: "v", "data-label": "verdict" }, verdictOf(found, cell)));
    };
    const unpaired = rows.some((row) => row.found && !row.found.measured);
    const controls = rows.map((row) => row.found?.comparison).filter((each) => each?.control?.interval);
    const widest = controls.reduce((best, each) => (!best || width(each.control.interval) > width(best.control.interval) ? each : best), null);
    return h("section", { id: `ranking-${task}`, "aria-labelledby": `ranking-${task}-title` },
      h("h3", { id: `ranking-${task}-title` }, name(task)),
      page.tasks[task] ? h("p", { class: "sub mono" }, page.tasks[task]) : null,
      where(run, cells),
      rival ? h("p", { class: "note" }, name(rival.cell.id), ` is faster here than the Python marked as strongest, ${meant(cells[0])}.`) : null,
      base === null ? h("p", { class: "note" }, "The baseline that is chosen does not occur here, so there are times and no speed-ups.") : null,
      rows.length ? h("table", { class: "ranking cards" },
        h("caption", null, base === null ? "Times" : ["Speed-ups over ", name(base), widest ? `, which against itself read ${widest.control.interval.map((each) => each.toFixed(3)).join(" to ")} (widest of this table’s controls)` : ""]),
        h("thead", null, h("tr", null, h("th", { scope: "col", class: "n" }, "#"), h("th", { scope: "col" }, "implementation and its idea"), h("th", { scope: "col", class: "n" }, "one call"), h("th", { scope: "col", class: "plot" }, "times as fast, log scale", forestAxis(bounds)), h("th", { scope: "col" }, "speed-up [95 % interval]"), h("th", { scope: "col" }, "verdict"))),
        h("tbody", null, rows.map(line))) : missing("Nothing has a time here."),
      unpaired ? h("p", { class: "note" }, "≈ is the ratio of two medians of this run. These pairs did not run together, so no interval was measured for them and no verdict is given.") : null,
      failed.length ? h("p", { class: "note" }, "Without a time: ", failed.map((cell, index) => [index ? ", " : "", name(cell.id), ` (${cell.status})`]), ". ", h("a", { href: "#failed" }, "Why")) : null);
  }
  const width = ([low, high]) => high / low;
  // 1, and how many contenders have an interval that lies wholly above this row's; where one of two
  // has none, their times decide.
  function placesOf(rows) {
    const spans = rows.map(({ found }) => (found?.verdict === "reference" ? [1, 1] : found?.verdict !== "invalid" && found?.interval) || null);
    const ahead = (other, one) => (spans[other] && spans[one] ? spans[other][0] > spans[one][1] : other < one);
    let place = 0;
    return rows.map(({ cell }, one) => {
      if (cell.limit) return "";
      place = Math.max(place, 1 + rows.filter((row, other) => !row.cell.limit && ahead(other, one)).length);
      return String(place);
    });
  }

  // --- scaling ---

  const Y = {
    time: { label: "time of one call", of: (cell) => cell.seconds, text: duration },
    rate: { label: "throughput", of: (cell) => cell.characters / cell.seconds, text: rate },
  };

  function scaling() {
    const run = runs.get(view.run);
    const id = "scaling";
    const title = "Over the size of the text";
    const width = shown()[0]?.width;
    const all = timed(run.cells).filter((cell) => cell.task === view.task && cell.state === view.state && cell.width === width && cell.characters > 0);
    if (unique(all.map((cell) => cell.characters)).length < 2) {
      return section(id, title, h("div", { class: "bar" }, taskChoice("scaling-task")), missing("Not measured here: this run has ", name(view.task), ` in state ${view.state} on one size of ${width || "such"} text only. `, h("code", null, "nanogpt-rs bench --full"), " measures several."));
    }
    const largest = Math.max(...all.map((cell) => cell.characters));
    const ids = unique(bySpeed(all.filter((cell) => cell.characters === largest)).concat(bySpeed(all)).map((cell) => cell.id));
    const task = shown(view.task);
    const rust = ids.filter((each) => language(each) === "rust").slice(0, 3);
    const usual = [...ids.filter((each) => language(each) === "limit"), baseOf(task, "strongest"), baseOf(task, "lecture"), ...rust];
    if (!view.lines) view.lines = unique(usual.filter((each) => ids.includes(each))).slice(0, MOST_LINES);
    const lines = view.lines.filter((each) => ids.includes(each));
    // Python's lines are cool, Rust's are warm, and shapes and dashes say the same again.
    const palette = { python: ["s0", "s7", "s5"], rust: ["s1", "s4", "s3", "s2"], limit: ["s6"], other: ["s2"] };
    const look = new Map();
    for (const each of lines) {
      const kin = palette[language(each)];
      look.set(each, kin[[...look.keys()].filter((other) => language(other) === language(each)).length % kin.length]);
    }
    const y = Y[view.y];
    const cells = all.filter((cell) => lines.includes(cell.id));
    const picture = chart(cells, lines, look, y);
    const texts = unique(all.map((cell) => cell.corpus)).map((corpus) => all.find((cell) => cell.corpus === corpus)).sort((a, b) => a.characters - b.characters);
    return section(id, title,
      h("p", { class: "sub" }, `Both axes are logarithmic. The dotted lines are the limits: the same traffic, done in one plain way, in the same run. Only texts whose widest character is ${width}.`),
      where(run, []),
      h("div", { class: "bar" }, taskChoice("scaling-task"), h("label", { for: "scaling-y" }, "shown as ", h("select", { id: "scaling-y", onchange: (event) => choose({ y: event.target.value }) }, Object.entries(Y).map(([value, each]) => h("option", { value, selected: value === view.y }, each.label))))),
      shownAs(y.label),
      h("figure", { class: "chart", role: "img", "aria-label": `${y.label} of ${view.task} over the characters of the text; the table below holds the numbers` }, picture),
      h("fieldset", { class: "legend" }, h("legend", { class: "sub" }, `Lines (${MOST_LINES} at most)`), ids.map((each) => h("label", null,
        h("input", { type: "checkbox", checked: lines.includes(each), disabled: !lines.includes(each) && lines.length >= MOST_LINES, onchange: (event) => { view.lines = event.target.checked ? [...lines, each] : lines.filter((other) => other !== each); redraw(id, scaling); } }),
        look.has(each) ? s("svg", { width: 26, height: 12, viewBox: "-13 -6 26 12", class: look.get(each), "aria-hidden": "true" }, s("path", { class: lineClass(each), d: "M-13,0 H13" }), marker(each)) : null, name(each)))),
      behind("The numbers behind this picture", ["implementation", ...texts.map((cell) => [name(cell.corpus), ` ${size(cell.characters)} · ${cell.sha256.slice(0, 8)}`])],
        ids.map((each) => [name(each), ...texts.map((text) => { const cell = all.find((other) => other.id === each && other.corpus === text.corpus); return cell ? y.text(y.of(cell)) : "–"; })])));
  }
  const lineClass = (id) => `line ${language(id) === "limit" ? "dot" : language(id) === "python" ? "dash" : ""}`;
  function marker(id) {
    if (language(id) === "rust") return s("rect", { class: "mark", x: -4.5, y: -4.5, width: 9, height: 9 });
    if (language(id) === "limit") return null;
    return s("circle", { class: "mark", r: 5 });
  }

  function chart(cells, lines, look, y) {
    const room = byId("content").clientWidth || 700;
    const narrow = room < 620;
    const [full, tall] = [Math.max(260, Math.min(room, 1100)), narrow ? 300 : 420];
    const [left, right, top, bottom] = [narrow ? 60 : 78, narrow ? 10 : 190, 12, 40];
    const xs = domain(cells.map((cell) => cell.characters));
    const ys = domain(cells.map(y.of));
    const [x, up] = [scale(xs, left, full - right), scale(ys, tall - bottom, top)];
    const ends = [];
    const drawn = lines.map((id) => {
      const mine = cells.filter((cell) => cell.id === id).sort((a, b) => a.characters - b.characters);
      // A line joins one text of each size: the chosen one of equals. The others are points beside it.
      const line = mine.filter((cell) => cell === (mine.find((other) => other.characters === cell.characters && other.corpus === view.corpus) || mine.find((other) => other.characters === cell.characters)));
      if (line.length) ends.push({ id, y: up(y.of(line.at(-1))), from: up(y.of(line.at(-1))) });
      return s("g", { class: look.get(id) },
        s("polyline", { class: lineClass(id), points: line.map((cell) => `${x(cell.characters).toFixed(1)},${up(y.of(cell)).toFixed(1)}`).join(" ") }),
        mine.map((cell) => s("g", { transform: `translate(${x(cell.characters).toFixed(1)},${up(y.of(cell)).toFixed(1)})`, opacity: line.includes(cell) ? null : ".55" },
          s("title", null, `${id} on ${cell.corpus}, ${count(cell.characters)} characters: ${duration(cell.seconds)}, ${rate(cell.characters / cell.seconds)}`),
          marker(id) || s("circle", { class: "dotc", r: 2.5 }))));
    });
    // Labels at the ends of lines, pushed apart until none covers another.
    ends.sort((a, b) => a.y - b.y);
    for (let index = 1; index < ends.length; index++) ends[index].y = Math.max(ends[index].y, ends[index - 1].y + 15);
    const over = ends.length ? ends.at(-1).y - (tall - bottom) : 0;
    if (over > 0) for (let index = ends.length - 1, most = tall - bottom; index >= 0; index--, most -= 15) ends[index].y = Math.min(ends[index].y, most);
    return s("svg", { width: full, height: tall, viewBox: `0 0 ${full} ${tall}`, "aria-hidden": "true" },
      ticks(xs, narrow ? 5 : 9).map((tick) => [s("line", { class: "gridline", x1: x(tick), x2: x(tick), y1: top, y2: tall - bottom }), s("text", { x: x(tick), y: tall - bottom + 16, "text-anchor": "middle" }, size(tick))]),
      ticks(ys, 8).map((tick) => [s("line", { class: "gridline", x1: left, x2: full - right, y1: up(tick), y2: up(tick) }), s("text", { x: left - 6, y: up(tick) + 4, "text-anchor": "end" }, y.text(tick).replace("chars", "").replace(/\.0+(?= )/, ""))]),
      s("rect", { class: "frame", x: left, y: top, width: full - right - left, height: tall - bottom - top }),
      s("text", { class: "title", x: (left + full - right) / 2, y: tall - 6, "text-anchor": "middle" }, `characters of the text${view.y === "rate" ? "; up: characters per second" : ""}`),
      drawn,
      narrow ? null : ends.map((each) => s("g", { class: look.get(each.id) }, s("path", { class: "line", "stroke-width": 1, opacity: ".5", d: `M${full - right + 2},${each.from} L${full - right + 12},${each.y}` }), s("text", { class: "label", x: full - right + 15, y: each.y + 4 }, short(each.id, 26)))));
  }

  // --- every text and state ---

  const PRINTED_COLUMNS = 6;
  let printMatrix = () => {};
  const MATRIX = { ratio: "speed-up over the baseline", time: "time of one call", each: "time per character" };

  function matrix() {
    const run = runs.get(view.run);
    const cells = run.cells.filter((cell) => cell.task === view.task);
    const place = (cell) => [WIDTHS.indexOf(cell.width), cell.characters, cell.corpus, STATES.indexOf(cell.state)];
    const columns = new Map();
    for (const cell of cells) if (cell.seconds) columns.set(`${cell.corpus}\n${cell.state}`, cell);
    const all = [...columns.values()].sort((a, b) => { const [one, two] = [place(a), place(b)]; for (let index = 0; index < one.length; index++) if (one[index] !== two[index]) return one[index] < two[index] ? -1 : 1; return 0; });
    const heads = all.slice(0, MOST_COLUMNS);
    const groups = heads.map((head) => cells.filter((cell) => cell.corpus === head.corpus && cell.state === head.state));
    const here = bySpeed(timed(shown(view.task))).map((cell) => cell.id);
    const ids = unique([...here, ...cells.filter((cell) => cell.seconds).map((cell) => cell.id)]);
    const bases = groups.map((group) => baseOf(group));
    const value = (id, index) => {
      const cell = groups[index].find((each) => each.id === id);
      if (!cell) return h("td", { class: "n" }, h("span", { class: "unmeasured" }, "–"));
      if (!cell.seconds) return h("td", { class: "n" }, h("a", { href: "#failed" }, cell.status));
      if (view.matrix === "time") return h("td", { class: "n" }, duration(cell.seconds));
      if (view.matrix === "each") return h("td", { class: "n" }, cell.characters ? duration(cell.seconds / cell.characters) : "–");
      const found = beside(cell, bases[index], groups[index]);
      if (!found?.ratio) return h("td", { class: "n" }, "–");
      const steps = Math.min(3, Math.ceil(Math.abs(Math.log(found.ratio)) / Math.log(3)));
      const told = found.measured && !["inconclusive", "invalid", "reference", "equivalent"].includes(found.verdict);
      const tone = cell.limit || !told || !steps ? "" : `${found.ratio > 1 ? "up" : "down"}${steps}`;
      const invalid = found.verdict === "invalid";
      const words = found.verdict === "reference" ? "1×" : invalid ? `${SIGNS.invalid} (${times(found.ratio)}×)` : `${found.measured ? SIGNS[found.verdict] || "" : "≈"} ${times(found.ratio)}×`;
      return h("td", { class: `n ${tone}${invalid ? " unmeasured" : ""}`, title: `${spoken(found)}${found.measured && found.verdict ? `: ${found.verdict}` : ""}` }, words);
    };
    const table = (from, to) => h("table", { class: "matrix" }, h("caption", null, view.matrix === "ratio" ? "Speed-ups; the baseline is the chosen one for each text’s width" : MATRIX[view.matrix]),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "implementation"), heads.slice(from, to).map((head, index) => h("th", { scope: "col" }, name(head.corpus), h("br"), `${size(head.characters)} ${head.width}`, h("br"), h("b", null, head.state), h("br"), h("span", { class: "mono" }, head.sha256.slice(0, 8)), view.matrix === "ratio" ? [h("br"), "/ ", name(bases[from + index] || "–")] : null)))),
      h("tbody", null, ids.map((id) => h("tr", null, h("th", { scope: "row" }, name(id)), heads.slice(from, to).map((_, index) => value(id, from + index))))));
    // A sheet of paper takes a few columns at a time, and cannot be scrolled.
    printMatrix = () => byId("texts-printed")?.replaceChildren(...heads.map((_, index) => index).filter((index) => index % PRINTED_COLUMNS === 0).map((from) => table(from, from + PRINTED_COLUMNS)));
    return section("texts", "Other alphabets, sizes, warm and cold",
      h("p", { class: "sub" }, "Every text and state of this run for one task. Warm: the same text object again. Cold has a name: a fresh object, or one displaced from the caches. Coloured only where the verdict is faster (▲) or slower (▼). In parentheses: invalid (✕), as a control failed."),
      where(run, []),
      h("div", { class: "bar" }, taskChoice("texts-task"), h("label", { for: "matrix" }, "shown as ", h("select", { id: "matrix", onchange: (event) => choose({ matrix: event.target.value }) }, Object.entries(MATRIX).map(([key, text]) => h("option", { value: key, selected: key === view.matrix }, text))))),
      printed("Task ", name(view.task), `; shown as ${MATRIX[view.matrix]}.`),
      all.length > heads.length ? h("p", { class: "note" }, `The first ${heads.length} of ${all.length} are here; each can be chosen at the top.`) : null,
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Every text and state" }, table(0, heads.length)),
      h("div", { class: "printed", id: "texts-printed" }));
  }

  // --- distributions ---

  function distributions() {
    const run = runs.get(view.run);
    const cells = shown(view.task);
    const base = baseOf(cells);
    const rows = bySpeed(timed(cells)).map((cell) => ({ cell, comparison: cell.against.find((each) => each.id === base)?.comparison })).filter((row) => row.cell.quantiles.length === 5 || row.comparison?.ratios?.length);
    const id = "spread";
    const title = "How steady it was, beside the control";
    const bar = h("div", { class: "bar" }, taskChoice("spread-task"));
    if (!rows.length) return section(id, title, bar, missing("Not measured here: these records hold no spread for ", name(view.task), "."));
    // Aggregated records hold no processes, so there is nothing to draw on the left.
    const said = rows.some(({ comparison }) => comparison?.ratios?.length || comparison?.control_ratios?.length);
    const off = (ratios, centre) => ratios.map((ratio) => Math.log(ratio / centre));
    const sets = rows.map(({ cell, comparison }) => ({
      cell, comparison,
      own: comparison?.ratios?.length ? off(comparison.ratios, comparison.ratio || median(comparison.ratios)) : [],
      control: comparison?.control_ratios?.length ? off(comparison.control_ratios, 1) : [],
      box: cell.quantiles.length === 5 ? cell.quantiles.map((each) => Math.log(each / cell.quantiles[2])) : null,
    }));
    // Far-out processes are drawn at the edge, so that one of them does not flatten all others.
    const sizes = sets.flatMap((set) => [...set.own, ...set.control]).map(Math.abs).sort((a, b) => a - b);
    const most = Math.max(0.01, Math.min(1.5, 1.15 * (sizes[Math.floor(sizes.length * 0.97)] || 0.01)));
    const boxes = sets.flatMap((set) => set.box || []);
    const reach = Math.max(0.02, Math.min(1.5, 1.1 * Math.max(...boxes.map(Math.abs), 0.02)));
    const at = (value, far) => `${(50 + 46 * Math.max(-1, Math.min(1, value / far))).toFixed(2)}%`;
    const dot = (value, kind, y) => s("circle", { class: kind, cx: at(value, most), cy: y, r: 3 }, s("title", null, `${digits(Math.expm1(value) * 100, 2)} %`));
    const axis = (far) => s("svg", { class: "axis", "aria-hidden": "true" }, [-1, 0, 1].map((place) => s("text", { x: at(place * far, far), y: 12, "text-anchor": ["start", "middle", "end"][place + 1] }, place ? `${place > 0 ? "+" : "−"}${digits(Math.abs(Math.expm1(place * far)) * 100, 2)} %` : "0")));
    const spread = (values) => (values.length ? `${digits((Math.exp(Math.max(...values) - Math.min(...values)) - 1) * 100, 2)} %` : "–");
    return section(id, title,
      h("p", { class: "sub" }, said ? "Left: the speed-up that each fresh process said, as its distance from the estimate; under it in grey the baseline against itself, on the same scale, where only noise differs. Right: the" : "The", " time of one call over all rounds, 5, 25, 50, 75 and 95 % of it around the median."),
      where(run, cells), bar, shownAs(),
      page.aggregated ? h("p", { class: "note" }, page.aggregated) : null,
      h("div", { class: "legend" }, key(["python"], ["rust"]), said ? h("label", null, s("svg", { width: 12, height: 12, viewBox: "-6 -6 12 12", "aria-hidden": "true" }, s("circle", { class: "control", r: 3.5 })), "control: the baseline against itself") : null),
      h("table", { class: "ranking steady cards" },
        h("caption", null, !said ? "Times of one call" : base ? ["Speed-ups over ", name(base)] : "No baseline is chosen that occurs here"),
        h("thead", null, h("tr", null, h("th", { scope: "col" }, "implementation"), said ? h("th", { scope: "col", class: "plot" }, "processes, distance from the estimate", axis(most)) : null, h("th", { scope: "col", class: "plot" }, "calls, distance from the median", axis(reach)), h("th", { scope: "col", class: "n" }, "processes"))),
        h("tbody", null, sets.map((set) => h("tr", { class: set.cell.limit ? "limit" : "" },
          h("th", { scope: "row" }, name(set.cell.id)),
          said && h("td", { class: "plot", "data-label": "processes" }, s("svg", { class: `forest ${language(set.cell.id)}`, role: "img", "aria-label": `${set.cell.id}: processes differ by ${spread(set.own)}, the control by ${spread(set.control)}` }, s("line", { class: "grid", x1: "50%", x2: "50%", y1: 0, y2: "100%" }), set.control.map((value) => dot(value, "control", "74%")), set.own.map((value) => dot(value, "dotc", "26%")))),
          h("td", { class: "plot", "data-label": "calls" }, set.box ? s("svg", { class: `forest ${language(set.cell.id)}`, role: "img", "aria-label": `${set.cell.id}: 5 to 95 % of calls from ${duration(set.cell.quantiles[0])} to ${duration(set.cell.quantiles[4])}` }, s("line", { class: "grid", x1: "50%", x2: "50%", y1: 0, y2: "100%" }), s("line", { class: "whisk", x1: at(set.box[0], reach), x2: at(set.box[4], reach), y1: "50%", y2: "50%" }), s("rect", { class: "box", x: at(set.box[1], reach), width: `${Math.max(0.4, parseFloat(at(set.box[3], reach)) - parseFloat(at(set.box[1], reach))).toFixed(2)}%`, y: "22%", height: "56%" })) : null),
          h("td", { class: "n", "data-label": "processes" }, String(set.cell.processes)))))),
      behind("The numbers behind this picture", ["implementation", "processes", ...(said ? ["spread of processes", "spread of the control"] : []), "5 % of calls", "25 %", "50 %", "75 %", "95 %", "tells differences from", "clock"],
        sets.map((set) => [name(set.cell.id), String(set.cell.processes), ...(said ? [spread(set.own), spread(set.control)] : []), ...(set.box ? set.cell.quantiles.map(duration) : ["–", "–", "–", "–", "–"]), set.comparison?.resolves ? percent(set.comparison.resolves) : "–", set.comparison ? set.comparison.clock : "–"])));
  }

  // --- threads ---

  function threads() {
    const run = runs.get(view.run);
    const found = tasksOf().flatMap((task) => {
      const cells = shown(task);
      return ranked(cells).filter((cell) => cell.cores).map((cell) => {
        const others = ranked(cells).filter((each) => !each.cores && language(each.id) === language(cell.id));
        const alone = others.find((each) => each.id === cell.id.replace(/_rayon$/, "")) || others[0];
        return { cell, alone, found: alone ? beside(cell, alone.id, cells) : null };
      });
    });
    if (!found.length) return section("threads", "Threads", missing("Not measured here: no contender of this selection uses several threads. ", h("code", null, "nanogpt-rs bench --all"), " adds those that do."));
    return section("threads", "Threads",
      h("p", { class: "sub" }, `What several threads gain on ${plural(run.machine.cores, "core", "cores")} over the same idea with one, or where there is none over the fastest with one of the same language. These pairs share no rounds unless one is a baseline, so most have no interval.`),
      where(run, shown()),
      h("table", { class: "cards" }, h("caption", null, "Several threads beside one"), h("thead", null, h("tr", null, ["task and implementation", "cores busy", "one call", "with one thread", "speed-up over it", "verdict"].map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", null, found.map((row) => h("tr", null, h("th", { scope: "row" }, name(row.cell.task), ": ", sourceLink(row.cell), row.cell.cores <= 1.05 ? h("span", { class: "badge" }, "did not split at this size") : null), h("td", { "data-label": "cores busy" }, row.cell.cores.toFixed(2)), h("td", { class: "whole", "data-label": "one call" }, duration(row.cell.seconds)), h("td", { "data-label": "with one thread" }, row.alone ? [name(row.alone.id), " ", h("span", { class: "whole" }, duration(row.alone.seconds))] : "–"), h("td", { class: "ratio", "data-label": "speed-up over it" }, ratioOf(row.found)), h("td", { class: "v", "data-label": "verdict" }, verdictOf(row.found)))))));
  }

  // --- what failed ---

  function failures() {
    const run = runs.get(view.run);
    const once = new Map();
    for (const cell of run.cells) if (cell.status !== "right") {
      const words = [cell.task, cell.id, cell.status, cell.details.join("\n")].join("\n");
      const known = once.get(words);
      if (known) known.texts.push(`${cell.corpus}, ${cell.state}`);
      else once.set(words, { cell, texts: [`${cell.corpus}, ${cell.state}`] });
    }
    const failed = [...once.values()].sort((a, b) => (a.cell.status < b.cell.status ? 1 : -1));
    const untold = run.cells.flatMap((cell) => cell.limit ? [] : cell.against.filter((each) => ["invalid", "inconclusive"].includes(each.comparison.verdict)).map((each) => ({ cell, each })));
    const texts = (list) => { const all = unique(list); return all.length > 3 ? `${all.slice(0, 3).join("; ")} and ${all.length - 3} more` : all.join("; "); };
    return section("failed", "What failed, and why",
      where(run, []),
      failed.length ? h("table", { class: "cards" }, h("caption", null, "wrong: its answer or its refusal was not right, it crashed or hung. n/a: it cannot run here."),
        h("thead", null, h("tr", null, ["implementation", "status", "why", "where"].map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", null, failed.map(({ cell, texts: list }) => h("tr", null, h("th", { scope: "row" }, name(cell.task), ": ", sourceLink(cell)), h("td", { "data-label": "status" }, h("span", { class: `verdict ${cell.status === "wrong" ? "wrong" : "inconclusive"}` }, cell.status === "wrong" ? "✕ wrong" : cell.status)), h("td", { "data-label": "why" }, cell.details.map((each) => h("span", { class: "long", dir: "auto" }, short(each, 2000)))), h("td", { "data-label": "where" }, texts(list))))))
        : h("p", null, "Nothing failed in this run: each implementation was right, and ran."),
      untold.length ? h("details", { class: "behind", open: untold.length <= 12 }, h("summary", null, `${plural(untold.length, "comparison", "comparisons")} that this run could not tell`),
        h("table", { class: "cards" }, h("caption", null, "Neither faster, slower nor equivalent"), h("thead", null, h("tr", null, ["implementation", "verdict", "why", "where"].map((each) => h("th", { scope: "col" }, each)))),
          h("tbody", null, untold.map(({ cell, each }) => h("tr", null, h("th", { scope: "row" }, name(cell.task), ": ", name(cell.id), " against ", name(each.id)), h("td", { "data-label": "verdict" }, verdictOf({ ...each.comparison, measured: true })), h("td", { "data-label": "why" }, h("span", { class: "long" }, each.comparison.reason || "")), h("td", { "data-label": "where" }, `${cell.corpus}, ${cell.state}`)))))) : h("p", null, "Every comparison of this run was told: faster, slower or equivalent."));
  }

  // --- runs and downloads ---

  function provenance() {
    const run = runs.get(view.run);
    const fact = (label, value) => h("div", null, h("b", null, `${label}: `), value ?? "unknown");
    const watched = run.cells.map((cell) => cell.meanwhile).filter(Boolean);
    const loads = watched.flatMap((each) => each.load || []);
    const share = (key) => { const known = watched.filter((each) => each[key] !== null); const whole = known.reduce((sum, each) => sum + each.seconds, 0); return whole ? percent(known.reduce((sum, each) => sum + each[key] * each.seconds, 0) / whole) : "unknown"; };
    const corpora = corporaOf(run).map((id) => run.cells.find((cell) => cell.corpus === id));
    return section("runs", "Runs, machines, texts, downloads",
      h("p", { class: "sub" }, "The tables and pictures of tasks are of one run, which is chosen at the top. Whole jobs, steps and memory were measured by other commands: they are of the newest such run on the same machine, which stands above each."),
      h("div", { class: "bar" },
        page.aggregated ? null : h("button", { type: "button", class: "download", onclick: () => download("nanogpt-rs-records.jsonl", "application/jsonl", recordText) }, "Download the records (JSON Lines)"),
        h("button", { type: "button", class: "download", onclick: () => download(`nanogpt-rs-${run.run}.csv`, "text/csv", csv(run)) }, "Download this run as a table (CSV)")),
      page.aggregated ? h("p", { class: "notice" }, page.aggregated) : null,
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All runs" }, h("table", null, h("caption", null, "All runs in this page"), h("thead", null, h("tr", null, ["machine", "began (UTC)", "command", "commit", "build", "holds", "file", "state"].map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", null, page.runs.map((each) => h("tr", { class: each.run === view.run ? "isref" : "" }, h("th", { scope: "row" }, name(each.machine.alias)), h("td", null, began(each).slice(0, 16).replace("T", " ")), h("td", null, name(each.command)), h("td", { class: "mono" }, each.commit ? each.commit.slice(0, 8) + (each.dirty ? "+" : "") : "–"), h("td", null, each.build.profile), h("td", null, holds(each)), h("td", null, name(each.file)), h("td", null, each.complete ? "complete" : "unfinished"))),
          page.divisions.map((each) => h("tr", null, h("th", { scope: "row" }, name(each.machine.alias)), h("td", null, each.date), h("td", null, `training, ${each.division} division`), h("td", { class: "mono" }, `${String(each.commit).slice(0, 8)}${each.dirty ? "+" : ""}`), h("td", null, "–"), h("td", null, plural((each.entries || each.losses).length, "model", "models")), h("td", null, name(each.file)), h("td", null, "complete")))))),
      h("h3", null, "The run that is shown"),
      h("div", { class: "facts" },
        fact("machine", name(run.machine.alias)), fact("processor", name(run.machine.cpu)), fact("cores", String(run.machine.cores)), fact("memory", `${(run.machine.memory / 2 ** 30).toFixed(1)} GiB free at the start`), fact("governor", run.machine.governor), fact("system", name(run.machine.system)), fact("Python", name(run.machine.python)),
        Object.entries(run.build).filter(([key, value]) => value && !["commit", "source_hash", "version"].includes(key)).map(([key, value]) => fact(key.replace("_", " "), name(value))),
        Object.entries(run.packages).map(([key, value]) => fact(key, name(value))),
        fact("commit", run.commit ? `${run.commit}${run.dirty ? " with uncommitted changes" : ""}` : "unknown"), fact("sources", name(run.sources)), fact("began", `${began(run).slice(0, 16).replace("T", " ")} UTC`),
        fact("load", loads.length ? `${Math.min(...loads).toFixed(2)} to ${Math.max(...loads).toFixed(2)}` : "unknown"), fact("stolen by the hypervisor", share("steal")), fact("processors busy", share("busy")), fact("tests adjusted together", count(run.tests))),
      h("h3", null, "Its texts"),
      h("table", { class: "cards" }, h("caption", null, "The texts of the run that is shown"), h("thead", null, h("tr", null, ["text", "what it is", "characters", "widest", "SHA-256"].map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", null, corpora.map((cell) => h("tr", null, h("th", { scope: "row" }, name(cell.corpus)), h("td", { "data-label": "what it is" }, page.corpora[cell.corpus] || "a file of its owner’s"), h("td", { class: "n", "data-label": "characters" }, count(cell.characters)), h("td", { "data-label": "widest" }, cell.width), h("td", { class: "mono id", "data-label": "SHA-256" }, cell.sha256))))));
  }
  // What a run holds, in words.
  const HELD = { call_in_steps: ["call in steps", "calls in steps"], first_call: ["first call", "first calls"], whole_job: ["job record", "job records"], job_difference: ["job record", "job records"] };
  function holds(each) {
    const counts = new Map();
    for (const { kind } of runs.get(each.run).other) counts.set(HELD[kind][1], [kind, (counts.get(HELD[kind][1])?.[1] || 0) + 1]);
    const others = [...counts.values()].map(([kind, number]) => plural(number, ...HELD[kind]));
    return [...(each.count || !others.length ? [plural(each.count, "cell", "cells")] : []), ...others].join(", ");
  }
  function csv(run) {
    const head = ["task", "id", "corpus", "corpus_sha256", "characters", "width", "state", "status", "seconds", "reference", "role", "verdict", "ratio", "low", "high", "control_low", "control_high", "processes", "details", "machine", "profile", "commit", "began"];
    const quoted = (value) => { const text = value === null || value === undefined ? "" : String(value); return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text; };
    const lines = run.cells.flatMap((cell) => (cell.against.length ? cell.against : [null]).map((each) => {
      const found = each?.comparison;
      return [cell.task, cell.id, cell.corpus, cell.sha256, cell.characters, cell.width, cell.state, cell.status, cell.seconds, each?.id, each?.role, found?.verdict, found?.ratio, found?.interval?.[0], found?.interval?.[1], found?.control?.interval?.[0], found?.control?.interval?.[1], cell.processes, cell.details.join("; "), run.machine.alias, run.build.profile, run.commit, began(run)].map(quoted).join(",");
    }));
    return [head.join(","), ...lines].join("\r\n") + "\r\n";
  }

  // --- the whole job ---

  const FIELDS = {
    size: { before: "text ", after: " characters", name: "characters of the text", least: 1, most: 1e12 },
    steps: { before: "training ", after: " steps of", name: "steps of training", least: 0, most: 1e9 },
    stepTime: { before: "", after: " ms each", name: "milliseconds that a step takes", least: 0, most: 1e7 },
  };
  const isGiven = (key) => view[key] !== null && view[key] !== "";
  function given(key) {
    const value = isGiven(key) ? Number(view[key]) : NaN;
    return value >= FIELDS[key].least && value <= FIELDS[key].most ? value : null;
  }

  // A number that the reader gave. Only what follows from it is drawn anew, so that the focus stays.
  function describe(key, input) {
    view[key] = input.validity.badInput ? "?" : input.value;
    remember();
    byId("answer-job")?.replaceWith(wholeJobSentence());
    const job = theJob();
    check(key, job);
    byId("job-said").replaceChildren(...jobSays(job));
    byId("job-results").replaceChildren(...jobResults(job));
  }
  function check(key, job) {
    const refused = isGiven(key) && given(key) === null;
    const { name: what, least, most } = FIELDS[key];
    const used = { size: job.size, steps: job.steps, stepTime: job.step === null ? null : digits(job.step * 1000, 3) }[key];
    byId(`job-${key}`).setAttribute("aria-invalid", String(refused));
    byId(`job-${key}-refused`).textContent = refused ? `${what}: a number from ${count(least)} to ${count(most)} is needed${used === null ? "" : `; ${typeof used === "number" ? count(used) : used} is used instead`}.` : "";
  }

  // Where the preparation was measured, in the order of sizes: one text of about each size, the
  // chosen one before others.
  function preparations() {
    const cells = timed(runs.get(view.run).cells).filter((cell) => cell.task === page.preparation && cell.state === view.state && cell.width === shown()[0].width && cell.characters > 0);
    const found = unique(cells.map((cell) => cell.corpus)).map((corpus) => {
      const there = cells.filter((cell) => cell.corpus === corpus);
      const [strongest, lecture] = ["strongest", "lecture"].map((role) => there.find((cell) => cell.id === baseOf(there, role)));
      return { corpus, characters: there[0].characters, there, strongest, lecture, rust: fastest(there, "rust") };
    }).filter((each) => each.rust && each.strongest);
    found.sort((a, b) => (b.corpus === view.corpus) - (a.corpus === view.corpus) || b.there.length - a.there.length || (b.corpus === "tinyshakespeare") - (a.corpus === "tinyshakespeare"));
    const kept = [];
    for (const each of found) if (kept.every((other) => Math.abs(Math.log(other.characters / each.characters)) > Math.log(1.5))) kept.push(each);
    return kept.sort((a, b) => a.characters - b.characters);
  }
  // What a preparation takes: between two sizes that were measured interpolated on logarithmic axes,
  // outside of them in proportion.
  function secondsOf(sizes, role, characters) {
    const known = sizes.filter((each) => each[role]);
    const above = known.findIndex((each) => each.characters >= characters);
    if (above <= 0) {
      const end = known.at(above);
      return (end[role].seconds / end.characters) * characters;
    }
    const [low, high] = [known[above - 1], known[above]];
    const part = Math.log(characters / low.characters) / Math.log(high.characters / low.characters);
    return low[role].seconds * Math.pow(high[role].seconds / low[role].seconds, part);
  }

  // The whole jobs that were measured last on this machine.
  function newestJobs() {
    const jobs = measuredBeside("whole_job", (record) => [record.text.sha256, record.config, record.found.how, record.found.id].join("\n"));
    const newest = jobs.reduce((last, each) => (each.run.run > last ? each.run.run : last), "");
    return jobs.filter((each) => each.run.run === newest);
  }
  const on = (how) => (how ? ` on ${how}` : "");
  const STEP_STAGES = ["batches", "forward", "backward", "optimizer"];

  // A step's time as it was measured on this machine: in the closed division, else in whole jobs.
  function measuredStep() {
    const { machine } = runs.get(view.run);
    const closed = page.divisions.filter((each) => each.division === "closed" && sameMachine(each.machine, machine) && each.entries.length).at(-1);
    if (closed) {
      const entry = [...closed.entries].sort((a, b) => a.step_seconds - b.step_seconds)[0];
      return { seconds: entry.step_seconds, steps: entry.steps, from: `the one measured in the closed division: ${entry.variant}, processor time, ${closed.machine.alias}, ${closed.date}, commit ${String(closed.commit).slice(0, 8)}` };
    }
    const jobs = newestJobs();
    if (!jobs.length || !jobs[0].record.found.steps) return null;
    const [{ run, record }] = jobs;
    const of = (found) => STEP_STAGES.reduce((sum, stage) => sum + (found.seconds[stage] || 0), 0) / found.steps;
    return { seconds: median(jobs.map((each) => of(each.record.found))), steps: record.found.steps, from: `the median of the whole jobs measured on this machine (${STEP_STAGES.join(", ")}): config ${record.config}${on(record.found.how)}, wall-clock time, ${run.machine.alias}, ${began(run).slice(0, 10)}, commit ${String(run.commit).slice(0, 8)}` };
  }

  // A job of the reader's: so many steps of so many seconds after the preparation of so much text.
  // What was measured fills in what the reader leaves open; a step's time that nobody gave is null.
  function theJob() {
    const sizes = preparations();
    if (!sizes.length) return null;
    const own = sizes.find((each) => each.corpus === view.corpus);
    const chosen = shown()[0];
    const size = given("size") ?? chosen.characters;
    const far = (each) => Math.abs(Math.log(each.characters / size));
    const nearest = (role) => sizes.filter((each) => each[role]).reduce((best, each) => (best && far(best) <= far(each) ? best : each), null);
    const [rust, strongest, lecture] = ["rust", "strongest", "lecture"].map((role) => nearest(role)?.[role]);
    const found = measuredStep();
    const stepTime = given("stepTime");
    const step = stepTime !== null ? stepTime / 1000 : found ? found.seconds : null;
    const steps = given("steps") ?? (found ? found.steps : 2000);
    const seconds = (role, characters = size) => secondsOf(sizes, role, characters);
    return { size, step, steps, found, sizes, own, measured: stepTime === null && Boolean(found), nearest: nearest("rust"), rust, strongest, lecture, seconds };
  }
  const gainOf = (job, role, characters = job.size) => (job.seconds(role, characters) - job.seconds("rust", characters)) / (job.seconds(role, characters) + job.steps * job.step);

  // The least longer text of which Rust gains 1 %, with as many steps, rounded up; null if none.
  function worthFrom(job) {
    const enough = (characters) => gainOf(job, "strongest", characters) >= 0.01;
    let low = job.size;
    while (low < 1e15 && !enough(low * 1.2)) low *= 1.2;
    if (low >= 1e15) return null;
    let high = low * 1.2;
    for (let turn = 0; turn < 40; turn++) {
      const middle = Math.sqrt(low * high);
      if (enough(middle)) high = middle;
      else low = middle;
    }
    const unit = Math.pow(10, Math.max(0, Math.floor(Math.log10(high)) - 2));
    return Math.ceil(high / unit) * unit;
  }

  // Whole jobs as they were measured: where the time goes, stage by stage, and what is gained.
  function measuredJobs() {
    const mine = newestJobs();
    if (!mine.length) return null;
    const [{ run, record }] = mine;
    const stages = unique(mine.flatMap((each) => Object.keys(each.record.found.seconds)));
    const whole = (found) => Object.values(found.seconds).reduce((sum, each) => sum + each, 0);
    const prepared = (found) => found.prepare.reduce((sum, stage) => sum + (found.seconds[stage] || 0), 0);
    const longest = Math.max(...mine.map((each) => whole(each.record.found)));
    const gains = run.other.filter((each) => each.kind === "job_difference");
    const seconds = (value) => (value < 0 ? `−${duration(-value)}` : duration(value));
    return h("div", null, h("h3", null, "Measured, from a file to a loss"),
      h("p", { class: "sub" }, `Config `, name(record.config), `${on(record.found.how)}, ${count(record.found.steps)} steps; each job in a fresh process. All trained the same model to the same bits: loss ${record.found.val_loss.toFixed(4)}. Wall-clock time.`),
      where(run, [record.text]),
      h("table", { class: "cards parts" }, h("caption", null, "Whole jobs, by what prepared the text"), h("thead", null, h("tr", null, h("th", { scope: "col" }, "prepared by"), h("th", { scope: "col", class: "plot" }, "preparation, and all the rest"), ...["preparation", "whole job", "preparation’s share"].map((each) => h("th", { scope: "col", class: "n" }, each)))),
        h("tbody", null, mine.map(({ record: { found } }) => h("tr", null, h("th", { scope: "row" }, name(found.id)),
          h("td", { class: "plot" }, s("svg", { class: `forest ${language(found.id)}`, role: "img", "aria-label": `${duration(prepared(found))} of ${duration(whole(found))}` },
            s("rect", { class: "rest", x: 0, y: "15%", height: "70%", width: `${(100 * whole(found) / longest).toFixed(2)}%` }), s("rect", { class: "mark", x: 0, y: "15%", height: "70%", width: `${(100 * prepared(found) / longest).toFixed(2)}%` }))),
          h("td", { class: "n", "data-label": "preparation" }, duration(prepared(found))), h("td", { class: "n", "data-label": "whole job" }, duration(whole(found))), h("td", { class: "n", "data-label": "share" }, percent(prepared(found) / whole(found))))))),
      behind("Stage by stage", ["stage", ...mine.map((each) => name(each.record.found.id))], stages.map((stage) => [name(stage), ...mine.map((each) => (stage in each.record.found.seconds ? duration(each.record.found.seconds[stage]) : ""))])),
      gains.length ? [h("p", { class: "sub" }, `What a preparation gains is the paired difference of preparations alone (state ${gains[0].state}): training is too noisy to show it.`),
        h("table", { class: "cards" }, h("caption", null, "What preparations gain"), h("thead", null, h("tr", null, ["preparation", "against", "gains [95 % interval]", "of the whole job", "verdict"].map((each) => h("th", { scope: "col" }, each)))),
          h("tbody", null, gains.map(({ found, rest }) => h("tr", null, h("th", { scope: "row" }, name(found.id)), h("td", { "data-label": "against" }, name(found.reference)),
            h("td", { "data-label": "gains" }, found.comparison.verdict === "invalid" ? h("span", { class: "unmeasured" }, `(${seconds(found.seconds)})`) : [seconds(found.seconds), found.interval ? ` [${seconds(found.interval[0])}, ${seconds(found.interval[1])}]` : ""]),
            h("td", { "data-label": "of the whole job" }, signed(found.seconds / (found.reference_seconds + rest))), h("td", { "data-label": "verdict" }, verdictOf({ ...found.comparison, measured: true }))))))] : null);
  }

  function wholeJob() {
    const job = theJob();
    const measured = measuredJobs();
    const trained = page.divisions.length ? divisions() : null;
    if (!job) return section("job", "The whole job", measured, measured ? h("h3", null, "Your own job") : null, missing("Not measured here: this selection does not hold the task ", name(page.preparation), ", by which a text is prepared for training, in Rust beside the strongest Python."), trained);
    const hints = { size: String(job.size), steps: String(job.steps), stepTime: job.found ? digits(job.found.seconds * 1000, 3) : "your time" };
    const field = (key) => {
      const { before, after, name: what, least, most } = FIELDS[key];
      return h("label", { for: `job-${key}` }, before, h("input", { id: `job-${key}`, type: "number", min: least, max: most, step: "any", "aria-label": what, "aria-describedby": `job-${key}-refused`, value: view[key] ?? "", placeholder: hints[key], onchange: ({ target }) => describe(key, target), onblur: ({ target }) => target.validity.badInput && describe(key, target) }), after);
    };
    return section("job", "The whole job", measured, h("h3", null, "Your own job"),
      h("p", { class: "sub" }, "Preparation is done once, training takes the rest. Set your own job: what it gains follows from the times of this run. These are computed from medians, so they have no interval."),
      job.own ? null : h("p", { class: "note" }, "The preparation was not measured on the chosen text, ", name(view.corpus), "; using ", name(job.nearest.corpus), "."),
      where(runs.get(view.run), job.nearest.there),
      h("div", { class: "bar" }, Object.keys(FIELDS).map(field)),
      printed(Object.keys(FIELDS).map((key) => [FIELDS[key].before, given(key) ?? hints[key], FIELDS[key].after, " "])),
      Object.keys(FIELDS).map((key) => h("p", { class: "notice refused", id: `job-${key}-refused` })),
      h("p", { id: "job-said", role: "status" }, jobSays(job)),
      h("div", { id: "job-results" }, jobResults(job)),
      trained);
  }

  // What the reader's job gains, in a sentence.
  function jobSays(job) {
    if (job.step === null) return [];
    const gain = gainOf(job, "strongest");
    const worth = gain < 0.01 ? worthFrom(job) : null;
    const largest = job.sizes.at(-1).characters;
    return [h("strong", null, `Rust gains ${signed(gain)} of this job over the strongest Python${gain < 0.01 ? ": not worth a rewrite for the job’s sake" : ""}.`,
      worth ? ` It would be 1 % for a text of ${count(worth)} characters, with as many steps${worth > largest ? `: in proportion beyond ${count(largest)}, the largest that was measured` : ""}.` : "",
      gain <= 0 ? " That is no gain." : "")];
  }
  function jobResults(job) {
    const rows = [["the lecture’s", "lecture"], ["strongest Python", "strongest"], ["best Rust", "rust"]].filter(([, role]) => job[role]);
    const training = job.steps * job.step;
    const line = ([label, role]) => {
      const preparation = job.seconds(role);
      const saved = preparation - job.seconds("rust");
      const known = job.step !== null;
      const whole = preparation + training;
      return h("tr", null, h("th", { scope: "row" }, `${label}: `, name(job[role].id)), h("td", { "data-label": "preparation" }, duration(preparation)),
        h("td", { "data-label": "training" }, known ? duration(training) : "–"), h("td", { "data-label": "whole job" }, known ? duration(whole) : "–"), h("td", { "data-label": "preparation’s share" }, known ? percent(preparation / whole) : "–"),
        h("td", { "data-label": "Rust gains" }, role === "rust" ? "–" : `${saved < 0 ? "−" : ""}${duration(Math.abs(saved))}${known ? `, ${signed(saved / whole)}` : ""}`));
    };
    const [least, largest] = [job.sizes[0].characters, job.sizes.at(-1).characters];
    const near = (characters) => Math.abs(Math.log(characters / job.size)) < 0.01;
    const end = job.size > largest ? largest : least;
    const rival = rivalOf(job.nearest.there);
    return [
      h("p", { class: "note" }, job.measured ? `A step’s time is ${job.found.from}.` : job.step === null ? "Neither a closed division nor a whole job was measured on this machine, so a step’s time has to come from you." : "A step’s time is yours; it was not measured here."),
      job.sizes.some((each) => near(each.characters)) ? null : h("p", { class: "note" }, job.size > largest || job.size < least ? `Extrapolated: from ${count(end)} characters, the ${job.size > largest ? "largest" : "smallest"} size that was measured, in proportion.` : "Interpolated between the two nearest sizes that were measured; the names are those of the nearest."),
      rival ? h("p", { class: "note" }, name(rival.cell.id), ` is faster at ${count(job.nearest.characters)} characters than the Python marked as strongest, ${meant(rival.cell)}.`) : null,
      h("table", { class: "cards" }, h("caption", null, name(page.preparation), ` of ${count(job.size)} characters and ${count(job.steps)} steps`),
        h("thead", null, h("tr", null, ["prepared by", "preparation", "training", "whole job", "preparation’s share", "Rust gains"].map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", null, rows.map(line))),
      job.step === null ? null : gainChart(job),
    ].filter(Boolean);
  }

  // What Rust gains of the whole job, over the size of the text: where it begins to matter.
  function gainChart(job) {
    const room = byId("content").clientWidth || 700;
    const narrow = room < 620;
    const [full, tall, left, right, top, bottom] = [Math.max(260, Math.min(room, 1100)), 260, 60, narrow ? 10 : 190, 12, 40];
    const sizes = Array.from({ length: 49 }, (_, index) => 1000 * Math.pow(10, index / 6));
    const lines = [["lecture", "s7", "over the lecture’s"], ["strongest", "s1", "over the strongest Python"]].filter(([role]) => job[role]);
    const gain = (role, characters) => gainOf(job, role, characters);
    const largest = job.sizes.at(-1).characters;
    const [x, y] = [scale([1e3, 1e11], left, full - right), scale([1e-6, 1], tall - bottom, top)];
    const seen = (role) => sizes.filter((each) => gain(role, each) >= 1e-6);
    const inside = (value) => Math.max(top, Math.min(tall - bottom, y(Math.max(value, 1e-9))));
    return h("figure", { class: "chart" }, h("figcaption", { class: "sub" }, "The share of the whole job that Rust gains, over the size of the text, with as many steps; the dots are your job. Right of the vertical line no text was measured, and times are in proportion."), h("div", { role: "img", "aria-label": "The share of the job that Rust gains, over the characters of the text; the table above has it for the chosen size" },
      s("svg", { width: full, height: tall, viewBox: `0 0 ${full} ${tall}`, "aria-hidden": "true" },
        ticks([1e3, 1e11], narrow ? 5 : 9).map((tick) => [s("line", { class: "gridline", x1: x(tick), x2: x(tick), y1: top, y2: tall - bottom }), s("text", { x: x(tick), y: tall - bottom + 16, "text-anchor": "middle" }, size(tick))]),
        [1e-6, 1e-4, 1e-2, 1].map((tick) => [s("line", { class: "gridline", x1: left, x2: full - right, y1: y(tick), y2: y(tick) }), s("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, `${plainNumber(tick * 100)} %`)]),
        s("rect", { class: "frame", x: left, y: top, width: full - right - left, height: tall - bottom - top }),
        s("text", { class: "title", x: (left + full - right) / 2, y: tall - 6, "text-anchor": "middle" }, "characters of the text"),
        s("line", { class: "frame", x1: x(largest), x2: x(largest), y1: top, y2: tall - bottom }),
        lines.map(([role, look, label]) => s("g", { class: look }, s("title", null, label), s("polyline", { class: `line ${look === "s7" ? "dash" : ""}`, points: seen(role).map((each) => `${x(each).toFixed(1)},${inside(gain(role, each)).toFixed(1)}`).join(" ") }),
          s("g", { transform: `translate(${x(Math.min(1e11, Math.max(1e3, job.size))).toFixed(1)},${inside(gain(role, job.size)).toFixed(1)})` }, s("circle", { class: "mark", r: 5 })))),
        narrow ? null : lines.map(([, look, label], index) => s("g", { class: look }, s("text", { class: "label", x: full - right + 12, y: top + 18 + 20 * index }, label))))),
      narrow ? h("div", { class: "legend" }, lines.map(([, look, label]) => h("label", null, s("svg", { width: 26, height: 12, viewBox: "-13 -6 26 12", class: look, "aria-hidden": "true" }, s("path", { class: `line ${look === "s7" ? "dash" : ""}`, d: "M-13,0 H13" })), label))) : null);
  }

  function divisions() {
    const facts = (each) => h("p", { class: "where" }, name(each.machine.alias), " · ", name(each.corpus.id), ` ${String(each.corpus.sha256).slice(0, 12)} · commit ${String(each.commit).slice(0, 8)}${each.dirty ? " with uncommitted changes" : ""} · ${each.date}`);
    return h("div", null, h("h3", null, "Training, measured"), page.divisions.map((each) => (each.division === "closed"
      ? [h("p", null, h("b", null, "Closed division"), ": the same model, data and schedule, computed in different ways", each.within ? "." : "; a loss is outside its band."), facts(each),
        h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Closed division" }, h("table", null, h("thead", null, h("tr", null, ["computed as", "seed", "steps", "validation loss", "a step (CPU)", "before the first", "times as fast as that way"].map((word) => h("th", { scope: "col" }, word)))),
          h("tbody", null, each.entries.map((entry) => { const gain = each.gains.find((one) => one.reference === entry.variant); return h("tr", null, h("th", { scope: "row" }, name(entry.variant)), h("td", null, String(entry.seed)), h("td", null, count(entry.steps)), h("td", null, entry.val_loss.toFixed(4)), h("td", null, duration(entry.step_seconds)), h("td", null, duration(entry.compile_seconds)), h("td", null, gain ? `ours ${times(gain.ratio)}× ${bracket(gain.interval)}` : "")); }))))]
      : [h("p", null, h("b", null, "Open division"), `: any network; mean loss ${each.mean.toFixed(4)} over ${each.losses.length} seeds (p = ${digits(each.p, 2)}) in ${duration(each.seconds)}, of which preparation took ${duration(each.prepare_seconds)} of ${duration(each.cpu_seconds)} of processor time.`), facts(each)])));
  }

  // --- what other commands measured on the same machine ---

  // The newest of each, with its run, on the machine that is shown.
  function measuredBeside(kind, key) {
    const here = runs.get(view.run).machine;
    const mine = [...runs.values()].filter((run) => sameMachine(run.machine, here)).sort((a, b) => (a.run < b.run ? -1 : 1));
    const newest = new Map();
    for (const run of mine) for (const record of run.other) if (record.kind === kind) newest.set(key(record), { run, record });
    return [...newest.values()];
  }

  const STEP_LOOKS = ["s0", "s5", "s1", "s4", "s3", "s2", "s7", "s6"];

  function parts() {
    const found = measuredBeside("call_in_steps", (record) => [record.found.task, record.found.id, record.text.sha256, record.state].join("\n"));
    if (!found.length) return section("parts", "Where a call’s time goes", missing("Not measured here. ", h("code", null, "nanogpt-rs breakdown TASK ID"), " takes a call apart."));
    const names = unique(found.flatMap(({ record }) => record.found.steps.map((step) => step.name)));
    const look = (step) => STEP_LOOKS[names.indexOf(step) % STEP_LOOKS.length];
    const groups = unique(found.map(({ run, record }) => [run.run, record.found.task, record.text.sha256, record.state].join("\n"))).map((group) => found.filter(({ run, record }) => [run.run, record.found.task, record.text.sha256, record.state].join("\n") === group));
    return section("parts", "Where a call’s time goes",
      h("p", { class: "sub" }, "The same call made again and again, stopped a step later each time. Each bar is one whole call, however long that is: the time stands beside it."),
      h("div", { class: "legend" }, names.map((each) => h("label", null, s("svg", { width: 14, height: 14, class: look(each), "aria-hidden": "true" }, s("rect", { class: "mark", width: 14, height: 14 })), name(each)))),
      groups.map((group) => {
        const [{ run, record }] = group;
        return [h("h3", null, name(record.found.task), `, ${record.state}`), where(run, [record.text]),
          h("table", { class: "cards parts" }, h("caption", null, "The steps of one call"), h("thead", null, h("tr", null, h("th", { scope: "col" }, "implementation"), h("th", { scope: "col", class: "plot" }, "steps, in order"), h("th", { scope: "col", class: "n" }, "one call"))),
            h("tbody", null, group.map(({ record: { found: each } }) => {
              const whole = each.steps.reduce((sum, step) => sum + Math.max(0, step.seconds), 0) || 1;
              let from = 0;
              const bars = each.steps.map((step) => { const wide = Math.max(0, step.seconds) / whole; const bar = { step, from, wide }; from += wide; return bar; });
              const said = each.steps.map((step) => `${step.name} ${duration(step.seconds)}`).join("; ");
              return h("tr", null, h("th", { scope: "row" }, name(each.id)), h("td", { class: "plot" }, s("svg", { class: "forest", role: "img", "aria-label": said }, bars.map((bar) => s("rect", { class: `mark ${look(bar.step.name)}`, x: `${(bar.from * 100).toFixed(2)}%`, width: `${(bar.wide * 100).toFixed(2)}%`, y: "10%", height: "80%" }, s("title", null, `${bar.step.name}: ${duration(bar.step.seconds)}`))))), h("td", { class: "n", "data-label": "one call" }, duration(each.seconds)));
            }))),
          behind("The numbers behind this picture", ["implementation", "step", "time", "95 % interval", "share", "clock"], group.flatMap(({ record: { found: each } }) => each.steps.map((step) => [name(each.id), name(step.name), duration(step.seconds), step.interval ? `${duration(step.interval[0])} to ${duration(step.interval[1])}` : "–", percent(step.seconds / each.seconds), each.clock])))];
      }));
  }

  function memory() {
    const found = measuredBeside("first_call", (record) => [record.found.task, record.found.id, record.text.sha256, record.found.uncached].join("\n"));
    if (!found.length) return section("memory", "Memory", missing("Not measured here. ", h("code", null, "nanogpt-rs memory TASK"), " measures first calls in fresh processes."));
    const tasks = unique([...Object.keys(page.tasks), ...found.map(({ record }) => record.found.task)]);
    found.sort((a, b) => tasks.indexOf(a.record.found.task) - tasks.indexOf(b.record.found.task));
    const bytes = (value) => (value >= 1e6 ? `${digits(value / 1e6, 3)} MB` : `${digits(value / 1e3, 3)} kB`);
    const groupOf = ({ run, record }) => [run.run, record.found.task, record.text.sha256, record.found.uncached].join("\n");
    return section("memory", "Memory, and the first call of a fresh process",
      h("p", { class: "sub" }, "By how much a fresh process grew during its first call, at most, and what it kept afterwards: the largest of its processes. Times are medians."),
      unique(found.map(groupOf)).map((group) => {
        const mine = found.filter((each) => groupOf(each) === group).sort((a, b) => Math.max(...a.record.found.peak) - Math.max(...b.record.found.peak));
        const [{ run, record }] = mine;
        const most = Math.max(...mine.map((each) => Math.max(...each.record.found.peak)), 1);
        return [h("h3", null, name(record.found.task), record.found.uncached ? ", no copy of the file in memory" : ""), where(run, [record.text]),
          h("table", { class: "cards parts" }, h("caption", null, "First calls"), h("thead", null, h("tr", null, h("th", { scope: "col" }, "implementation"), h("th", { scope: "col", class: "plot" }, "memory at most"), ...["memory at most", "kept", "first call", "throughput", "processor"].map((each) => h("th", { scope: "col", class: "n" }, each)))),
            h("tbody", null, mine.map(({ record: { found: each, text } }) => h("tr", null, h("th", { scope: "row" }, name(each.id)),
              h("td", { class: "plot" }, s("svg", { class: `forest ${language(each.id)}`, role: "img", "aria-label": bytes(Math.max(...each.peak)) }, s("rect", { class: "mark", x: 0, y: "15%", height: "70%", width: `${(100 * Math.max(0, ...each.peak) / most).toFixed(2)}%` }))),
              h("td", { class: "n", "data-label": "memory at most" }, bytes(Math.max(...each.peak))), h("td", { class: "n", "data-label": "kept" }, bytes(Math.max(...each.kept))), h("td", { class: "n", "data-label": "first call" }, duration(median(each.seconds))), h("td", { class: "n", "data-label": "throughput" }, rate(text.characters / median(each.seconds))), h("td", { class: "n", "data-label": "processor" }, duration(median(each.cpu_seconds)))))))];
      }));
  }

  // --- drawing ---

  const SECTIONS = [["glance", glance], ["rankings", rankings], ["scaling", scaling], ["texts", matrix], ["spread", distributions], ["threads", threads], ["job", wholeJob], ["parts", parts], ["memory", memory], ["failed", failures], ["runs", provenance]];

  function controls() {
    const run = runs.get(view.run);
    const select = (id, label, value, choices, onchange) => h("label", { for: id }, label, h("select", { id, onchange: (event) => onchange(event.target.value) }, choices.map((each) => h("option", { value: each.value, selected: each.value === value }, short(each.label)))));
    const runLabel = (each) => `${each.machine.alias}, ${began(each).slice(0, 10)}, ${each.command}, ${plural(each.cells.length, "cell", "cells")}`;
    const form = byId("controls");
    const focused = document.activeElement?.id;
    form.replaceChildren(
      select("base", "baseline", view.base, baseChoices(), (base) => choose({ base })),
      select("corpus", "text", view.corpus, corporaOf(run).map((id) => ({ value: id, label: id })), (corpus) => choose({ corpus })),
      select("state", "state", view.state, statesOf(run, view.corpus).map((id) => ({ value: id, label: id })), (state) => choose({ state })),
      select("run", "machine and run", view.run, ordered.map((each) => ({ value: each.run, label: runLabel(each) })), (id) => choose({ run: id })));
    form.hidden = false;
    if (focused) byId(focused)?.focus({ preventScroll: true });
  }

  function render() {
    keeping(byId("content"), () => {
      const fresh = answer();
      // What says the same is left alone, so that nobody is told it twice.
      if (fresh.map((each) => each.textContent).join() !== [...byId("answer").children].map((each) => each.textContent).join()) byId("answer").replaceChildren(...fresh);
      controls();
      byId("content").replaceChildren(...SECTIONS.map(([, draw]) => draw()));
    });
  }
  function redraw(id, draw) {
    const inputs = (root) => [...root.querySelectorAll("input")];
    const index = inputs(byId(id)).indexOf(document.activeElement);
    keeping(byId(id), () => byId(id).replaceWith(draw()));
    if (index >= 0) inputs(byId(id))[index]?.focus({ preventScroll: true });
  }

  // Draws anew, and leaves what was opened open, the focus where it was, and the reader at his place.
  function keeping(root, draw) {
    const focused = document.activeElement?.id;
    const unfolded = (each) => `${each.closest("section").id} ${[...each.closest("section").querySelectorAll("details")].indexOf(each)}`;
    const open = new Map([...root.querySelectorAll("details")].map((each) => [unfolded(each), each.open]));
    const place = placeOf(root);
    draw();
    for (const each of byId("content").querySelectorAll("details")) each.open = open.get(unfolded(each)) ?? each.open;
    if (focused) byId(focused)?.focus({ preventScroll: true });
    const target = place && byId(place.id);
    if (target) scrollBy({ top: target.getBoundingClientRect().top - place.top, behavior: "instant" });
  }
  // What is drawn anew, if that is one part; else the control that is used, or the last part that begins
  // above the middle of the window; null at the top of the page.
  function placeOf(root) {
    if (root !== byId("content")) return { id: root.id, top: root.getBoundingClientRect().top };
    const used = root.contains(document.activeElement) && document.activeElement.id ? document.activeElement : null;
    const begun = [...byId("content").querySelectorAll("section[id]")].filter((each) => each.getBoundingClientRect().top < innerHeight / 2);
    const here = used || (byId("content").getBoundingClientRect().top < 0 ? begun.at(-1) : null);
    return here && { id: here.id, top: here.getBoundingClientRect().top };
  }

  // A heading must not lie under the bar, which takes as many lines as it needs.
  function clearBar() {
    const bar = byId("controls");
    document.documentElement.style.scrollPaddingTop = getComputedStyle(bar).position === "sticky" ? `${bar.offsetHeight + 8}px` : "1rem";
  }

  const theme = byId("theme");
  const THEMES = { auto: "as the system", light: "light", dark: "dark" };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
    document.documentElement.dataset.theme = next;
    theme.textContent = `theme: ${THEMES[next]}`;
  });

  if (!ordered.length) {
    byId("answer").append(h("p", { class: "answer" }, "There is no answer yet: these files hold no measured cell. ", h("code", null, "make bench"), " measures."));
    byId("content").append(h("p", { class: "empty" }, page.runs.length ? `${plural(page.runs.length, "run has", "runs have")} begun and finished no cell that has a time.` : "No run was found."));
    if (page.divisions.length) byId("content").append(divisions());
  } else {
    const at = recall();
    settle();
    render();
    clearBar();
    if (at) goTo(at, "instant");
    let wide = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth === wide) return;
      wide = innerWidth;
      clearBar();
      redraw("scaling", scaling);
    });
    addEventListener("hashchange", () => {
      const asked = recall();
      settle();
      render();
      if (!location.hash.includes("=")) remember();
      if (asked) goTo(asked, "instant");
    });
    addEventListener("beforeprint", () => printMatrix());
    addEventListener("afterprint", () => byId("texts-printed")?.replaceChildren());
  }
  document.addEventListener("click", follow);
  document.documentElement.dataset.ready = "yes";
})();
