"""The headline of a run: the lecture's Python, the strongest Python and the best Rust of each task.

README's tables and the page without JavaScript come from here, so that nobody ever types a figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from nanogpt_rs.records.builds import builds_of_run, over_builds
from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.records.schema import LECTURE, STRONGEST, Cell, JobDifference, Text
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.rounds import NEW_TEXT
from nanogpt_rs.statistics.adjusted import adjusted
from nanogpt_rs.statistics.meanwhile import together
from nanogpt_rs.statistics.ranks import ranks
from nanogpt_rs.words import builds_in_words, duration, meanwhile_line, times

REAL = "tinyshakespeare"
"""The text that people know. It is shown first among texts on which equally much was measured."""


@dataclass(frozen=True)
class Table:
    """A table of words.

    Attributes:
        title: Title of the table.
        columns: Headings of the columns.
        rows: Words of every row, one for each column.
        caption: Machine, build, text, commit and date of all figures in the table.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


COLUMNS = (
    "task",
    "the lecture's Python",
    "the strongest Python",
    "the best Rust",
    "times as fast as the strongest Python",
    "times as fast as the lecture's Python",
)


def headline(
    recorded: Recorded, corpus: str | None = None, state: str | None = None
) -> Table | None:
    """Return the results of every task on one text; ``None`` where no Rust was measured.

    Args:
        recorded: The run.
        corpus: Id of the text; by default the one on which most was measured.
        state: State of the text; by default the one that ``main_state`` returns.
    """
    cells = chosen(recorded, corpus, state)
    tasks = dict.fromkeys(cell.task for cell in cells)
    rows = tuple(filter(None, (row_of(task, cells) for task in tasks)))
    if not rows:
        return None
    return Table(f"Every task, {cells[0].state}", COLUMNS, rows, caption_of(recorded, cells[0]))


def chosen(recorded: Recorded, corpus: str | None, state: str | None) -> list[Cell]:
    """Return the cells of a headline: those on its text in its state that have a time.

    Text and state are chosen as ``headline`` says.
    """
    cells = [cell for cell in adjusted(recorded.cells) if cell.seconds is not None]
    if corpus is None and cells:
        corpus = main_text(cells)
    if state is None:
        state = main_state([cell for cell in cells if cell.corpus == corpus])
    return [cell for cell in cells if (cell.corpus, cell.state) == (corpus, state)]


def main_state(cells: Sequence[Cell]) -> str | None:
    """Return the state that stands for the others: warm, or the first one where nothing is warm.

    Where every task has calls on new text, these come before all others: what encoders remember of
    a text that they have seen is no answer to how fast they are.
    """
    tasks_by_state: dict[str, set[str]] = {}
    for cell in cells:
        tasks_by_state.setdefault(cell.state, set()).add(cell.task)
    if tasks_by_state.get(NEW_TEXT) == {cell.task for cell in cells} and cells:
        return NEW_TEXT
    return "warm" if "warm" in tasks_by_state else next(iter(tasks_by_state), None)


def ranking(
    recorded: Recorded, task: str, corpora: Sequence[str], state: str, ids: Sequence[str]
) -> Table:
    """Return the results of some ideas for a task on some texts, with a row for each idea.

    The row of an idea that has no time in the run says why.

    Raises:
        LookupError: The run does not have the task on one of the texts in this state.
    """
    cells = {
        (cell.id, cell.corpus): cell
        for cell in adjusted(recorded.cells)
        if (cell.task, cell.state) == (task, state)
    }
    for corpus in corpora:
        if not any(cell.corpus == corpus for cell in cells.values()):
            raise LookupError(f"run {recorded.run.run} has no {task} on {corpus} in state {state}")
    columns = ["idea"]
    for corpus in corpora:
        columns += [
            f"`{corpus}`",
            "times as fast as the lecture's Python",
            "times as fast as the strongest Python",
        ]
    rows = []
    for id in ids:
        words = [f"`{id}`"]
        for corpus in corpora:
            cell = cells.get((id, corpus))
            if cell is None or cell.seconds is None:
                words += ["not measured" if cell is None else cell.status, "-", "-"]
            else:
                words.append(", ".join(filter(None, (duration(cell.seconds), builds_of(cell)))))
                words += [speedup(cell, role, cells) for role in (LECTURE, STRONGEST)]
        rows.append(tuple(words))
    first = next(cell for cell in cells.values() if cell.corpus == corpora[0])
    caption = caption_of(recorded, first)
    return Table(f"{task}, {state}", tuple(columns), tuple(rows), caption)


def main_text(cells: Sequence[Cell]) -> str:
    """Return the corpus on which most was measured, or ``REAL`` where several are equal."""
    corpora = [cell.corpus for cell in cells]
    return max(dict.fromkeys(corpora), key=lambda id: (corpora.count(id), id == REAL))


def row_of(task: str, cells: Sequence[Cell]) -> tuple[str, ...] | None:
    """Return the headline's row of a task; ``None`` if no Rust was measured.

    Args:
        task: Name of the task.
        cells: Cells with a time, all on one text in one state.
    """
    ranked = [cell for cell in cells if cell.task == task and not cell.limit]
    if (best := best_rust(ranked)) is None:
        return None
    by_id = {(cell.id, cell.corpus): cell for cell in ranked}
    strongest = reference(best, STRONGEST, by_id)
    if (rival := faster_python(ranked)) is not None:
        strongest += f"; faster here: `{rival.id.removeprefix('python/')}`"
    return (
        f"`{task}`",
        reference(best, LECTURE, by_id),
        strongest,
        f"{duration(best.seconds or 0.0)}, `{best.id.removeprefix('rust/')}`"
        f"{not_told_apart(best, ranked)}; {builds_of(best)}",
        speedup(best, STRONGEST, by_id),
        speedup(best, LECTURE, by_id),
    )


def builds_of(cell: Cell) -> str:
    """Return how far the builds of a compiled cell differ, or ``one build``; nothing for Python."""
    builds = over_builds(cell)
    return "" if builds is None else builds_in_words(builds.count, builds.seconds)


def not_told_apart(cell: Cell, cells: Sequence[Cell]) -> str:
    """Return in brackets how many of these cells are not told apart from one of them, if any."""
    rank = ranks(cells)[cells.index(cell)]
    others = 0 if rank is None else rank[1] - rank[0]
    return f" ({others} {'other' if others == 1 else 'others'} may be as fast)" if others else ""


def best_rust(cells: Sequence[Cell]) -> Cell | None:
    """Return the fastest Rust among these cells; ``None`` if there is none.

    A cell with nothing but invalid comparisons comes after all others.
    """
    rust = [cell for cell in cells if cell.seconds and cell.id.startswith("rust/")]
    return min(rust, key=lambda cell: (not has_valid(cell), cell.seconds), default=None)


def faster_python(cells: Sequence[Cell]) -> Cell | None:
    """Return the fastest Python with the verdict "faster" than the strongest; ``None`` if none is.

    The mark of the strongest is for texts of a megabyte, and one machine differs from another.
    """
    faster = [
        cell
        for cell in cells
        if cell.id.startswith("python/")
        and (strongest := cell.beside(STRONGEST)) is not None
        and strongest.comparison.verdict == "faster"
    ]
    return min(faster, key=lambda cell: cell.seconds or 0.0, default=None)


def has_valid(cell: Cell) -> bool:
    """Return whether a cell has a valid comparison, or was compared with nothing."""
    return not cell.against or any(against.comparison.valid for against in cell.against)


def reference(cell: Cell, role: str, cells: Mapping[tuple[str, str], Cell]) -> str:
    """Return the time of a cell's reference in this role, and the name of that reference.

    The lecture's Python is not named.
    """
    against = cell.beside(role)
    beside = None if against is None else cells.get((against.id, cell.corpus))
    if beside is None or beside.seconds is None:
        return "-"
    words = duration(beside.seconds)
    return words if role == LECTURE else f"{words}, `{beside.id.removeprefix('python/')}`"


def speedup(cell: Cell, role: str, cells: Mapping[tuple[str, str], Cell]) -> str:
    """Return the speed-up over a reference and its interval, with any verdict that they don't show.

    A reference compared with itself is 1.
    """
    against = cell.beside(role)
    if against is None:
        references = {other.beside(role) for other in cells.values() if other.corpus == cell.corpus}
        ids = {reference.id for reference in references if reference is not None}
        return "1" if cell.id in ids else "-"
    comparison = against.comparison
    if comparison.ratio is None:
        return comparison.verdict
    words = times(comparison.ratio, comparison.interval)
    shows_verdict = cell.limit or comparison.verdict in {"faster", "slower"}
    return words if shows_verdict else f"{words} ({comparison.verdict})"


def best_gains(recorded: Recorded) -> tuple[JobDifference, JobDifference | None] | None:
    """Return what the best Rust preparation gains over both references; ``None`` without any.

    The best is the one that gains the most over the strongest Python, among valid results first.

    Returns:
        Its gains over the strongest Python and over the lecture's. ``None``: not compared with it.
    """
    rust = [
        record
        for record in recorded.others
        if isinstance(record, JobDifference) and record.found.id.startswith("rust/")
    ]
    over_strongest = [record for record in rust if record.found.role == STRONGEST]
    if not over_strongest:
        return None
    best = max(
        over_strongest, key=lambda record: (record.found.comparison.valid, record.found.seconds)
    )
    same = (LECTURE, best.found.id)
    return best, next(
        (record for record in rust if (record.found.role, record.found.id) == same), None
    )


def whole_job(recorded: Recorded) -> str | None:
    """Return a text on what the best Rust preparation gains; ``None`` without whole jobs."""
    gains = best_gains(recorded)
    if gains is None:
        return None
    best, over_lecture = gains
    id = best.found.id.removeprefix("rust/")
    strongest = best.found.reference.removeprefix("python/")
    how = best.how and f" on {best.how}"
    words = (
        f"A whole job runs from the file to a loss (config `{best.config}`{how}, "
        f"{duration(best.rest)} without the preparation). Of the Rust preparations, `{id}` gains "
        f"the most: {gain_in_words(best)}, over the strongest Python, `{strongest}`"
    )
    if over_lecture is not None:
        words += f"; {gain_in_words(over_lecture)}, over the lecture's Python"
    return f"{words}. {caption_of(recorded, best.text)}"


def gain_in_words(difference: JobDifference) -> str:
    """Return a gain, its interval, and its share of the job with the reference."""
    gain = difference.found
    words = duration(gain.seconds, gain.interval)
    whole = gain.reference_seconds + difference.rest
    words += f" or {gain.share_of(whole):.2%} of the job"
    return words if gain.comparison.valid else f"{words} (invalid)"


def caption_of(recorded: Recorded, cell: Cell | Text) -> str:
    """Return the text, machine, build, commit, date and load that all figures of a table share."""
    run = recorded.run
    meanwhile = together(recorded.cells)
    busy = "." if meanwhile is None else f"; {meanwhile_line(**asdict(meanwhile))}"
    commit = "commit unknown" if run.commit is None else f"commit {run.commit[:8]}"
    changed = " with uncommitted changes" if run.dirty else ""
    return (
        f"`{cell.corpus}`, {counted(cell.characters, 'character')}, "
        f"SHA-256 {cell.sha256[:12]}; machine `{run.machine.alias}` ({run.machine.cpu}, "
        f"{counted(run.machine.cores, 'core')}), "
        f"{run.machine.python}, {run.build.get('rustc', 'rustc unknown').partition(' (')[0]}, "
        f"{builds_of_run(run, recorded.cells)}; {commit}{changed}; {run.began:%Y-%m-%d}"
        f"{busy}"
    )
