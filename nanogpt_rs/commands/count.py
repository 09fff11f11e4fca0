"""The command ``profile instructions``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    Resuming,
    kept_run,
    out,
    print_json,
    refuse_beside,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.options import (
    RESULTS,
    AsJson,
    Corpora,
    Everything,
    Ids,
    Results,
    Resume,
    Tasks,
)
from nanogpt_rs.ruler.provenance import check

if TYPE_CHECKING:
    from nanogpt_rs.measuring.diff import Side
    from nanogpt_rs.records.schema import Cell


def count(
    context: typer.Context,
    tasks: Tasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    everything: Everything = False,
    against: Annotated[
        str | None,
        typer.Option(help="An older commit, such as HEAD~1, to count as well and compare with."),
    ] = None,
    resume: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Count the instructions of a call with valgrind, to compare one implementation across commits.

    A busy machine does not disturb the counts. They do not say which of two implementations is
    faster. Valgrind hides AVX-512: an implementation with AVX-512 code runs other code there, and
    the table names the code path that was counted.

    For example: nanogpt-rs profile instructions encode --against HEAD~1
    """
    from nanogpt_rs.measuring.bench import Contest
    from nanogpt_rs.measuring.count import COUNT_SECONDS, Before, request_hash
    from nanogpt_rs.measuring.count import count as run_count

    if ids:
        refuse_beside(context, "--id", "everything")
    from nanogpt_rs.measuring.selection import named_corpora, select

    rows = select(tasks or (), ids or (), everything=everything, every_task=bool(tasks or ids))
    pairs = named_corpora(corpus)
    build = check()
    side = older_side(against)
    older = None if side is None else side.commit
    contests = [
        Contest(name, text, "instructions", {}, tuple(row for row in rows if row.task == task))
        for name, text in pairs
        for task in dict.fromkeys(row.task for row in rows)
    ]
    calls = sum(len(contest.contenders) for contest in contests) * (1 if side is None else 2)
    request = request_hash(contests, older)
    with (
        kept_run("count", request, build, results, Resuming(resume), before=older) as writer,
        timed_progress(COUNT_SECONDS * calls) as advance,
    ):
        before = None if side is None else Before(side.commit, str(side.folder))
        cells = run_count(contests, before, advance, writer)
    if as_json:
        from nanogpt_rs.commands import documents

        print_json("profile instructions", documents.Instructions(writer.run, tuple(cells)))
    else:
        print_counts(cells, older)
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    if not any(cell.instructions for cell in cells):
        stop(NOTHING, "nothing could be counted here")


def older_side(revision: str | None) -> Side | None:
    """Return the built side of an older commit, if there is one, or exit if counting fails here."""
    from nanogpt_rs.measuring.count import library
    from nanogpt_rs.measuring.diff import commit_of, side_of

    older = None if revision is None else commit_of(revision)
    library()
    return None if older is None else side_of(older)


def print_counts(cells: Sequence[Cell], older: str | None) -> None:
    """Print a table of counts for each task and corpus."""
    from nanogpt_rs.measuring.changes import sentence

    for task, corpus in dict.fromkeys((cell.task, cell.corpus) for cell in cells):
        columns = [layout.ids("implementation"), layout.figures("instructions")]
        if older is not None:
            columns += [layout.figures(f"in {older[:8]}"), layout.figures("change")]
        table = layout.Table([*columns, layout.prose("code path")], f"{task} on {corpus}")
        for cell in cells:
            if (cell.task, cell.corpus) == (task, corpus):
                table.add(*columns_of(cell, older))
        out.show(table)
    for cell in cells:
        if cell.change is not None:
            out.say(f"{cell.task} {cell.id}: {sentence(cell)}")
    out.say(
        "Counts of one implementation can be compared across commits. Counts of two "
        "implementations cannot be compared with each other."
    )


def columns_of(cell: Cell, older: str | None) -> list[str]:
    """Return the row of a cell in a table of counts."""
    if cell.instructions is None:
        reason = f"{cell.status}: {'; '.join(cell.details)}"
        return [cell.id, *["-"] * (1 if older is None else 3), reason]
    columns = [cell.id, f"{cell.instructions:,}"]
    if older is not None:
        before = cell.instructions_before
        if before:
            columns += [f"{before:,}", f"{cell.instructions / before - 1:+.3%}"]
        else:
            columns += ["-", "-"]
    path = cell.path if cell.id.startswith("rust/") else None
    return [*columns, path or ""]
