// Where a call's time goes: one call taken apart into steps.

const STEP_LOOKS = ["s0", "s5", "s1", "s4", "s3", "s2", "s7", "s6"];

const groupOfSteps = ({ run, record: { found, text, state } }) =>
  joined(run.run, found.task, text.sha256, state);

/** Draws the section about the steps of a call. */
function breakdown() {
  const [id, title] = ["parts", "Where a call’s time goes"];
  const records = measuredBeside("call_in_steps", ({ found, text, state }) =>
    joined(found.task, found.id, text.sha256, state),
  );
  if (!records.length) {
    return section(
      id,
      title,
      missing(
        "Not measured here. ",
        code("nanogpt-rs profile steps TASK ID"),
        " takes a call apart.",
      ),
    );
  }
  const names = unique(
    records.flatMap(({ record }) => record.found.steps.map((step) => step.name)),
  );
  const look = (step) => STEP_LOOKS[names.indexOf(step) % STEP_LOOKS.length];
  const legend = (step) =>
    h(
      "label",
      null,
      s(
        "svg",
        { width: 14, height: 14, class: look(step), "aria-hidden": "true" },
        s("rect", { class: "mark", width: 14, height: 14 }),
      ),
      name(step),
    );
  const groups = unique(records.map(groupOfSteps)).map((group) =>
    records.filter((other) => groupOfSteps(other) === group),
  );
  return section(
    id,
    title,
    explained(
      "The same call was made again and again, and stopped one step later each time. Every bar is ",
      "one whole call, however long that is; its time stands beside it.",
    ),
    h("div", { class: "legend" }, names.map(legend)),
    groups.map((group) => breakdownGroup(group, look)),
  );
}

/** Draws the calls that one run took apart, of one task on one text. */
function breakdownGroup(group, look) {
  const [{ run, record }] = group;
  const calls = group.map((entry) => entry.record.found);
  const line = (call) =>
    h(
      "tr",
      null,
      rowHead(name(call.id)),
      h("td", { class: "plot" }, stepBars(call, look)),
      numberCell("one call", duration(call.seconds)),
    );
  return [
    h("h3", null, name(record.found.task), `, ${record.state}`),
    where(run, [record.text]),
    tableOf(
      "cards parts",
      "The steps of one call",
      ["implementation", plotColumn("steps, in order"), column("one call", "n")],
      calls.map(line),
    ),
    behind(
      "The numbers behind this picture",
      ["implementation", "step", "time [95 % interval]", "share", "clock"],
      calls.flatMap(stepNumbers),
    ),
  ];
}

/** Draws the steps of a call one after the other; a step of negative time has no width. */
function stepBars(call, look) {
  const lengths = call.steps.map((step) => Math.max(0, step.seconds));
  const whole = sumOf(lengths) || 1;
  const words = call.steps.map((step) => `${step.name} ${duration(step.seconds)}`).join("; ");
  let start = 0;
  const rects = call.steps.map((step, index) => {
    const width = lengths[index] / whole;
    const place = { x: `${(start * 100).toFixed(2)}%`, width: `${(width * 100).toFixed(2)}%` };
    start += width;
    return s(
      "rect",
      { class: `mark ${look(step.name)}`, ...place, y: "10%", height: "80%" },
      s("title", null, `${step.name}: ${duration(step.seconds)}`),
    );
  });
  return s("svg", { class: "forest", role: "img", "aria-label": words }, rects);
}

/** Lists the rows of the table behind a call's bars. */
function stepNumbers(call) {
  return call.steps.map((step) => [
    name(call.id),
    name(step.name),
    signedDuration(step.seconds, step.interval),
    signedPercent(step.seconds / call.seconds),
    call.clock,
  ]);
}
