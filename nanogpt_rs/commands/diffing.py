"""The command ``diff``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    RESULTS,
    SLOWER,
    USAGE,
    AsJson,
    Corpora,
    Everything,
    Ids,
    Results,
    Resume,
    err,
    kept_run,
    out,
    print_json,
    refusals,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.tables import print_run

if TYPE_CHECKING:
    from nanogpt_rs.measuring.diff import Side
    from nanogpt_rs.records.schema import Cell


def diff(
    older: Annotated[str, typer.Argument(help="A commit, as git spells it.")],
    newer: Annotated[str, typer.Argument(help="Another.")] = "HEAD",
    tasks: Annotated[
        list[str] | None,
        typer.Option("--task", help="A task; repeatable (charset, encode, encode_array)."),
    ] = None,
    ids: Ids = None,
    corpus: Corpora = None,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="warm, fresh_str or evicted (warm).")
    ] = None,
    everything: Everything = False,
    seconds: Annotated[
        float | None, typer.Option(min=1.0, help="Seconds for each implementation.")
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print what a pull request should be told.")
    ] = False,
    again: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Say of each implementation whether a commit made it faster or slower than another.

    Both are built in release and called in the same processes, in random order. Python that did not
    change between them is left out, but for one row of each task: a control, which must not differ.
    """
    from nanogpt_rs.measuring.diff import (
        CELL_SECONDS,
        DiffError,
        commit_of,
        contests_of,
        name_of,
        request_hash,
        side_of,
    )
    from nanogpt_rs.measuring.diff import diff as run_diff
    from nanogpt_rs.records.schema import CONTROL
    from nanogpt_rs.statistics.adjusted import tests_in

    with refusals():
        from nanogpt_rs.measuring.selection import named_corpora, select, select_states

        rows = select(tasks or (), ids or (), everything=everything, every_task=bool(tasks or ids))
        pairs = named_corpora(corpus)
        states = select_states(state or ["warm"], [row.task for row in rows])
    try:
        commits = commit_of(older), commit_of(newer)
    except DiffError as error:
        stop(USAGE, str(error))
    try:
        err.print("nanogpt-rs: building both commits, where they are not kept", highlight=False)
        sides = side_of(commits[0]), side_of(commits[1])
    except DiffError as error:
        stop(NOTHING, str(error))
    jobs = contests_of(rows, pairs, states, sides, seconds)
    plan, new = request_hash(jobs, sides), sides[1]
    about = {"commit": new.commit, "dirty": False, "before": sides[0].commit}
    with (
        kept_run("diff", plan, new.build, results, again, **about) as keeper,
        timed_progress(CELL_SECONDS * sum(len(job.contenders) for job in jobs)) as advance,
    ):
        cells = run_diff(jobs, sides, advance, keeper)
    if as_json:
        print_json(
            {
                "run": asdict(keeper.run),
                "tests": tests_in(cells),
                "cells": [asdict(cell) for cell in cells],
            }
        )
        return ended(cells)
    controls = {name_of(job.references[CONTROL]) for job in jobs if job.references}
    if as_markdown:
        print(markdown(cells, sides, controls), end="")
    else:
        print_run(keeper.run, cells, {text.id: text.description for _, text in pairs})
        out.print(f"Controls, the same in both commits: {', '.join(sorted(controls)) or 'none'}.")
    ended(cells)


def markdown(cells: Sequence[Cell], sides: tuple[Side, Side], controls: set[str]) -> str:
    """Return the cells as a Markdown table with a heading, to be pasted into a pull request."""
    from nanogpt_rs.measuring.diff import name_of
    from nanogpt_rs.reporting.frames import markdown_of

    old, new = (side.name for side in sides)
    rows = []
    for cell in cells:
        comparison = cell.against[0].comparison if cell.against else None
        ratio = interval = ""
        if comparison is not None and comparison.ratio is not None:
            ratio = f"{comparison.ratio:.3f}"
            interval = (
                "{:.3f} to {:.3f}".format(*comparison.interval) if comparison.interval else ""
            )
        verdict = cell.status if comparison is None else comparison.verdict
        reason = "; ".join(cell.details) if comparison is None else comparison.reason
        name = cell.id + (" (control)" if name_of(cell) in controls else "")
        rows.append([cell.task, name, cell.corpus, cell.state, verdict, ratio, interval, reason])
    heads = [
        "task",
        "implementation",
        "corpus",
        "state",
        "verdict",
        f"{old} / {new}",
        "95 %",
        "why",
    ]
    return (
        f"### `{old}` against `{new}`\n\n{markdown_of(heads, rows)}\n"
        "Ratios are the older commit's time over the newer one's: above 1, the newer one is "
        "faster. Both were called in the same processes, in random order.\n"
    )


def ended(cells: Sequence[Cell]) -> None:
    """End with the status that says what was found."""
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    found = [each.comparison for cell in cells for each in cell.against]
    if not found:
        stop(NOTHING, "nothing could be measured in both commits")
    if any(each.verdict == "slower" for each in found):
        sys.exit(SLOWER)
