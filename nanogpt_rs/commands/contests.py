"""Measures contests for ``bench`` and ``compare``, and prints their cells."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    USAGE,
    Resuming,
    given,
    kept_run,
    note,
    out,
    print_json,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.pages import write_newest_page
from nanogpt_rs.commands.summaries import print_first_answer, print_pointers, print_summary
from nanogpt_rs.commands.tables import print_run
from nanogpt_rs.words import meanwhile_line

if TYPE_CHECKING:
    import typer

    from nanogpt_rs.measuring.bench import Contest
    from nanogpt_rs.records.files import Writer
    from nanogpt_rs.records.schema import Cell, Meanwhile, Run
    from nanogpt_rs.ruler.provenance import Build
    from nanogpt_rs.ruler.registry import Implementation

LONG_SECONDS = 60.0
"""Runs that take longer than this say so before they begin."""


def refuse_useless_builds(
    context: typer.Context, rows: Iterable[Implementation], count: int
) -> None:
    """Exit if several builds are asked for, and none of these implementations is compiled."""
    compiled = any(row.calls_rust_module() or row.builds for row in rows)
    if count > 1 and not compiled and given(context, "builds"):
        stop(
            USAGE,
            "--builds: no effect, because none of these implementations is compiled",
            "leave --builds out",
        )


def with_builds(contests: Sequence[Contest], count: int) -> list[Contest]:
    """Give the contests that need it several builds of the Rust module.

    Where several builds cannot be made, the reason is printed and one build is measured.

    Args:
        contests: The contests to measure.
        count: Number of builds.
    """
    from nanogpt_rs.measuring.builds import BuildsError, builds_of_checkout

    if count < 2:
        return list(contests)
    contests = [
        replace(
            contest,
            package_builds={
                row.packages()[0]: row.builds[:count] for row in contest.contenders if row.builds
            },
        )
        for contest in contests
    ]
    if not any(map(calls_rust_module, contests)):
        return list(contests)
    try:
        builds = tuple(builds_of_checkout(count, announce_build))
    except BuildsError as error:
        note(f"one build is measured: {error}")
        return list(contests)
    return [
        replace(contest, builds=builds) if calls_rust_module(contest) else contest
        for contest in contests
    ]


def calls_rust_module(contest: Contest) -> bool:
    """Return whether a contender calls this project's Rust module."""
    return any(row.calls_rust_module() for row in contest.contenders)


def announce_build(step: str) -> None:
    """Print the step of making builds that begins now, which can take a minute."""
    note(step)


def run_contests(
    command: str,
    contests: Sequence[Contest],
    requested: Collection[tuple[str, str]],
    build: Build,
    results: Path,
    resume: Resuming,
    as_json: bool,
    summary: bool = False,
) -> None:
    """Measure contests, save and print the cells, and exit with the status for these results.

    Args:
        command: Name of the command, and of the folder of its records.
        contests: The contests to measure.
        requested: Task and id of each row that the user chose, without added references.
        build: How the Rust module was built.
        results: Folder for results, with one subfolder for each command.
        resume: Whether to go on with the newest run in it, if it was interrupted.
        as_json: Whether to print one document instead of tables.
        summary: Whether to print a first answer early and a summary, instead of tables.
    """
    from nanogpt_rs.measuring.bench import estimate, request_hash
    from nanogpt_rs.measuring.machine import MachineWatch

    watch = MachineWatch()
    seconds = estimate(contests)
    if seconds > LONG_SECONDS:
        note(f"this will take about {seconds / 60:.0f} minutes")
    with kept_run(command, request_hash(contests), build, results, resume) as writer:
        cells = measured_cells(contests, writer, first=summary)
    meanwhile = watch.so_far()
    page = write_newest_page(results, announce=not summary) if command == "bench" else None
    print_cells(command, writer.run, cells, contests, meanwhile, as_json=as_json, summary=summary)
    if summary:
        print_pointers(page)
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    if not any(cell.seconds for cell in cells if (cell.task, cell.id) in requested):
        stop(NOTHING, "nothing could be measured here")


def measured_cells(contests: Sequence[Contest], writer: Writer, *, first: bool) -> list[Cell]:
    """Measure contests and return their cells, after a first answer if that is wanted."""
    from nanogpt_rs.measuring.bench import (
        Proofs,
        adjusted_together,
        bench,
        estimate,
        first_part,
    )

    proofs: Proofs = {}
    contests = adjusted_together(contests)
    seconds = estimate(contests)
    if first:
        part = [first_part(contests[0])]
        with timed_progress(estimate(part)) as advance:
            cells = bench(part, advance, writer, proofs)
        print_first_answer(cells)
        seconds -= estimate(part)
    with timed_progress(seconds) as advance:
        return bench(contests, advance, writer, proofs)


def print_cells(
    command: str,
    run: Run,
    cells: Sequence[Cell],
    contests: Sequence[Contest],
    meanwhile: Meanwhile,
    *,
    as_json: bool,
    summary: bool,
) -> None:
    """Print cells as one document, as a summary, or as tables.

    Args:
        command: Name of the command.
        run: The run's description.
        cells: Its cells, adjusted for their number of tests.
        contests: The contests that they are of.
        meanwhile: How busy the machine was.
        as_json: Whether to print one document.
        summary: Whether to print a summary.
    """
    from nanogpt_rs.records.kinds import Recorded
    from nanogpt_rs.statistics.adjusted import tests_in

    if as_json:
        from nanogpt_rs.commands import documents

        print_json(command, documents.Comparisons(run, meanwhile, tests_in(cells), tuple(cells)))
        return
    if summary:
        print_summary(Recorded(run, tuple(cells), complete=True))
    else:
        corpora = {contest.corpus.id: contest.corpus.description for contest in contests}
        print_run(run, cells, corpora)
    out.say(meanwhile_line(**asdict(meanwhile)))
