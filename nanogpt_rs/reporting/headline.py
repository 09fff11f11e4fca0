"""The headline of a run: for each task what the lecture wrote, the best Python and the best Rust.

README's tables and the page's first words come from here, so that no figure is ever typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.records.schema import LECTURE, STRONGEST, Cell, JobDifference, Text
from nanogpt_rs.statistics.adjusted import adjusted
from nanogpt_rs.statistics.meanwhile import together
from nanogpt_rs.words import duration, meanwhile_line, times

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


COLUMNS = (
    "task",
    "the lecture's",
    "strongest Python",
    "best Rust",
    "times as fast as the strongest Python",
    "as the lecture's",
)


def headline(
    recorded: Recorded, corpus: str | None = None, state: str | None = None
) -> Table | None:
    """Return what a run says of every task on one text; ``None`` if it says nothing.

    Args:
        recorded: the run.
        corpus: the text; the one on which most was measured if none, the real one of equals.
        state: what it was in; warm if none, or the run's first one if it has no such.
    """
    mine = chosen(recorded, corpus, state)
    rows = tuple(filter(None, (row_of(task, mine) for task in dict.fromkeys(c.task for c in mine))))
    if not rows:
        return None
    return Table(f"Every task, {mine[0].state}", COLUMNS, rows, caption_of(recorded, mine[0]))


def chosen(recorded: Recorded, corpus: str | None, state: str | None) -> list[Cell]:
    """Return the cells with a time that a headline is about, as ``headline`` chooses them."""
    cells = [cell for cell in adjusted(recorded.cells) if cell.seconds is not None]
    if corpus is None and cells:
        corpus = main_text(cells)
    if state is None:
        states = [cell.state for cell in cells if cell.corpus == corpus]
        state = "warm" if "warm" in states else next(iter(states), None)
    return [cell for cell in cells if (cell.corpus, cell.state) == (corpus, state)]


def ranking(
    recorded: Recorded, task: str, corpora: Sequence[str], state: str, ids: Sequence[str]
) -> Table:
    """Return what a run says of some ideas for a task on some texts, a row for each idea.

    An idea that is not in the run, or has no time there, says so in its cells.

    Raises:
        LookupError: the run does not have the task on a text in this state.
    """
    cells = {
        (cell.id, cell.corpus): cell
        for cell in adjusted(recorded.cells)
        if (cell.task, cell.state) == (task, state)
    }
    for corpus in corpora:
        if not any(cell.corpus == corpus for cell in cells.values()):
            raise LookupError(f"run {recorded.run.run} has no {task} on {corpus}, {state}")
    columns = ["idea"]
    for corpus in corpora:
        columns += [f"`{corpus}`", "times as fast as the lecture's", "as the strongest Python"]
    rows = []
    for id in ids:
        words = [f"`{id}`"]
        for corpus in corpora:
            cell = cells.get((id, corpus))
            if cell is None or cell.seconds is None:
                words += ["not measured" if cell is None else cell.status, "-", "-"]
            else:
                words.append(duration(cell.seconds))
                words += [said(cell, LECTURE, cells), said(cell, STRONGEST, cells)]
        rows.append(tuple(words))
    first = next(cell for cell in cells.values() if cell.corpus == corpora[0])
    caption = caption_of(recorded, first)
    return Table(f"{task}, {state}", tuple(columns), tuple(rows), caption)


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
    ranked = [cell for cell in cells if cell.task == task and not cell.limit]
    if (best := best_rust(ranked)) is None:
        return None
    mine = {(cell.id, cell.corpus): cell for cell in ranked}
    strongest = reference(best, STRONGEST, mine)
    if (rival := faster_python(ranked)) is not None:
        strongest += f"; faster here: `{rival.id.removeprefix('python/')}`"
    return (
        f"`{task}`",
        reference(best, LECTURE, mine),
        strongest,
        f"{duration(best.seconds or 0.0)}, `{best.id.removeprefix('rust/')}`",
        said(best, STRONGEST, mine),
        said(best, LECTURE, mine),
    )


def best_rust(cells: Sequence[Cell]) -> Cell | None:
    """Return the fastest of the cells that is Rust and no limit; ``None`` if there is none.

    One of which the run could say nothing valid comes after all others.
    """
    rust = [cell for cell in cells if cell.seconds and cell.id.startswith("rust/")]
    return min(rust, key=lambda cell: (not has_valid(cell), cell.seconds), default=None)


def faster_python(cells: Sequence[Cell]) -> Cell | None:
    """Return the fastest Python that is told to be faster than the strongest; ``None`` if none is.

    The mark of the strongest is for texts of a megabyte, and one machine differs from another.
    """
    told = [
        cell
        for cell in cells
        if cell.id.startswith("python/")
        and (found := cell.beside(STRONGEST)) is not None
        and found.comparison.verdict == "faster"
    ]
    return min(told, key=lambda cell: cell.seconds or 0.0, default=None)


def has_valid(cell: Cell) -> bool:
    """Return whether anything valid was said of a cell, if it was set against anything."""
    return not cell.against or any(each.comparison.valid for each in cell.against)


def reference(cell: Cell, role: str, cells: Mapping[tuple[str, str], Cell]) -> str:
    """Return the time of what a cell was set against in this role, and what it is called."""
    found = cell.beside(role)
    beside = None if found is None else cells.get((found.id, cell.corpus))
    if beside is None or beside.seconds is None:
        return "-"
    words = duration(beside.seconds)
    return words if role == LECTURE else f"{words}, `{beside.id.removeprefix('python/')}`"


def said(cell: Cell, role: str, cells: Mapping[tuple[str, str], Cell]) -> str:
    """Return the speed-up over a reference, its interval, and the verdict unless it is told.

    A reference beside itself is 1.
    """
    found = cell.beside(role)
    if found is None:
        ids = {each.beside(role) for each in cells.values() if each.corpus == cell.corpus}
        return "1" if any(each is not None and each.id == cell.id for each in ids) else "-"
    comparison = found.comparison
    if comparison.ratio is None:
        return comparison.verdict
    words = times(comparison.ratio)
    if comparison.interval is not None:
        words += " [{}, {}]".format(*map(times, comparison.interval))
    told = cell.limit or comparison.verdict in {"faster", "slower"}
    return words if told else f"{words} ({comparison.verdict})"


def whole_job(recorded: Recorded) -> str | None:
    """Return what the best Rust preparation gains of a whole job; ``None`` if a run says nothing.

    The best is the one that gains most on the strongest Python, of those with a valid verdict.
    """
    found = [
        each
        for each in recorded.others
        if isinstance(each, JobDifference) and each.found.id.startswith("rust/")
    ]
    rivals = [each for each in found if each.found.role == STRONGEST]
    if not rivals:
        return None
    best = max(rivals, key=lambda each: (each.found.comparison.valid, each.found.seconds))
    beside = next(
        (each for each in found if (each.found.role, each.found.id) == (LECTURE, best.found.id)),
        None,
    )
    id = best.found.id.removeprefix("rust/")
    reference = best.found.reference.removeprefix("python/")
    how = best.how and f" on {best.how}"
    words = (
        f"A whole job, from the file to a loss (`{best.config}`{how}, {duration(best.rest)} beside "
        f"the preparation): of the Rust preparations `{id}` gains most, {gain_in_words(best)}, "
        f"against the strongest Python, `{reference}`"
    )
    if beside is not None:
        words += f"; {gain_in_words(beside)}, against the lecture's"
    return f"{words}. {caption_of(recorded, best.text)}"


def gain_in_words(difference: JobDifference) -> str:
    """Return a gain, its interval, and its share of the job with the reference."""
    found = difference.found
    words = duration(found.seconds)
    if found.interval is not None:
        words += " [{}, {}]".format(*map(duration, found.interval))
    whole = found.reference_seconds + difference.rest
    words += f" or {found.share_of(whole):.2%} of the job"
    return words if found.comparison.valid else f"{words} (invalid)"


def caption_of(recorded: Recorded, cell: Cell | Text) -> str:
    """Return what every figure of a table has in common."""
    run = recorded.run
    meanwhile = together(recorded.cells)
    busy = "." if meanwhile is None else f"; {meanwhile_line(**asdict(meanwhile))}"
    commit = "no commit known" if run.commit is None else f"commit {run.commit[:8]}"
    changed = " with uncommitted changes" if run.dirty else ""
    return (
        f"`{cell.corpus}`, {cell.characters:,} characters, SHA-256 {cell.sha256[:12]}; machine "
        f"`{run.machine.alias}` ({run.machine.cpu}, {run.machine.cores} cores), "
        f"{run.machine.python}, {run.build.get('rustc', 'rustc unknown').partition(' (')[0]}, "
        f"{run.build.get('profile', 'unknown')} build; {commit}{changed}; {run.began:%Y-%m-%d}"
        f"{busy}"
    )
