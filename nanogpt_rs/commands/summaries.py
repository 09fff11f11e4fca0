"""Prints what a run found in few lines, for ``bench``, ``job measure`` and ``show``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import out
from nanogpt_rs.commands.runs import whole_jobs_of
from nanogpt_rs.records.schema import LECTURE, STRONGEST
from nanogpt_rs.ruler import provenance

if TYPE_CHECKING:
    from nanogpt_rs.records.kinds import Recorded
    from nanogpt_rs.records.schema import Cell
    from nanogpt_rs.reporting.summary import Best, Summary

LABEL = 24
"""Columns of the labels of a first answer."""
SPLICED_COLUMNS = 80
"""Columns of a summary in a document."""
LEAST_ROOM = 20
"""Columns that the words after a label have at least."""


def print_first_answer(cells: Sequence[Cell]) -> None:
    """Print what a few contenders of one task show, before the others are measured."""
    from nanogpt_rs.reporting.summary import first_answer

    published = []
    if provenance.is_checkout(provenance.ROOT):
        published = whole_jobs_of(provenance.ROOT / "results")
    title, lines = first_answer(cells, published[-1] if published else None)
    if not lines:
        return
    out.say(title, "bold")
    room = None if out.room is None else max(LEAST_ROOM, out.room - LABEL)
    for label, words in lines:
        first, *rest = layout.wrapped_words(words, room)
        out.put(layout.Line(f"  {label}".ljust(LABEL) + first))
        for line in rest:
            out.put(layout.Line(" " * LABEL + line))
    out.say("")


def print_summary(recorded: Recorded) -> None:
    """Print the best of each task, or what Rust gains of whole jobs, whichever the run holds."""
    from nanogpt_rs.reporting.summary import summary, whole_job_in_words

    words, found = whole_job_in_words(recorded), summary(recorded)
    if words is not None:
        out.say(words)
    elif found is None:
        out.say(f"Run {recorded.run.run} has no Rust beside the references.")
    if found is not None:
        out.show(table_of(found))
        for sentence in found.notes:
            out.say(sentence)


def spliced_summary(
    recorded: Recorded, job: Recorded | None, corpus: str | None = None, tasks: str = ""
) -> str:
    """Return what a terminal of 80 columns shows of a run and of a run of whole jobs, as Markdown.

    Args:
        recorded: The run.
        job: A run of whole jobs.
        corpus: Id of the text; by default the one on which most was measured.
        tasks: Names of tasks, separated by commas; by default all.

    Raises:
        LookupError: The run has no Rust on this text for these tasks.
    """
    from nanogpt_rs.reporting.summary import summary, whole_job_in_words

    found = summary(recorded, corpus, [task for task in tasks.split(",") if task])
    if found is None:
        raise LookupError(f"run {recorded.run.run} has no Rust on this text for these tasks")
    sentences = [*found.notes, (job and whole_job_in_words(job)) or ""]
    lines = [line.words for line in layout.lines_of(table_of(found), SPLICED_COLUMNS)]
    for sentence in filter(None, sentences):
        lines += layout.wrapped_words(sentence, SPLICED_COLUMNS)
    return "\n".join(("```text", *lines, "```", ""))


def table_of(found: Summary) -> layout.Table:
    """Return the table of a summary."""
    table = layout.Table(
        [
            *(layout.ids("task"), layout.figures("lecture's")),
            *(layout.figures("strongest Python"), layout.ids("idea", under=2)),
            *(layout.figures("best Rust"), layout.ids("idea", under=4)),
            *(layout.figures("x strongest"), layout.figures("[95 %]", under=6)),
            layout.figures("x lecture's", under=1),
        ],
        found.title,
    )
    for best in found.rows:
        table.add(*row_of(best))
    return table


def row_of(best: Best) -> tuple[str, ...]:
    """Return the words of a task's row."""
    from nanogpt_rs.reporting.summary import timed, without_interval

    ratio, _, interval = best.times_as_fast(STRONGEST).partition(" ")
    return (
        best.rust.task,
        timed(best.lecture)[0],
        *timed(best.strongest),
        *timed(best.rust),
        *(ratio, interval),
        without_interval(best.times_as_fast(LECTURE)),
    )


def print_pointers(page: Path | None) -> None:
    """Print where the page is, and how to see the tables of everything."""
    if page is not None:
        out.say_path(f"The page: {page}")
    out.say_path(f"All tables: {own_command()} show")


def own_command() -> str:
    """Return how the command is typed here: by its name, or by its path from this folder."""
    program = Path(sys.executable).with_name("nanogpt-rs")
    on_path = shutil.which("nanogpt-rs")
    if not program.exists() or (on_path and Path(on_path).resolve() == program.resolve()):
        return "nanogpt-rs"
    here = Path.cwd()
    return str(program.relative_to(here) if program.is_relative_to(here) else program)
