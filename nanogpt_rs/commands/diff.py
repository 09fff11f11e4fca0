"""The command ``diff``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    SLOWER,
    Resuming,
    kept_run,
    note,
    out,
    print_json,
    refuse_beside,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.contests import announce_build, refuse_useless_builds
from nanogpt_rs.commands.options import (
    BUILDS,
    DEFAULT_TASKS,
    RESULTS,
    AsJson,
    Builds,
    Corpora,
    Everything,
    Ids,
    Precise,
    Results,
    Resume,
    complete_state,
    complete_task,
)
from nanogpt_rs.commands.tables import print_run
from nanogpt_rs.words import times

if TYPE_CHECKING:
    from nanogpt_rs.measuring.diff import Side
    from nanogpt_rs.records.schema import Cell

TaskOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--task",
        autocompletion=complete_task,
        help="A task, such as charset; repeatable.",
        show_default=DEFAULT_TASKS,
    ),
]
States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        autocompletion=complete_state,
        help="warm, fresh_str, evicted or new_text; repeatable.",
        show_default="warm",
    ),
]


def diff(
    context: typer.Context,
    older: Annotated[str, typer.Argument(help="The commit to compare with, such as HEAD~1.")],
    newer: Annotated[str, typer.Argument(help="The commit to test.")] = "HEAD",
    tasks: TaskOptions = None,
    ids: Ids = None,
    corpus: Corpora = None,
    state: States = None,
    everything: Everything = False,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=1.0,
            help="Seconds to spend on each implementation.",
            show_default="chosen from the length of a call",
        ),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a Markdown table for a pull request.")
    ] = False,
    builds: Builds = BUILDS,
    precise: Precise = False,
    resume: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Find out whether a commit made implementations faster or slower.

    Both commits are built in release and called in the same processes, in random order. Python
    that is equal in both is left out, except for one row of each task: the control, in which no
    difference may be seen.

    For example: nanogpt-rs diff HEAD~1 HEAD --task charset
    """
    from nanogpt_rs.measuring.diff import CELL_SECONDS, contests_of, name_of, request_hash
    from nanogpt_rs.measuring.diff import diff as run_diff
    from nanogpt_rs.records.schema import CONTROL
    from nanogpt_rs.statistics.adjusted import tests_in

    if ids:
        refuse_beside(context, "--id", "everything")
    if as_markdown:
        refuse_beside(context, "--markdown", "as_json")
    from nanogpt_rs.measuring.selection import named_corpora, select, select_states

    rows = select(tasks or (), ids or (), everything=everything, every_task=bool(tasks or ids))
    refuse_useless_builds(context, rows, builds)
    pairs = named_corpora(corpus)
    states = select_states(state or ["warm"], [row.task for row in rows])
    sides = sides_with_builds(sides_of(older, newer), builds)
    old, new = sides
    contests = contests_of(rows, pairs, states, sides, seconds)
    contests = [replace(contest, precise=precise) for contest in contests]
    request = request_hash(contests, sides)
    about = {"commit": new.commit, "dirty": False, "before": old.commit}
    count = sum(len(contest.contenders) for contest in contests)
    with (
        kept_run("diff", request, new.build, results, Resuming(resume), **about) as writer,
        timed_progress(CELL_SECONDS * count) as advance,
    ):
        cells = run_diff(contests, sides, advance, writer)
    controls = {name_of(contest.references[CONTROL]) for contest in contests if contest.references}
    if as_json:
        from nanogpt_rs.commands import documents

        document = documents.CommitComparisons(writer.run, tests_in(cells), tuple(cells))
        print_json("diff", document)
    elif as_markdown:
        print(markdown(cells, sides, controls), end="")
    else:
        print_run(writer.run, cells, {text.id: text.description for _, text in pairs})
        out.say(f"Controls, equal in both commits: {', '.join(sorted(controls)) or 'none'}.")
    exit_with_status(cells)


def sides_of(older: str, newer: str) -> tuple[Side, Side]:
    """Return both commits, built and installed, or exit if that fails."""
    from nanogpt_rs.measuring.diff import commit_of, side_of

    commits = commit_of(older), commit_of(newer)
    note("building the commits that are not built yet")
    return side_of(commits[0]), side_of(commits[1])


def sides_with_builds(sides: tuple[Side, Side], count: int) -> tuple[Side, Side]:
    """Return both commits with several builds, or with their wheels' own where that fails."""
    from nanogpt_rs.measuring.builds import BuildsError
    from nanogpt_rs.measuring.diff import with_builds

    if count < 2:
        return sides
    try:
        old, new = (with_builds(side, count, announce_build) for side in sides)
    except BuildsError as error:
        note(f"one build is measured: {error}")
        return sides
    return old, new


def markdown(cells: Sequence[Cell], sides: tuple[Side, Side], controls: set[str]) -> str:
    """Return the cells as a Markdown table with a heading, to be pasted into a pull request."""
    from nanogpt_rs.measuring.changes import sentence
    from nanogpt_rs.measuring.diff import name_of
    from nanogpt_rs.reporting.frames import markdown_of

    old, new = (side.name for side in sides)
    rows = []
    for cell in cells:
        comparison = cell.against[0].comparison if cell.against else None
        ratio = interval = ""
        if comparison is not None and comparison.ratio is not None:
            words = times(comparison.ratio, comparison.interval)
            ratio, _, interval = words.partition(" ")
        verdict = cell.status if comparison is None else comparison.verdict
        reason = "; ".join(cell.details) if comparison is None else comparison.reason
        if cell.change is not None:
            reason += f"; {sentence(cell)}"
        name = cell.id + (" (control)" if name_of(cell) in controls else "")
        rows.append([cell.task, name, cell.corpus, cell.state, verdict, ratio, interval, reason])
    ratio_head = f"{old} / {new}"
    heads = ["task", "implementation", "corpus", "state", "verdict", ratio_head, "95 %", "why"]
    return (
        f"### `{old}` against `{new}`\n\n{markdown_of(heads, rows)}\n"
        "Ratios are the older commit's time over the newer one's: above 1, the newer one is "
        "faster. Both were called in the same processes, in random order.\n"
    )


def exit_with_status(cells: Sequence[Cell]) -> None:
    """Exit with the status of the worst cell, or return if all is well."""
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    comparisons = [against.comparison for cell in cells for against in cell.against]
    if not comparisons:
        stop(NOTHING, "nothing could be measured in both commits")
    if any(comparison.verdict == "slower" for comparison in comparisons):
        sys.exit(SLOWER)
