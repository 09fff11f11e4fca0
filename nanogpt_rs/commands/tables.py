"""The tables of cells, as the terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import out
from nanogpt_rs.records.builds import builds_of_run, over_builds
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.words import counted_builds, duration, duration_range, times

if TYPE_CHECKING:
    from nanogpt_rs.records.schema import Against, Cell, Run
    from nanogpt_rs.reporting.decomposition import Decomposition


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
        print_corpus(corpus, first.sha256, first.characters, about)
        print_tables(of_corpus)
    host, build = run.machine, run.build
    commit = f", commit {run.commit[:8]}" if run.commit else ""
    changed = " with uncommitted changes" if run.dirty else ""
    out.say(
        f"{host.alias}: {host.cpu}, {counted(host.cores, 'core')}; {host.python}; "
        f"{build['rustc']}, {builds_of_run(run, cells)}, sources: {run.sources}{commit}{changed}; "
        f"{run.began:%Y-%m-%d}"
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
    out.say(
        "Ratios are the reference's time over the implementation's, with 95 % intervals; "
        f"{adjustment}"
    )


def print_corpus(id: str, sha256: str, characters: int, description: str) -> None:
    """Print the line above tables that says which text was measured, after an empty line."""
    about = f"{description}, " if description else ""
    if not out.after_space:
        out.say("")
    out.say(f"{id}: {about}characters: {characters:,}, SHA-256 {sha256[:12]}", "bold")


def print_decomposition(result: Decomposition) -> None:
    """Print where the ratio between two implementations comes from, as a table of steps."""
    columns = [
        layout.prose("step"),
        layout.prose("what is compared", enough=60),
        layout.figures("factor"),
        layout.figures("ratio so far"),
    ]
    title = f"{result.task}: time of {result.first} over {result.second}, on {result.corpus}"
    table = layout.Table(columns, title)
    for factor in result.factors:
        table.add(factor.name, factor.words, times(factor.factor), times(factor.ratio))
    out.show(table)


def print_tables(cells: Sequence[Cell]) -> None:
    """Print the cells of one corpus: a table for each task and state, the fastest first."""
    for cell in {(cell.task, cell.id): cell for cell in cells if cell.status != "right"}.values():
        line = f"{cell.task} {cell.id}: {cell.status}: {'; '.join(cell.details)}"
        out.say(line)
    for cell in {(cell.task, cell.id): cell for cell in cells if cell.origin}.values():
        line = f"{cell.task} {cell.id}: foreign, from {cell.origin}"
        out.say(line)
    timed = [cell for cell in cells if cell.seconds]
    for task, state in dict.fromkeys((cell.task, cell.state) for cell in timed):
        print_table(
            f"{task}, {state}", [cell for cell in timed if (cell.task, cell.state) == (task, state)]
        )


def print_table(title: str, cells: Sequence[Cell]) -> None:
    """Print the table of one task on one corpus in one state, and the lines below it."""
    from nanogpt_rs.measuring.changes import sentence
    from nanogpt_rs.measuring.measured import NO_SWITCH_COUNTS
    from nanogpt_rs.statistics.ranks import rank_in_words, ranks

    cells = sorted(cells, key=lambda cell: cell.seconds or 0.0)
    places = [rank_in_words(rank) for rank in ranks(cells)]
    # The control of two commits stands in the same column as all other rows.
    cells = [replace(cell, against=tuple(map(in_column, cell.against))) for cell in cells]
    roles = sorted(
        {(against.role, against.id) for cell in cells for against in cell.against},
        key=lambda role: (list(REFERENCES).index(role[0]), role[1]),
    )
    out.show(table_of(title, cells, places, roles))
    reasons = {against.comparison.clock_reason for cell in cells for against in cell.against}
    if NO_SWITCH_COUNTS in reasons:
        out.say(f"by wall clock: {NO_SWITCH_COUNTS}")
    for role, id in roles:
        line = control_line(id, [cell.beside(role) for cell in cells])
        out.say(line)
    explained = [
        f"{cell.id}: {comparison.verdict}: {comparison.reason} ({comparison.clock} clock)"
        for cell in cells
        if not cell.limit
        for comparison in (against.comparison for against in cell.against)
        if comparison.verdict in {"invalid", "inconclusive"} or len(cells) == 2
    ]
    explained += [f"{cell.id}: {sentence(cell)}" for cell in cells if cell.change is not None]
    for line in dict.fromkeys(explained):
        out.say(line)


def in_column(against: Against) -> Against:
    """Return a comparison with the role whose column it stands in."""
    from nanogpt_rs.records.schema import BEFORE, CONTROL

    return replace(against, role=BEFORE) if against.role == CONTROL else against


def table_of(
    title: str, cells: Sequence[Cell], places: Sequence[str], roles: Sequence[tuple[str, str]]
) -> layout.Table:
    """Return a table of timed cells.

    Args:
        title: Heading of the table.
        cells: Cells of one corpus, task and state, in the order of the rows.
        places: Rank of each cell, in words.
        roles: Role and id of each reference; each fills two columns, or one where space is short.
    """
    compiled = any(over_builds(cell) for cell in cells)
    heads = [heading(role, id, cells) for role, id in roles]
    columns = [layout.figures("rank"), layout.ids("implementation"), layout.figures("one call")]
    below = [layout.figures("#"), *columns[1:]]
    if compiled:
        columns.append(layout.figures("fastest to slowest build"))
        below.append(layout.figures("over builds", under=2, turn=0))
    for head in heads:
        columns += [layout.figures(head), layout.Column("verdict")]
        below.append(layout.Column(head, layout.Kind.PROSE, right=True))
        below.append(layout.figures("95 % interval", under=len(below) - 1, turn=0))
    table = layout.Table(columns, title, narrow=layout.Table(below))
    assert table.narrow is not None
    for cell, place in zip(cells, places, strict=True):
        assert cell.seconds is not None
        cores = "" if cell.cores is None else f" on {cell.cores:.1f} cores"
        wide = [place, cell.id, duration(cell.seconds) + cores]
        if compiled:
            wide.append(builds_in_words(cell))
        narrow = list(wide)
        for role, id in roles:
            ratio, verdict = (
                ("1", "reference") if cell.id == id else comparison_words(cell.beside(role))
            )
            verdict = "limit" if cell.limit else verdict
            wide += [ratio, verdict]
            number, _, interval = ratio.partition(" ")
            narrow += [f"{number} {verdict}", interval]
        style = "dim" if cell.limit else ""
        table.add(*wide, style=style)
        table.narrow.add(*narrow, style=style)
    return table


def heading(role: str, id: str, cells: Sequence[Cell]) -> str:
    """Return the heading of the ratios to a reference."""
    foreign = any(cell.id == id and cell.origin for cell in cells)
    words = "the baseline" if role == "lecture" and foreign else REFERENCES[role]
    return f"x {words}, {id}" if words else f"x {id}"


def builds_in_words(cell: Cell) -> str:
    """Return how far builds of a compiled implementation differ, or that it has one build."""
    builds = over_builds(cell)
    if builds is None:
        return ""
    if builds.seconds is None:
        return counted_builds(builds.count, builds.count)
    return duration_range(*builds.seconds)


def comparison_words(against: Against | None) -> tuple[str, str]:
    """Return the ratio with its interval, and the verdict, as a table shows them."""
    if against is None or against.comparison.ratio is None:
        return "-", "-" if against is None else against.comparison.verdict
    comparison = against.comparison
    return times(against.comparison.ratio, comparison.interval), comparison.verdict


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
