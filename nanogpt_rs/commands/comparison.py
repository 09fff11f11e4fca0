"""The table of callables that were compared, and the lines below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from nanogpt_rs.commands.console import out
from nanogpt_rs.commands.tables import comparison_words, control_line
from nanogpt_rs.words import duration, size_in_words

if TYPE_CHECKING:
    from nanogpt_rs.records.callables import Called
    from nanogpt_rs.records.schema import Cell, Run

HEADS = ("function", "one call", "times as fast [95 %]", "verdict", "first call", "peak memory")


def rows_of(cells: Sequence[Cell], called: Sequence[Called]) -> list[tuple[str, ...]]:
    """Return the words of the table, a row for each callable in the order in which it was named.

    Args:
        cells: Cells of the callables, the reference's first.
        called: What was called, in the same order.
    """
    rows: list[tuple[str, ...]] = []
    instructions = any(one.instructions for one in called)
    for cell, one in zip(cells, called, strict=True):
        if cell.against:
            ratio, interval, verdict = comparison_words(cell.against[0])
        else:
            ratio, interval, verdict = ("1", "", "reference") if cell.seconds else ("", "", "")
        if cell.status != "right":
            verdict = cell.status
        cores = "" if cell.cores is None else f" on {cell.cores:.1f} cores"
        row: tuple[str, ...] = (
            cell.id,
            duration(cell.seconds) + cores if cell.seconds else "-",
            f"{ratio} {interval}".strip() or "-",
            verdict or "-",
            "-" if one.first_seconds is None else duration(one.first_seconds),
            "-" if one.peak is None else size_in_words(one.peak),
        )
        if instructions:
            row += ("-" if one.instructions is None else f"{one.instructions:,}",)
        rows.append(row)
    return rows


def heads_of(called: Sequence[Called]) -> tuple[str, ...]:
    """Return the headings of the table."""
    counted = any(one.instructions for one in called)
    return (*HEADS, "instructions") if counted else HEADS


def table_lines(cells: Sequence[Cell], called: Sequence[Called]) -> Iterator[str]:
    """Yield the lines of the table."""
    heads, rows = heads_of(called), rows_of(cells, called)
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    yield "  ".join(map(str.ljust, heads, widths)).rstrip()
    yield "  ".join("-" * width for width in widths)
    for row in rows:
        figures = zip(row, widths, strict=True)
        padded = [
            word.ljust(width) if place in {0, 3} else word.rjust(width)
            for place, (word, width) in enumerate(figures)
        ]
        yield "  ".join(padded).rstrip()


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
        yield f"{control_line(cells[0].id, compared)}; {processes} processes, by {clock}"
    for one in called:
        yield from (f"{one.id}: {note}" for note in one.notes)
    yield from told(called)
    if run is not None:
        host = run.machine
        yield f"{host.alias}: {host.cpu}, {host.cores} cores; {host.python}; {run.began:%Y-%m-%d}"


def told(called: Sequence[Called]) -> Iterator[str]:
    """Yield what the callables were called on, and how their answers were compared."""
    first = called[0]
    if first.setup:
        yield f"setup: {' '.join(first.setup.split())}"
    if first.input:
        yield f"input: {first.input}"
    if first.check == "none":
        yield "the answers were not compared"
    elif first.inputs > 1:
        yield f"the answers agree on {first.inputs} inputs; the first of them was timed"
    if first.check not in {"same", "none"}:
        yield f"answers compared by {first.check}"
    elif first.tolerance:
        yield f"answers compared for equality, floats within {first.tolerance:g}"


def print_compared(cells: Sequence[Cell], called: Sequence[Called], run: Run | None = None) -> None:
    """Print the table of callables, and the lines below it."""
    for line in (*table_lines(cells, called), *lines_below(cells, called, run)):
        out.print(escape(line), soft_wrap=True)
