"""The headline of a run: for each task what the lecture wrote, the best Python and the best Rust.

README's tables and the page's first words come from here, so that no figure is ever typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.bench import LECTURE, STRONGEST, Cell, adjusted
from harness.console import duration, times
from harness.records import Recorded

REAL = "tinyshakespeare"


@dataclass(frozen=True)
class Table:
    """A table of words.

    Attributes:
        title: what it is about.
        columns: its head.
        rows: as long as the head, each.
        caption: what names machine, build, text, commit and date of all its figures.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


def tables_of(recorded: Recorded) -> list[Table]:
    """Return the headline tables of a run: every task on one text, then each further alphabet.

    The text is the one on which most was measured, the real one of equals; the state is warm, or
    the first that there is.
    """
    cells = [cell for cell in adjusted(recorded.cells) if cell.seconds is not None]
    if not cells:
        return []
    corpus = main_text(cells)
    states = dict.fromkeys(cell.state for cell in cells if cell.corpus == corpus)
    state = "warm" if "warm" in states else next(iter(states))
    mine = [cell for cell in cells if (cell.corpus, cell.state) == (corpus, state)]
    rows = tuple(filter(None, (row_of(task, mine) for task in dict.fromkeys(c.task for c in mine))))
    columns = (
        "task",
        "the lecture's",
        "strongest Python",
        "best Rust",
        "times faster than the strongest Python",
        "than the lecture's",
    )
    return [Table(f"Every task, {state}", columns, rows, caption_of(recorded, mine[0]))]


def main_text(cells: Sequence[Cell]) -> str:
    """Return the corpus on which most was measured, the real one of equals."""
    corpora = [cell.corpus for cell in cells]
    return max(dict.fromkeys(corpora), key=lambda id: (corpora.count(id), id == REAL))


def row_of(task: str, cells: Sequence[Cell]) -> tuple[str, ...] | None:
    """Return what is said of a task; ``None`` if no Rust was measured.

    Args:
        task: its name.
        cells: with a time, on one text in one state.
    """
    mine = {cell.id: cell for cell in cells if cell.task == task and not cell.limit}
    rust = [cell for cell in mine.values() if cell.id.startswith("rust/")]
    if not rust:
        return None
    best = min(rust, key=lambda cell: cell.seconds or 0.0)
    return (
        f"`{task}`",
        reference(best, LECTURE, mine),
        reference(best, STRONGEST, mine),
        f"{duration(best.seconds or 0.0)}, `{best.id.removeprefix('rust/')}`",
        said(best, STRONGEST),
        said(best, LECTURE),
    )


def reference(cell: Cell, role: str, cells: dict[str, Cell]) -> str:
    """Return the time of what a cell was set against in this role, and what it is called."""
    found = cell.beside(role)
    beside = None if found is None else cells.get(found.id)
    if beside is None or beside.seconds is None:
        return "-"
    words = duration(beside.seconds)
    return words if role == LECTURE else f"{words}, `{beside.id.removeprefix('python/')}`"


def said(cell: Cell, role: str) -> str:
    """Return the speed-up over a reference, its interval, and the verdict unless it is faster."""
    found = cell.beside(role)
    if found is None or found.comparison.ratio is None:
        return "-"
    comparison = found.comparison
    words = times(found.comparison.ratio)
    if comparison.interval is not None:
        words += " [{}, {}]".format(*map(times, comparison.interval))
    return words if comparison.verdict == "faster" else f"{words} ({comparison.verdict})"


def caption_of(recorded: Recorded, cell: Cell) -> str:
    """Return what every figure of a table has in common."""
    run = recorded.run
    commit = "no commit known" if run.commit is None else f"commit {run.commit[:8]}"
    changed = " with uncommitted changes" if run.dirty else ""
    return (
        f"`{cell.corpus}`, {cell.characters:,} characters, SHA-256 {cell.sha256[:12]}; machine "
        f"`{run.machine.alias}` ({run.machine.cpu}, {run.machine.cores} cores), "
        f"{run.machine.python}, {run.build.get('rustc', 'rustc unknown').partition(' (')[0]}, "
        f"{run.build.get('profile', 'unknown')} build; {commit}{changed}; {run.began:%Y-%m-%d}."
    )
