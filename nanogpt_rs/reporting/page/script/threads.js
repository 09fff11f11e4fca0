// What several threads gain over one thread.

/** Finds with what an implementation of several threads is compared: one thread, same language. */
function singleThreadOf(cell, cells) {
  const others = ranked(cells).filter(
    (other) => !other.cores && language(other.id) === language(cell.id),
  );
  const sameIdea = cell.id.replace(/_rayon$/, "");
  return others.find((other) => other.id === sameIdea) || others[0];
}

/** Compares the implementations of a task that use several threads with one thread. */
function threadRows(task) {
  const cells = shown(task);
  return ranked(cells)
    .filter((cell) => cell.cores)
    .map((cell) => {
      const single = singleThreadOf(cell, cells);
      return { cell, single, result: single ? beside(cell, single.id, cells) : null };
    });
}

/** Draws the section about threads. */
function threads() {
  const rows = shownTasks().flatMap(threadRows);
  if (!rows.length) {
    return section(
      "threads",
      "Threads",
      missing(
        "Not measured here: no contender of this selection uses several threads. ",
        code("nanogpt-rs bench --all"),
        " adds those that do.",
      ),
    );
  }
  const line = ({ cell, single, result }) =>
    h(
      "tr",
      null,
      rowHead(
        name(cell.task),
        ": ",
        sourceLink(cell),
        cell.cores <= 1.05 ? h("span", { class: "badge" }, "used one core at this size") : null,
      ),
      cellOf("cores busy", cell.cores.toFixed(2)),
      cellOf("one call", callTime(cell), "whole"),
      cellOf(
        "with one thread",
        single ? [name(single.id), " ", h("span", { class: "whole" }, callTime(single))] : "–",
      ),
      cellOf("speed-up over it", ratioOf(result), "ratio"),
      cellOf("verdict", verdictOf(result), "v"),
    );
  return section(
    "threads",
    "Threads",
    explained(
      `What several threads gain on ${plural(shownRun().machine.cores, "core", "cores")}. Each `,
      "implementation is compared with the same idea on one thread. Where there is none, it is ",
      "compared with the fastest one of the same language that uses one thread. Most of these ",
      "pairs did not run together, so they have no interval.",
    ),
    where(shownRun(), shown()),
    tableOf(
      "cards",
      "Several threads beside one",
      [
        "task and implementation",
        "cores busy",
        "one call",
        "with one thread",
        "speed-up over it",
        "verdict",
      ],
      rows.map(line),
    ),
  );
}
