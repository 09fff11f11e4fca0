"""The tables of measured cells, as the terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import out
from nanogpt_rs.words import duration, times

if TYPE_CHECKING:
    from nanogpt_rs.records.schema import Against, Cell, Run


REFERENCES = {
    "lecture": "the lecture's",
    "strongest": "the strongest Python",
    "asked": "",
    "before": "the older commit's",
}
"""How a table heads what is set beside a reference, by its role."""


def print_run(run: Run, cells: Sequence[Cell], descriptions: Mapping[str, str]) -> None:
    """Print a run's tables, a corpus after the other, and what they are about.

    Args:
        run: what the cells have in common.
        cells: adjusted.
        descriptions: of the corpora, by id, as far as known.
    """
    from nanogpt_rs.statistics.adjusted import tests_in

    for corpus in dict.fromkeys(cell.corpus for cell in cells):
        mine = [cell for cell in cells if cell.corpus == corpus]
        about = descriptions.get(corpus, "")
        out.print(corpus_line(corpus, mine[0].sha256, mine[0].characters, about))
        print_tables(mine)
    host, build = run.machine, run.build
    commit = f", commit {run.commit[:8]}" if run.commit else ""
    changed = " with uncommitted changes" if run.dirty else ""
    out.print(
        escape(
            f"{host.alias}: {host.cpu}, {host.cores} cores; {host.python}; {build['rustc']}, "
            f"{build['profile']}, sources: {run.sources}{commit}{changed}; {run.began:%Y-%m-%d}"
        )
    )
    tests = tests_in(cells)
    if not any(cell.against for cell in cells):
        return
    valid = any(each.comparison.valid for cell in cells for each in cell.against)
    if tests:
        said = f"verdicts hold for all {tests} tests together (Holm), intervals each for itself."
    elif valid:
        said = "one test was made, and nothing is adjusted."
    else:
        said = "none is valid, and nothing is tested."
    out.print(
        f"Ratios are the reference's time over the implementation's, with 95 % intervals; {said}"
    )


def corpus_line(id: str, sha256: str, characters: int, description: str) -> str:
    """Return which text the figures below it are about."""
    about = f"{description}, " if description else ""
    return (
        f"\n[bold]{escape(id)}[/bold]: {escape(about)}characters: {characters:,}, "
        f"SHA-256 {sha256[:12]}"
    )


def print_tables(cells: Sequence[Cell]) -> None:
    """Print one corpus's cells, a table for each task and state, the fastest first."""
    from nanogpt_rs.measuring.paired import UNCOUNTED

    for cell in {(cell.task, cell.id): cell for cell in cells if cell.status != "right"}.values():
        words = f"{cell.task} {cell.id}: {cell.status}: {'; '.join(cell.details)}"
        out.print(escape(words), soft_wrap=True)
    for cell in {(cell.task, cell.id): cell for cell in cells if cell.origin}.values():
        words = f"{cell.task} {cell.id}: foreign, from {cell.origin}"
        out.print(escape(words), soft_wrap=True)
    for task, state in dict.fromkeys((cell.task, cell.state) for cell in cells if cell.seconds):
        mine = [cell for cell in cells if (cell.task, cell.state) == (task, state) and cell.seconds]
        mine.sort(key=lambda cell: cell.seconds or 0.0)
        # The control of two commits stands in the column of all others.
        mine = [replace(cell, against=tuple(map(in_column, cell.against))) for cell in mine]
        roles = sorted(
            {(each.role, each.id) for cell in mine for each in cell.against},
            key=lambda role: (list(REFERENCES).index(role[0]), role[1]),
        )
        table = table_of(f"{task}, {state}", mine, roles)
        if out.measure(table, options=out.options.update(width=1000)).maximum > out.width:
            table = table_of(f"{task}, {state}", mine, roles, narrow=True)
        out.print(table)
        for why in dict.fromkeys(
            each.comparison.clock_reason for cell in mine for each in cell.against
        ):
            if why == UNCOUNTED:
                out.print(escape(f"by wall clock: {why}"), soft_wrap=True)
        for role, id in roles:
            out.print(escape(controls(id, [cell.beside(role) for cell in mine])), soft_wrap=True)
        untold = [
            f"{cell.id}: {found.verdict}: {found.reason} ({found.clock} clock)"
            for cell in mine
            if not cell.limit
            for found in (each.comparison for each in cell.against)
            if found.verdict in {"invalid", "inconclusive"} or len(mine) == 2
        ]
        out.print(escape("\n".join(dict.fromkeys(untold))), soft_wrap=True)


def in_column(found: Against) -> Against:
    """Return what was said beside a reference, with the role that heads its column."""
    from nanogpt_rs.records.schema import BEFORE, CONTROL

    return replace(found, role=BEFORE) if found.role == CONTROL else found


def table_of(
    title: str, cells: Sequence[Cell], roles: Sequence[tuple[str, str]], *, narrow: bool = False
) -> Table:
    """Return a table of cells that were measured.

    Args:
        title: stands above it.
        cells: of one corpus, task and state.
        roles: of the references and their ids, a column or two each.
        narrow: for a terminal of 80 columns: what belongs to one reference stands in one column.
    """
    table = Table(title=title, title_justify="left")
    longest = max(len(cell.id) for cell in cells)
    table.add_column("implementation", overflow="fold", min_width=min(longest, 40))
    table.add_column("one call", justify="right")
    for role, id in roles:
        foreign = any(cell.id == id and cell.origin for cell in cells)
        words = "the baseline" if role == "lecture" and foreign else REFERENCES[role]
        head = f"x {words or id}" if narrow else f"x {words}\n{id}"
        table.add_column(head, justify="right")
        if not narrow:
            table.add_column("verdict", no_wrap=True)
    for cell in cells:
        assert cell.seconds is not None
        cores = "" if cell.cores is None else f" on {cell.cores:.1f} cores"
        columns = [cell.id, duration(cell.seconds) + cores]
        for role, id in roles:
            ratio, bounds, said = (
                ("1", "", "reference") if cell.id == id else against(cell.beside(role))
            )
            if cell.limit:
                said = "limit"
            if narrow:
                columns.append(f"{ratio} {said}\n{bounds}".rstrip())
            else:
                columns += [f"{ratio} {bounds}".rstrip(), said]
        table.add_row(*map(escape, columns), style="dim" if cell.limit else None)
    return table


def against(found: Against | None) -> tuple[str, str, str]:
    """Return what a table says of one comparison: the ratio, its interval, and the verdict."""
    if found is None or found.comparison.ratio is None:
        return "-", "", "-" if found is None else found.comparison.verdict
    ratio, bounds = found.comparison.ratio, found.comparison.interval
    interval = "" if bounds is None else f"[{times(bounds[0])}, {times(bounds[1])}]"
    return times(ratio), interval, found.comparison.verdict


def controls(id: str, found: Sequence[Against | None]) -> str:
    """Return how a reference compared with itself, and what the run could tell from it."""
    known = [each.comparison for each in found if each is not None]
    widest = max(
        (each.control.interval for each in known if each.control and each.control.interval),
        key=lambda bounds: bounds[1] - bounds[0],
        default=None,
    )
    resolves = sorted(each.resolves for each in known if each.resolves is not None)
    words = f"{id} against itself: "
    words += "not told" if widest is None else f"{widest[0]:.4f} to {widest[1]:.4f}"
    if resolves:
        words += f"; differences told from {resolves[0]:.1%}"
        if len(resolves) > 1:
            words += f" (steadiest) or {resolves[-1]:.1%} (least steady) on"
        else:
            words += " on"
    return words
