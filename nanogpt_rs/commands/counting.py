"""The command ``count``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    RESULTS,
    USAGE,
    AsJson,
    Corpora,
    Everything,
    Ids,
    Results,
    Resume,
    Tasks,
    kept_run,
    out,
    print_json,
    refusals,
    stop,
    timed_progress,
)

if TYPE_CHECKING:
    from nanogpt_rs.records.schema import Cell


def count(
    tasks: Tasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    everything: Everything = False,
    against: Annotated[
        str | None, typer.Option(help="An older commit, to count as well and set beside.")
    ] = None,
    again: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Count the instructions of a call by valgrind, for one implementation across commits.

    No busy machine disturbs it, and it says nothing about which of two ideas is faster. Valgrind
    hides AVX-512: where an idea has code for it, the path that was counted is another one, and is
    named.
    """
    from nanogpt_rs.measuring.bench import Contest
    from nanogpt_rs.measuring.count import COUNT_SECONDS, CountError, library, request_hash
    from nanogpt_rs.measuring.count import count as run_count
    from nanogpt_rs.measuring.diff import DiffError, commit_of, side_of

    with refusals():
        from nanogpt_rs.measuring.selection import named_corpora, select
        from nanogpt_rs.ruler.provenance import check

        rows = select(tasks or (), ids or (), everything=everything, every_task=bool(tasks or ids))
        pairs = named_corpora(corpus)
        build = check()
    try:
        older = None if against is None else commit_of(against)
    except DiffError as error:
        stop(USAGE, str(error))
    try:
        library()
        side = None if older is None else side_of(older)
    except (CountError, DiffError) as error:
        stop(NOTHING, str(error))
    jobs = [
        Contest(name, text, "instructions", {}, tuple(row for row in rows if row.task == task))
        for name, text in pairs
        for task in dict.fromkeys(row.task for row in rows)
    ]
    seconds = COUNT_SECONDS * sum(len(job.contenders) for job in jobs) * (1 if side is None else 2)
    with (
        kept_run("count", request_hash(jobs, older), build, results, again, before=older) as keeper,
        timed_progress(seconds) as advance,
    ):
        cells = run_count(jobs, str(side.folder) if side else None, advance, keeper)
    if as_json:
        print_json({"run": asdict(keeper.run), "cells": [asdict(cell) for cell in cells]})
    else:
        print_counts(cells, older)
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    if not any(cell.instructions for cell in cells):
        stop(NOTHING, "nothing could be counted here")


def print_counts(cells: Sequence[Cell], older: str | None) -> None:
    """Print a table of counts for each task and corpus."""
    for task, corpus in dict.fromkeys((cell.task, cell.corpus) for cell in cells):
        table = Table(title=escape(f"{task} on {corpus}"), title_justify="left")
        table.add_column("implementation", overflow="fold")
        table.add_column("instructions", justify="right")
        if older is not None:
            table.add_column(f"in {older[:8]}", justify="right")
            table.add_column("change", justify="right")
        table.add_column("path")
        for cell in cells:
            if (cell.task, cell.corpus) != (task, corpus):
                continue
            if cell.instructions is None:
                words = [f"{cell.status}: {'; '.join(cell.details)}"]
                table.add_row(cell.id, *["-"] * (1 if older is None else 3), *map(escape, words))
                continue
            columns = [cell.id, f"{cell.instructions:,}"]
            if older is not None:
                was = cell.instructions_before
                columns += (
                    ["-", "-"] if not was else [f"{was:,}", f"{cell.instructions / was - 1:+.3%}"]
                )
            table.add_row(*columns, cell.path if cell.id.startswith("rust/") else "")
        out.print(table)
    out.print("Counts of one implementation across commits are comparable, and nothing else is.")
