"""Measures contests for ``bench`` and ``compare``, and prints their cells."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    kept_run,
    note,
    out,
    print_json,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.pages import write_newest_page
from nanogpt_rs.commands.tables import print_run
from nanogpt_rs.words import meanwhile_line

if TYPE_CHECKING:
    from nanogpt_rs.measuring.bench import Contest
    from nanogpt_rs.ruler.provenance import Build

LONG_SECONDS = 60.0
"""Runs that take longer than this say so before they begin."""


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
    resume: bool,
    as_json: bool,
) -> None:
    """Measure contests, save and print the cells, and exit with the status for these results.

    Args:
        command: Name of the command, and of the folder of its records.
        contests: The contests to measure.
        requested: Task and id of each row that the user chose, without added references.
        build: How the Rust module was built.
        results: Folder for results, with one subfolder for each command.
        resume: Whether to go on with the newest run in it, which was interrupted.
        as_json: Whether to print one document instead of tables.
    """
    from nanogpt_rs.measuring.bench import bench, estimate, request_hash
    from nanogpt_rs.measuring.machine import MachineWatch
    from nanogpt_rs.statistics.adjusted import tests_in

    watch = MachineWatch()
    seconds = estimate(contests)
    if seconds > LONG_SECONDS:
        note(f"this will take about {seconds / 60:.0f} minutes")
    with (
        kept_run(command, request_hash(contests), build, results, resume) as writer,
        timed_progress(seconds) as advance,
    ):
        cells = bench(contests, advance, writer)
    meanwhile = watch.so_far()
    if command == "bench":
        write_newest_page(results)
    if as_json:
        from nanogpt_rs.commands import documents

        document = documents.Comparisons(writer.run, meanwhile, tests_in(cells), tuple(cells))
        print_json(command, document)
    else:
        corpora = {contest.corpus.id: contest.corpus.description for contest in contests}
        print_run(writer.run, cells, corpora)
        out.say(meanwhile_line(**asdict(meanwhile)))
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    if not any(cell.seconds for cell in cells if (cell.task, cell.id) in requested):
        stop(NOTHING, "nothing could be measured here")
