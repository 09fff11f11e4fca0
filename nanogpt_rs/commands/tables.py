"""The tables of cells, as the terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import out
from nanogpt_rs.records.builds import builds_of_run, over_builds
from nanogpt_rs.words import counted_builds, duration, duration_range, times

if TYPE_CHECKING:
    from nanogpt_rs.records.schema import Against, Cell, Run


LONGEST_LINE = 40
"""Most characters of an id on one line of a table."""
REFERENCES = {
    "lecture": "the lecture's",
    "strongest": "the strongest Python",
    "asked": "",
    "before": "the older commit's",
}
"""The words for a reference in the heading of a column, by its role."""


def print_run(run: Run, cells: Sequence[Cell], descriptions: Mapping[str, str]) -> None:
    """Print the tables of a run, corpus by corpus, and how and where it was measured.

    Args:
        run: The run's description.
        cells: The run's cells, adjusted for their number of tests.
        descriptions: Descriptions of corpora by id; a corpus without one is shown without.
    """
    from nanogpt_rs.statistics.adjusted import tests_in

    for corpus in dict.fromkeys(cell.corpus for cell in cells):
        of_corpus = [cell for cell in cells if cell.corpus == corpus]
        first, about = of_corpus[0], descriptions.get(corpus, "")
        out.print(corpus_line(corpus, first.sha256, first.characters, about))
        print_tables(of_corpus)
    host, build = run.machine, run.build
    commit = f", commit {run.commit[:8]}" if run.commit else ""
    changed = " with uncommitted changes" if run.dirty else ""
    out.print(
        escape(
            f"{host.alias}: {host.cpu}, {host.cores} cores; {host.python}; {build['rustc']}, "
            f"{builds_of_run(run, cells)}, sources: {run.sources}{commit}{changed}; "
            f"{run.began:%Y-%m-%d}"
        )
    )
    if not any(cell.against for cell in cells):
        return
    tests = tests_in(cells)
    if tests:
        adjustment = (
            f"verdicts hold for all {tests} tests together (Holm), each interval for itself alone."
        )
    elif any(against.comparison.valid for cell in cells for against in cell.against):
        adjustment = "one test was made, and nothing is adjusted."
    else:
        adjustment = "none is valid, and nothing is tested."
    out.print(
        "Ratios are the reference's time over the implementation's, with 95 % intervals; "
        f"{adjustment}"
    )


def corpus_line(id: str, sha256: str, characters: int, description: str) -> str:
    """Return the line above a table that says which text was measured."""
    about = f"{description}, " if description else ""
    return (
        f"\n[bold]{escape(id)}[/bold]: {escape(about)}characters: {characters:,}, "
        f"SHA-256 {sha256[:12]}"
    )


def print_tables(cells: Sequence[Cell]) -> None:
    """Print the cells of one corpus: a table for each task and state, the fastest first."""
    for cell in {(cell.task, cell.id): cell for cell in cells if cell.status != "right"}.values():
        line = f"{cell.task} {cell.id}: {cell.status}: {'; '.join(cell.details)}"
        out.print(escape(line), soft_wrap=True)
    for cell in {(cell.task, cell.id): cell for cell in cells if cell.origin}.values():
        line = f"{cell.task} {cell.id}: foreign, from {cell.origin}"
        out.print(escape(line), soft_wrap=True)
    timed = [cell for cell in cells if cell.seconds]
    for task, state in dict.fromkeys((cell.task, cell.state) for cell in timed):
        print_table(
            f"{task}, {state}", [cell for cell in timed if (cell.task, cell.state) == (task, state)]
        )


def print_table(title: str, cells: Sequence[Cell]) -> None:
    """Print the table of one task on one corpus in one state, and the lines below it."""
    from nanogpt_rs.measuring.changes import sentence
    from nanogpt_rs.measuring.paired import NO_SWITCH_COUNTS
    from nanogpt_rs.statistics.ranks import rank_in_words, ranks

    cells = sorted(cells, key=lambda cell: cell.seconds or 0.0)
    places = [rank_in_words(rank) for rank in ranks(cells)]
    # The control of two commits stands in the same column as all other rows.
    cells = [replace(cell, against=tuple(map(in_column, cell.against))) for cell in cells]
    roles = sorted(
        {(against.role, against.id) for cell in cells for against in cell.against},
        key=lambda role: (list(REFERENCES).index(role[0]), role[1]),
    )
    table = table_of(title, cells, places, roles)
    if out.measure(table, options=out.options.update(width=1000)).maximum > out.width:
        table = table_of(title, cells, places, roles, narrow=True)
    out.print(table)
    reasons = {against.comparison.clock_reason for cell in cells for against in cell.against}
    if NO_SWITCH_COUNTS in reasons:
        out.print(escape(f"by wall clock: {NO_SWITCH_COUNTS}"), soft_wrap=True)
    for role, id in roles:
        line = control_line(id, [cell.beside(role) for cell in cells])
        out.print(escape(line), soft_wrap=True)
    explained = [
        f"{cell.id}: {comparison.verdict}: {comparison.reason} ({comparison.clock} clock)"
        for cell in cells
        if not cell.limit
        for comparison in (against.comparison for against in cell.against)
        if comparison.verdict in {"invalid", "inconclusive"} or len(cells) == 2
    ]
    explained += [f"{cell.id}: {sentence(cell)}" for cell in cells if cell.change is not None]
    out.print(escape("\n".join(dict.fromkeys(explained))), soft_wrap=True)


def in_column(against: Against) -> Against:
    """Return a comparison with the role whose column it stands in."""
    from nanogpt_rs.records.schema import BEFORE, CONTROL

    return replace(against, role=BEFORE) if against.role == CONTROL else against


def table_of(
    title: str,
    cells: Sequence[Cell],
    places: Sequence[str],
    roles: Sequence[tuple[str, str]],
    *,
    narrow: bool = False,
) -> Table:
    """Return a table of timed cells.

    Args:
        title: Heading of the table.
        cells: Cells of one corpus, task and state, in the order of the rows.
        places: Rank of each cell, in words.
        roles: Role and id of each reference; each fills two columns, or one if ``narrow``.
        narrow: Whether to fit into a terminal of 80 columns.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("#" if narrow else "rank", justify="right", no_wrap=True)
    # Ids are wrapped here, and not by the table, which would narrow this column before all others.
    table.add_column("implementation", no_wrap=True)
    compiled = any(over_builds(cell) for cell in cells)
    table.add_column(
        "one call,\nover builds" if narrow and compiled else "one call", justify="right"
    )
    if compiled and not narrow:
        table.add_column("fastest to slowest\nbuild", justify="right")
    for role, id in roles:
        foreign = any(cell.id == id and cell.origin for cell in cells)
        words = "the baseline" if role == "lecture" and foreign else REFERENCES[role]
        head = f"x {words or id}" if narrow else f"x {words}\n{id}"
        table.add_column(head, justify="right")
        if not narrow:
            table.add_column("verdict", no_wrap=True)
    for cell, place in zip(cells, places, strict=True):
        assert cell.seconds is not None
        cores = "" if cell.cores is None else f" on {cell.cores:.1f} cores"
        name = "\n".join(wrap(cell.id, LONGEST_LINE)) or cell.id
        columns = [place, name, duration(cell.seconds) + cores]
        if narrow:
            columns[-1] = f"{columns[-1]}\n{builds_in_words(cell)}".rstrip()
        elif compiled:
            columns.append(builds_in_words(cell))
        for role, id in roles:
            ratio, interval, verdict = (
                ("1", "", "reference") if cell.id == id else comparison_words(cell.beside(role))
            )
            if cell.limit:
                verdict = "limit"
            if narrow:
                columns.append(f"{ratio} {verdict}\n{interval}".rstrip())
            else:
                columns += [f"{ratio} {interval}".rstrip(), verdict]
        table.add_row(*map(escape, columns), style="dim" if cell.limit else None)
    return table


def builds_in_words(cell: Cell) -> str:
    """Return how far builds of a compiled implementation differ, or that it has one build."""
    builds = over_builds(cell)
    if builds is None:
        return ""
    if builds.seconds is None:
        return counted_builds(builds.count, builds.count)
    return duration_range(*builds.seconds)


def comparison_words(against: Against | None) -> tuple[str, str, str]:
    """Return the ratio, the interval and the verdict of a comparison as a table shows them."""
    if against is None or against.comparison.ratio is None:
        return "-", "", "-" if against is None else against.comparison.verdict
    ratio, bounds = against.comparison.ratio, against.comparison.interval
    interval = "" if bounds is None else f"[{times(bounds[0])}, {times(bounds[1])}]"
    return times(ratio), interval, against.comparison.verdict


def control_line(id: str, against: Sequence[Against | None]) -> str:
    """Return how a reference compared with itself, and which differences the run could resolve."""
    comparisons = [entry.comparison for entry in against if entry is not None]
    controls = [comparison.control for comparison in comparisons if comparison.control]
    widest = max(
        (control.interval for control in controls if control.interval),
        key=lambda bounds: bounds[1] - bounds[0],
        default=None,
    )
    resolves = sorted(
        comparison.resolves for comparison in comparisons if comparison.resolves is not None
    )
    line = f"{id} against itself: "
    line += "unknown" if widest is None else f"{widest[0]:.4f} to {widest[1]:.4f}"
    if resolves:
        line += f"; differences can be told from {resolves[0]:.1%}"
        if len(resolves) > 1:
            line += f" (steadiest) or {resolves[-1]:.1%} (least steady) on"
        else:
            line += " on"
    return line
