"""The table of callables that were compared, and the lines below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import out
from nanogpt_rs.commands.tables import comparison_words, control_line
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.words import duration, size_in_words

if TYPE_CHECKING:
    from nanogpt_rs.records.callables import Called
    from nanogpt_rs.records.schema import Cell, Run


def table_of(cells: Sequence[Cell], called: Sequence[Called]) -> layout.Table:
    """Return the table, with a row for each callable in the order in which it was named.

    Args:
        cells: Cells of the callables, the reference's first.
        called: What was called, in the same order.
    """
    columns = [
        *(layout.ids("function"), layout.figures("one call")),
        *(layout.figures("times as fast [95 %]"), layout.Column("verdict", under=2)),
        *(layout.figures("first call", under=1, turn=2), layout.figures("peak memory")),
    ]
    instructions = any(one.instructions for one in called)
    if instructions:
        columns.append(layout.figures("instructions", under=5, turn=2))
    table = layout.Table(columns)
    for cell, one in zip(cells, called, strict=True):
        if cell.against:
            ratio, verdict = comparison_words(cell.against[0])
        else:
            ratio, verdict = ("1", "reference") if cell.seconds else ("-", "-")
        cores = "" if cell.cores is None else f" on {cell.cores:.1f} cores"
        words = [
            cell.id,
            duration(cell.seconds) + cores if cell.seconds else "-",
            ratio,
            verdict if cell.status == "right" else cell.status,
            "-" if one.first_seconds is None else duration(one.first_seconds),
            "-" if one.peak is None else size_in_words(one.peak),
        ]
        if instructions:
            words.append("-" if one.instructions is None else f"{one.instructions:,}")
        table.add(*words)
    return table


def lines_below(
    cells: Sequence[Cell], called: Sequence[Called], run: Run | None = None
) -> Iterator[str]:
    """Yield the sentences below the table.

    Args:
        cells: Cells of the callables, the reference's first.
        called: What was called, in the same order.
        run: Where it was measured, if it was kept.
    """
    for cell in cells:
        if cell.status != "right":
            yield f"{cell.id}: {cell.status}: {'; '.join(cell.details)}"
    for cell in cells:
        for against in cell.against:
            comparison = against.comparison
            yield f"{cell.id}: {comparison.verdict}: {comparison.reason}"
    compared = [against for cell in cells for against in cell.against]
    if compared:
        clock = "wall-clock time" if compared[0].comparison.clock == "wall" else "processor time"
        processes = cells[0].processes
        below = f"{counted(processes, 'process')}, by {clock}"
        yield f"{control_line(cells[0].id, compared)}; {below}"
    for one in called:
        yield from (f"{one.id}: {note}" for note in one.notes)
    yield from told(called)
    if run is not None:
        host = run.machine
        cores = counted(host.cores, "core")
        yield f"{host.alias}: {host.cpu}, {cores}; {host.python}; {run.began:%Y-%m-%d}"


def told(called: Sequence[Called]) -> Iterator[str]:
    """Yield what the callables were called on, and how their answers were compared."""
    first = called[0]
    if first.setup:
        yield f"setup: {' '.join(first.setup.split())}"
    if first.input:
        yield f"input: {first.input}"
    if first.check == "none":
        yield "the answers were not compared"
    elif first.check == "tests" and all(one.equal for one in called[1:]):
        yield "all tests pass, and give the same answer"
    elif first.check == "tests":
        yield "all tests pass; their answers differ"
    elif first.inputs > 1:
        yield f"the answers agree on {first.inputs} inputs; the first of them was timed"
    if first.check not in {"same", "none", "tests"}:
        yield f"answers compared by {first.check}"
    elif first.tolerance:
        yield f"answers compared for equality, floats within {first.tolerance:g}"


def in_markdown(cells: Sequence[Cell], called: Sequence[Called]) -> str:
    """Return the table and the lines below it in Markdown, for the summary of a pull request."""
    from nanogpt_rs.reporting.frames import markdown_of

    table = table_of(cells, called)
    # Code spans, because a statement may hold what Markdown reads as emphasis or as a link.
    rows = [[f"`{first}`", *rest] for first, *rest in table.rows]
    below = "".join(f"- {line}\n" for line in lines_below(cells, called))
    return f"{markdown_of([column.head for column in table.columns], rows)}\n{below}"


def print_compared(cells: Sequence[Cell], called: Sequence[Called], run: Run | None = None) -> None:
    """Print the table of callables, and the lines below it."""
    out.show(table_of(cells, called))
    for line in lines_below(cells, called, run):
        out.say(line)
