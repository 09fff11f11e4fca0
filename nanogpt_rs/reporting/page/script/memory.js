// Memory, and the first call of a fresh process.

const groupOfCalls = ({ run, record: { found, text } }) =>
  joined(run.run, found.task, text.sha256, found.uncached);
const peakOf = ({ record }) => Math.max(...record.found.peak);

/** Draws the section about memory and first calls. */
function memory() {
  const records = measuredBeside("first_call", ({ found, text }) =>
    joined(found.task, found.id, text.sha256, found.uncached),
  );
  if (!records.length) {
    return section(
      "memory",
      "Memory",
      missing(
        "Not measured here. ",
        code("nanogpt-rs profile memory TASK"),
        " measures first calls in fresh processes.",
      ),
    );
  }
  const taskOf = ({ record }) => record.found.task;
  const tasks = unique([...Object.keys(data.page.tasks), ...records.map(taskOf)]);
  records.sort((left, right) => tasks.indexOf(taskOf(left)) - tasks.indexOf(taskOf(right)));
  const groups = unique(records.map(groupOfCalls)).map((group) =>
    records
      .filter((other) => groupOfCalls(other) === group)
      .sort((left, right) => peakOf(left) - peakOf(right)),
  );
  return section(
    "memory",
    "Memory, and the first call of a fresh process",
    explained(
      "By how much the memory of a fresh process grew at most during its first call, and how much ",
      "of it the process kept afterwards; of several processes, the largest. Times are medians.",
    ),
    groups.map(memoryGroup),
  );
}

/** Draws the first calls of one task on one text, the least memory first. */
function memoryGroup(group) {
  const [{ run, record }] = group;
  const most = Math.max(...group.map(peakOf), 1);
  const uncached = record.found.uncached ? ", no copy of the file in memory" : "";
  const line = ({ record: { found: grown, text } }) => {
    const peak = Math.max(...grown.peak);
    const seconds = median(grown.seconds);
    const picture = bar(language(grown.id), bytes(peak), Math.max(0, peak) / most);
    return h(
      "tr",
      null,
      rowHead(name(grown.id)),
      h("td", { class: "plot" }, picture),
      numberCell("memory at most", bytes(peak)),
      numberCell("kept", bytes(Math.max(...grown.kept))),
      numberCell("first call", duration(seconds)),
      numberCell("throughput", rate(text.characters / seconds)),
      numberCell("processor time", duration(median(grown.cpu_seconds))),
    );
  };
  const numbers = ["memory at most", "kept", "first call", "throughput", "processor time"];
  return [
    h("h3", null, name(record.found.task), uncached),
    where(run, [record.text]),
    tableOf(
      "cards parts",
      "First calls",
      [
        "implementation",
        plotColumn("memory at most"),
        ...numbers.map((words) => column(words, "n")),
      ],
      group.map(line),
    ),
  ];
}
