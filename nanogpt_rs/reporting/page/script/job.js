// The section about the whole job: what was measured, and what the reader's own job gains.

const GAIN_SIZES = [1e3, 1e11]; // characters, from which to which the gain is drawn

/** Takes a number from the reader and draws only what follows from it, so that the focus stays. */
function describe(field, input) {
  view[field] = input.validity.badInput ? "?" : input.value;
  remember();
  byId("answer-job")?.replaceWith(jobSentence());
  const job = theJob();
  check(field, job);
  byId("job-gain").replaceChildren(...jobGain(job));
  byId("job-results").replaceChildren(...jobResults(job));
}

/** Says below the numbers why one of them cannot be used, and what is used instead. */
function check(field, job) {
  const refused = isGiven(field) && given(field) === null;
  const { label, least, most } = FIELDS[field];
  const step = job.step === null ? null : digits(job.step * 1000, 3);
  const used = { size: count(job.size), steps: count(job.steps), stepTime: step }[field];
  const instead = used === null ? "" : `; ${used} is used instead`;
  const range = `${count(least)} to ${count(most)}`;
  byId(`job-${field}`).setAttribute("aria-invalid", String(refused));
  byId(`job-${field}-refused`).textContent = refused
    ? `${label}: a number from ${range} is needed${instead}.`
    : "";
}

/** Draws the section about the whole job. */
function wholeJob() {
  const job = theJob();
  const measured = measuredJobs();
  const trained = data.page.divisions.length ? divisions() : null;
  const title = "The whole job";
  if (!job) {
    return section(
      "job",
      title,
      measured,
      measured ? h("h3", null, "Your own job") : null,
      missing(
        "Not measured here: preparing a text for training is the task ",
        name(data.page.preparation),
        ", and this selection does not have it in Rust beside the strongest Python.",
      ),
      trained,
    );
  }
  const hints = {
    size: String(job.size),
    steps: String(job.steps),
    stepTime: job.measuredStep
      ? digits(job.measuredStep.seconds * 1000, 3).replaceAll(",", "")
      : "your time",
  };
  const fields = Object.keys(FIELDS);
  const printedField = (field) => {
    const { before, after } = FIELDS[field];
    return [before, given(field) ?? hints[field], after, " "];
  };
  return section(
    "job",
    title,
    measured,
    h("h3", null, "Your own job"),
    explained(
      "A job prepares its text once, and then trains. Describe your own job here: what it gains ",
      "follows from the times of this run. The results are computed from medians, so they have ",
      "no interval.",
    ),
    job.onChosenText
      ? null
      : note(
          "The preparation was not measured on the chosen text, ",
          name(view.corpus),
          "; using ",
          name(job.nearest.corpus),
          ".",
        ),
    where(shownRun(), job.nearest.cells),
    controlBar(fields.map((field) => numberField(field, hints[field]))),
    printed(fields.map(printedField)),
    fields.map((field) => h("p", { class: "notice refused", id: `job-${field}-refused` })),
    h("p", { id: "job-gain", role: "status" }, jobGain(job)),
    h("div", { id: "job-results" }, jobResults(job)),
    trained,
  );
}

/** Makes the field for one of the reader's numbers. */
function numberField(field, hint) {
  const { before, after, label, least, most } = FIELDS[field];
  const input = h("input", {
    id: `job-${field}`,
    type: "number",
    min: least,
    max: most,
    step: "any",
    "aria-label": label,
    "aria-describedby": `job-${field}-refused`,
    value: view[field] ?? "",
    placeholder: hint,
    onchange: ({ target }) => describe(field, target),
    onblur: ({ target }) => target.validity.badInput && describe(field, target),
  });
  return h("label", { for: `job-${field}` }, before, input, after);
}

/** Says in a sentence what the reader's job gains, and from which size on it is worth a rewrite. */
function jobGain(job) {
  if (job.step === null) return [];
  const gain = gainOf(job, "strongest");
  const worth = gain < WORTHWHILE ? worthFrom(job) : null;
  const largest = job.sizes.at(-1).characters;
  const verdict = gain < WORTHWHILE ? ": a rewrite is not worth it for this job" : "";
  const beyond =
    `; beyond ${count(largest)} characters, the largest size that was measured, times are in ` +
    "proportion";
  const sentences = [
    `Rust gains ${signedPercent(gain)} of this job over the strongest Python${verdict}.`,
  ];
  if (worth) {
    sentences.push(
      ` It would be 1 % for a text of ${count(worth)} characters, with as many steps` +
        `${worth > largest ? beyond : ""}.`,
    );
  }
  if (gain <= 0) sentences.push(" That is no gain.");
  return [h("strong", null, sentences)];
}

/** Draws everything that follows from the reader's numbers. */
function jobResults(job) {
  const rival = rivalOf(job.nearest.cells);
  return [
    note(
      job.measured
        ? `A step’s time is ${job.measuredStep.from}.`
        : job.step === null
          ? "Neither a closed division nor a whole job was measured on this machine, so you have " +
            "to give the time of a step."
          : "The time of a step is yours; it was not measured here.",
    ),
    sizeNote(job),
    rival
      ? note(
          name(rival.cell.id),
          ` is faster at ${count(job.nearest.characters)} characters than the Python marked as `,
          `strongest, which is ${whyAnother(rival.cell)}.`,
        )
      : null,
    jobTable(job),
    job.step === null ? null : gainChart(job),
  ].filter(Boolean);
}

/** Says how times were found where the size of the job was not measured itself. */
function sizeNote(job) {
  const [least, largest] = [job.sizes[0].characters, job.sizes.at(-1).characters];
  if (job.sizes.some((text) => distance(text.characters, job.size) < 0.01)) return null;
  if (job.size >= least && job.size <= largest) {
    return note(
      "Interpolated between the two nearest sizes that were measured; the implementations that ",
      "are named were the best at the nearest size.",
    );
  }
  const [end, which] = job.size > largest ? [largest, "largest"] : [least, "smallest"];
  return note(
    `Extrapolated: from ${count(end)} characters, the ${which} size that was measured, in `,
    "proportion.",
  );
}

/** Draws what the reader's job takes with each preparation. */
function jobTable(job) {
  const training = job.steps * job.step;
  const ifStep = (words) => (job.step === null ? "–" : words());
  const line = ([label, role]) => {
    const preparation = job.seconds(role);
    const whole = preparation + training;
    const saved = preparation - job.seconds("rust");
    const share = job.step === null ? "" : `, ${signedPercent(saved / whole)}`;
    return h(
      "tr",
      null,
      rowHead(`${label}: `, name(job[role].id)),
      cellOf("preparation", duration(preparation)),
      cellOf(
        "training",
        ifStep(() => duration(training)),
      ),
      cellOf(
        "whole job",
        ifStep(() => duration(whole)),
      ),
      cellOf(
        "preparation’s share",
        ifStep(() => percent(preparation / whole)),
      ),
      cellOf("Rust gains", role === "rust" ? "–" : `${signedDuration(saved)}${share}`),
    );
  };
  const rows = [
    ["the lecture’s Python", "lecture"],
    ["the strongest Python", "strongest"],
    ["the best Rust", "rust"],
  ];
  return tableOf(
    "cards",
    [
      name(data.page.preparation),
      ` of ${count(job.size)} characters and ${count(job.steps)} steps`,
    ],
    ["prepared by", "preparation", "training", "whole job", "preparation’s share", "Rust gains"],
    rows.filter(([, role]) => job[role]).map(line),
  );
}

/** Draws what Rust gains of the whole job over the size of the text: where it begins to matter. */
function gainChart(job) {
  const frame = layout(260, 260);
  const { narrow, top, end, floor } = frame;
  const left = 60;
  const lines = [
    ["lecture", "s7", "line dash", "over the lecture’s Python"],
    ["strongest", "s1", "line ", "over the strongest Python"],
  ].filter(([role]) => job[role]);
  const across = scale(GAIN_SIZES, left, end);
  const upward = scale([1e-6, 1], floor, top);
  const inside = (gain) => Math.max(top, Math.min(floor, upward(Math.max(gain, 1e-9))));
  const at = (role, characters) =>
    [across(characters), inside(gainOf(job, role, characters))].map((place) => place.toFixed(1));
  const sizes = Array.from({ length: 49 }, (_, index) => 1000 * Math.pow(10, index / 6));
  const drawLine = ([role, colour, look, label]) => {
    const drawn = sizes.filter((characters) => gainOf(job, role, characters) >= 1e-6);
    const [x] = at(role, Math.min(GAIN_SIZES[1], Math.max(GAIN_SIZES[0], job.size)));
    const [, y] = at(role, job.size);
    const points = drawn.map((characters) => at(role, characters).join(",")).join(" ");
    return s(
      "g",
      { class: colour },
      s("title", null, label),
      s("polyline", { class: look, points }),
      s("g", { transform: `translate(${x},${y})` }, s("circle", { class: "mark", r: 5 })),
    );
  };
  const drawLabel = ([, colour, , label], index) =>
    s(
      "g",
      { class: colour },
      s("text", { class: "label", x: end + 12, y: top + 18 + 20 * index }, label),
    );
  const legend = ([, colour, look, label]) => h("label", null, lineSample(colour, look), label);
  const largest = across(job.sizes.at(-1).characters);
  const picture = chartPicture(
    frame,
    chartFrame(
      frame,
      left,
      { ticks: ticks(GAIN_SIZES, narrow ? 5 : 9), at: across, text: size },
      { ticks: [1e-6, 1e-4, 1e-2, 1], at: upward, text: (tick) => `${plainNumber(tick * 100)} %` },
      "characters of the text",
    ),
    s("line", { class: "frame", x1: largest, x2: largest, y1: top, y2: floor }),
    lines.map(drawLine),
    narrow ? null : lines.map(drawLabel),
  );
  const about =
    "The share of the job that Rust gains, over the characters of the text; the table above has " +
    "it for the chosen size";
  return h(
    "figure",
    { class: "chart" },
    h(
      "figcaption",
      { class: "sub" },
      "The share of the whole job that Rust gains, over the size of the text, with as many steps. ",
      "The dots are your job. Right of the vertical line no text was measured, and times are in ",
      "proportion.",
    ),
    h("div", { role: "img", "aria-label": about }, picture),
    narrow ? h("div", { class: "legend" }, lines.map(legend)) : null,
  );
}
