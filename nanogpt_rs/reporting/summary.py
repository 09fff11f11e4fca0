"""What a run found, in few lines: a first answer, the best of each task, and the whole job.

``nanogpt-rs show`` has the tables of everything. This is what somebody reads first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nanogpt_rs.predicting.job import WORTH, answer
from nanogpt_rs.records.builds import over_builds
from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.records.schema import LECTURE, STRONGEST, Cell, JobDifference
from nanogpt_rs.reporting.headline import (
    best_gains,
    best_rust,
    chosen,
    faster_python,
    gain_in_words,
    speedup,
)
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.rounds import NEW_TEXT
from nanogpt_rs.statistics.adjusted import adjusted
from nanogpt_rs.statistics.ranks import ranks
from nanogpt_rs.words import counted_builds, duration

MOST_TASKS = 4
"""Tasks in a summary; with more it would not fit into 25 lines."""
TEXTS = {
    "warm": "read before",
    "fresh_str": "that no call has read yet",
    NEW_TEXT: "that is new to an encoder which was used before",
}
"""What some states say of a text, in words."""


@dataclass(frozen=True)
class Best:
    """The references of one task and the best Rust, on one text in one state.

    Attributes:
        cells: All cells of the task with a time, on that text in that state.
        lecture: The lecture's Python, if it was measured.
        strongest: The strongest Python, if it was measured.
        rust: The best Rust.
    """

    cells: tuple[Cell, ...]
    lecture: Cell | None
    strongest: Cell | None
    rust: Cell

    def times_as_fast(self, role: str, cell: Cell | None = None) -> str:
        """Return how many times as fast the best Rust, or another cell, is as a reference."""
        by_id = {(cell.id, cell.corpus): cell for cell in self.cells}
        return speedup(cell or self.rust, role, by_id)

    @property
    def others(self) -> int:
        """The number of others that may be as fast as the best Rust."""
        place = ranks(self.cells)[self.cells.index(self.rust)]
        return 0 if place is None else place[1] - place[0]


def best_of(task: str, cells: Sequence[Cell]) -> Best | None:
    """Return the references and the best Rust of a task; ``None`` where no Rust has a time.

    Args:
        task: Name of the task.
        cells: Cells with a time, all on one text in one state, adjusted together.
    """
    ranked = tuple(cell for cell in cells if cell.task == task and not cell.limit)
    if (rust := best_rust(ranked)) is None:
        return None

    def reference(role: str) -> Cell | None:
        against = rust.beside(role)
        return next((cell for cell in ranked if against and cell.id == against.id), None)

    return Best(ranked, reference(LECTURE), reference(STRONGEST), rust)


def time_of(cell: Cell | None) -> str:
    """Return a cell's time, or a dash."""
    return "-" if cell is None or cell.seconds is None else duration(cell.seconds)


def timed(cell: Cell | None) -> tuple[str, str]:
    """Return a cell's time and idea, such as ``846 us`` and ``bytes_translate``, or a dash."""
    return ("-", "") if cell is None else (time_of(cell), cell.id.rpartition("/")[2])


def in_words(cell: Cell | None) -> str:
    """Return a cell's time and idea as one string, such as ``846 us bytes_translate``."""
    return " ".join(timed(cell)).rstrip()


def builds_in_words(cells: Sequence[Cell]) -> str:
    """Return in how many builds Rust was measured, such as ``Rust in 16 builds``."""
    counts = [found.count for cell in cells if (found := over_builds(cell)) is not None]
    return f"Rust in {counted_builds(min(counts), max(counts))}" if counts else "no Rust"


def text_in_words(cell: Cell) -> str:
    """Return the text that a cell was measured on, such as ``synthetic (1,115,394 characters)``."""
    return f"{cell.corpus} ({counted(cell.characters, 'character')})"


Line = tuple[str, str]
"""A label, and what was found."""


def first_answer(cells: Sequence[Cell], published: Recorded | None) -> tuple[str, list[Line]]:
    """Return a title and the lines of a first answer; no lines where no Rust has a time.

    Args:
        cells: Cells of a few contenders of one task, on one text in one state.
        published: A published run of whole jobs, if there is one.
    """
    cells = [cell for cell in adjusted(cells) if cell.seconds]
    best = best_of(cells[0].task, cells) if cells else None
    if best is None:
        return "", []
    title = (
        f"First answer: {best.rust.task} on {text_in_words(best.rust)}, one call, "
        f"{builds_in_words(cells)}"
    )
    lines = [("the lecture's Python", in_words(best.lecture))]
    if best.strongest is not None:
        over = without_interval(best.times_as_fast(LECTURE, best.strongest))
        lines.append(("the strongest Python", f"{in_words(best.strongest)}, {over} times as fast"))
    over = without_interval(best.times_as_fast(LECTURE))
    words = f"{in_words(best.rust)}, {over} times as fast"
    if best.strongest is not None:
        words += f", and {best.times_as_fast(STRONGEST)} times as fast as the strongest Python"
    lines.append(("the best Rust so far", words))
    if published is not None and (prediction := predicted(published)) is not None:
        lines.append(("the whole job", prediction))
    return title, lines


def without_interval(ratio: str) -> str:
    """Return a ratio as ``speedup`` words it, but without its interval."""
    return re.sub(r" \[[^]]*\]", "", ratio)


def predicted(published: Recorded) -> str | None:
    """Return what Rust gained of whole jobs in a published run; ``None`` without any."""
    gains = best_gains(published)
    if gains is None:
        return None
    best, over_lecture = gains
    words = f"would gain {share_of(best)} over the strongest Python"
    if over_lecture is not None:
        words += f" and {share_of(over_lecture)} over the lecture's"
    run = published.run
    return (
        f"{words}: predicted from the published record of {run.machine.alias}, "
        f"{run.began:%Y-%m-%d}, and not measured here yet"
    )


def share_of(difference: JobDifference) -> str:
    """Return a gain as a share of the job with the reference, in per cent."""
    gain = difference.found
    return f"{gain.share_of(gain.reference_seconds + difference.rest):.2%}"


@dataclass(frozen=True)
class Summary:
    """What a run found, in few lines.

    Attributes:
        title: Tasks, text and builds.
        rows: The best of each task, on the text and in the state on which most was measured.
        notes: What a reader must know besides, in sentences.
    """

    title: str
    rows: tuple[Best, ...]
    notes: tuple[str, ...]


def summary(
    recorded: Recorded, corpus: str | None = None, tasks: Sequence[str] = ()
) -> Summary | None:
    """Return the summary of a run of cells; ``None`` where no Rust has a time.

    Args:
        recorded: The run.
        corpus: Id of the text; by default the one on which most was measured.
        tasks: Names of the tasks to be shown; by default all.
    """
    cells = of_tasks(chosen(recorded, corpus, None), tasks)
    every = [best for task in tasks_of(cells) if (best := best_of(task, cells)) is not None]
    if not every:
        return None
    rows = every[:MOST_TASKS]
    first = rows[0].rust
    notes = [
        f"{best.rust.task}: {in_words(rival)} is faster here than the strongest Python."
        for best in rows
        if (rival := faster_python(best.cells)) is not None
    ]
    if equals := [f"{best.rust.task} {best.others}" for best in rows if best.others]:
        notes.append(f"Others that may be as fast as the best Rust: {', '.join(equals)}.")
    if every[MOST_TASKS:]:
        names = ", ".join(best.rust.task for best in every[MOST_TASKS:])
        notes.append(f"Not in this summary: {names}.")
    notes += other_states(recorded, first, tasks)
    state = TEXTS.get(first.state, first.state)
    title = f"One call on {text_in_words(first)}, {state}; {builds_in_words(cells)}"
    return Summary(title, tuple(rows), tuple(notes))


def of_tasks(cells: Sequence[Cell], tasks: Sequence[str]) -> list[Cell]:
    """Return the cells of these tasks; all where none is named."""
    return [cell for cell in cells if not tasks or cell.task in tasks]


def other_states(recorded: Recorded, first: Cell, tasks: Sequence[str]) -> list[str]:
    """Return sentences on the other states of a text: how many times as fast Rust is there.

    Args:
        recorded: The run.
        first: A cell of the text, in the state that needs no sentence.
        tasks: Names of the tasks to be shown; none stands for all.
    """
    sentences = []
    for state, words in TEXTS.items():
        cells = of_tasks(chosen(recorded, first.corpus, state), tasks)
        found = [best for task in tasks_of(cells) if (best := best_of(task, cells)) is not None]
        if state == first.state or not found:
            continue
        each = ", ".join(
            f"{best.rust.task} {best.times_as_fast(STRONGEST)}" for best in found[:MOST_TASKS]
        )
        sentences.append(f"On a text {words}, times as fast as the strongest Python: {each}.")
    return sentences


def tasks_of(cells: Sequence[Cell]) -> list[str]:
    """Return the tasks of cells, in their order and without repetition."""
    return list(dict.fromkeys(cell.task for cell in cells))


def whole_job_in_words(recorded: Recorded) -> str | None:
    """Return what Rust gains of a whole job and whether it is worth it; ``None`` without jobs."""
    gains = best_gains(recorded)
    if gains is None:
        return None
    best, over_lecture = gains
    rust, strongest = (id.rpartition("/")[2] for id in (best.found.id, best.found.reference))
    how = best.how and f" on {best.how}"
    words = (
        f"The whole job (from the file to a loss, config {best.config}{how}) takes "
        f"{duration(best.rest)} besides its preparation. Rust ({rust}) gains "
        f"{gain_in_words(best)} over the strongest Python ({strongest})"
    )
    if over_lecture is not None:
        words += f", and {gain_in_words(over_lecture)} over the lecture's"
    return f"{words}. {verdict_in_words(best)}"


def verdict_in_words(difference: JobDifference) -> str:
    """Return whether a gain is worth a rewrite in this job, in a sentence."""
    gain = difference.found
    whole = gain.reference_seconds + difference.rest
    valid = gain.comparison.valid and gain.interval is not None
    bounds = gain.interval if valid else None
    shares = None if bounds is None else (bounds[0] / whole, bounds[1] / whole)
    worth = f"{WORTH:.0%}"
    return {
        "worth it": f"Beside the strongest Python, Rust is worth it here: it gains over {worth}.",
        "not worth it": "Beside the strongest Python, Rust is not worth it here: it gains less "
        f"than {worth} of the job.",
        "inconclusive": f"Whether Rust gains {worth} of the job or more cannot be told.",
    }[answer(shares, WORTH)]
