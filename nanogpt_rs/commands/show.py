"""The command ``show``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands.comparison import print_compared
from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    USAGE,
    err,
    given,
    out,
    print_json,
    refuse_beside,
    refuse_without,
    stop,
)
from nanogpt_rs.commands.options import RESULTS, AsJson, Results
from nanogpt_rs.commands.pages import PAGE, newest_of_each, write_page
from nanogpt_rs.commands.recorded_tables import of_kind, print_records
from nanogpt_rs.commands.runs import runs_of, whole_jobs_of
from nanogpt_rs.commands.summaries import print_summary
from nanogpt_rs.commands.tables import print_run
from nanogpt_rs.records.callables import Called
from nanogpt_rs.ruler.corpora import CORPORA
from nanogpt_rs.ruler.errors import did_you_mean
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.words import meanwhile_line

if TYPE_CHECKING:
    from nanogpt_rs.commands.documents import ShownRun
    from nanogpt_rs.records.kinds import Recorded


class Format(StrEnum):
    """Forms in which recorded runs can be shown."""

    TABLE = "table"
    SUMMARY = "summary"
    CSV = "csv"
    MARKDOWN = "markdown"
    PARQUET = "parquet"
    HTML = "html"


Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Files of records.",
        show_default="the newest run of bench or compare; with --format summary, of job measure "
        "too; with --format html, of each command",
    ),
]
To = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="With --format csv, markdown, parquet or html: the file to write.",
        show_default=f"standard output; with --format html {PAGE} in the folder for results",
    ),
]


Between = Annotated[
    tuple[str, str] | None,
    typer.Option(
        help="Two ids of implementations, such as python/tiktoken rust/piece_cache: show where the "
        "ratio of their times comes from.",
        metavar="ID ID",
    ),
]


def show(
    context: typer.Context,
    files: Files = None,
    format: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="table, as when it was measured; summary, a few lines; csv, markdown or parquet, "
            "with a row for each cell and reference; or html, the comparison page: one file, "
            "which needs no network.",
        ),
    ] = Format.TABLE,
    to: To = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="Write the page (--format html), and open it.")
    ] = False,
    between: Between = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Show recorded runs: as they were shown when they were measured, as a file, or as a page.

    For example: nanogpt-rs show results/bench/*.jsonl

    For example: nanogpt-rs show --format summary

    For example: nanogpt-rs show --format csv --out runs.csv

    For example: nanogpt-rs show --open

    For example: nanogpt-rs show --between python/tiktoken rust/piece_cache
    """
    refuse_useless(context, format, between=between is not None, as_json=as_json, page=open_page)
    if open_page or format == Format.HTML:
        if files and to:
            refuse_beside(context, "FILES and --out", "results")
        show_page(files, to or results / PAGE, results, open_page)
        return
    if format in {Format.TABLE, Format.SUMMARY}:
        refuse_without(context, "--format csv, markdown, parquet or html", "to")
    if files:
        refuse_beside(context, "FILES", "results")
    runs = runs_of(files, results)
    if between is not None:
        print_between(runs, *between)
    elif as_json:
        from nanogpt_rs.commands import documents

        print_json("show", documents.Shown(tuple(map(document_of, runs))))
    elif format == Format.TABLE:
        for recorded in runs:
            print_recorded(recorded)
    elif format == Format.SUMMARY:
        for recorded in runs + ([] if files else whole_jobs_of(results)):
            print_summary(recorded)
    else:
        export(runs, format.value, to, files or [])


def refuse_useless(
    context: typer.Context, format: Format, *, between: bool, as_json: bool, page: bool
) -> None:
    """Exit if an option was given that has no effect beside another.

    Args:
        context: Context of the command.
        format: The form that was asked for.
        between: Whether two implementations were named.
        as_json: Whether one document is printed.
        page: Whether the page is opened.
    """
    if between:
        refuse_beside(context, "--between", "format", "to", "open_page", "as_json")
    if as_json:
        refuse_beside(context, "--json", "format", "to", "open_page")
    if page and given(context, "format") and format != Format.HTML:
        refuse_beside(context, f"--format {format}", "open_page")


def print_between(runs: Sequence[Recorded], first: str, second: str) -> None:
    """Print where the ratio between two implementations comes from, for each task of each run.

    Args:
        runs: The runs.
        first: Id of the implementation whose time is divided.
        second: Id of the one by whose time it is divided.
    """
    from nanogpt_rs.commands.tables import print_decomposition
    from nanogpt_rs.reporting.decomposition import Measured, decomposition

    ids = [cell.id for recorded in runs for cell in recorded.cells]
    if first == second:
        stop(USAGE, f"--between was given {first} twice", "name two implementations")
    for id in (first, second):
        if id not in ids:
            hint = did_you_mean(id, ids, "`nanogpt-rs show` shows what was measured")
            stop(USAGE, f"no implementation {id!r} in what is shown", hint)
    shown = False
    for recorded in runs:
        measured = Measured(recorded.cells)
        for task in measured.tasks():
            if (result := decomposition(measured, task, first, second)) is not None:
                print_decomposition(result)
                shown = True
    if not shown:
        stop(
            NOTHING,
            f"{first} and {second} have no times on the same text in the same state",
            f"measure them together: `nanogpt-rs bench TASK --id {first} --id {second}`",
        )


def check_target(target: Path, files: Sequence[Path]) -> None:
    """Check that a file can be written, and is none of those that are shown.

    Raises:
        OSError: It cannot be written.
        nanogpt_rs.ruler.regular.OverwriteError: It is one of the files.
    """
    from nanogpt_rs.ruler.regular import check_apart, check_can_write

    check_apart([target], files)
    check_can_write(target)


def show_page(files: Sequence[Path] | None, target: Path, results: Path, open_it: bool) -> None:
    """Write the comparison page, print its path, and open it in a browser if that is wanted.

    Args:
        files: Files of records. ``None``: the newest run of each command in ``results``.
        target: The page's file.
        results: Folder for results, with one subfolder for each command.
        open_it: Whether to open the page.
    """
    shown = files or newest_of_each(results)
    check_target(target, shown)
    write_page(target, shown)
    out.say_path(target)
    if open_it:
        import webbrowser

        if not webbrowser.open(target.absolute().as_uri()):
            stop(FAILED, f"no browser could be started; the page is {target}")


def export(runs: Sequence[Recorded], format: str, to: Path | None, files: Sequence[Path]) -> None:
    """Write the cells of runs as a table in a format, to a file or to standard output.

    Args:
        runs: The runs.
        format: The format.
        to: The file to write. ``None``: standard output.
        files: Files that the runs were read from, which are not overwritten.
    """
    from nanogpt_rs.reporting.frames import frame_of, written
    from nanogpt_rs.ruler.regular import write_whole

    if not any(recorded.cells for recorded in runs):
        stop(NOTHING, "there is nothing to export: these runs have no cells")
    if to is not None:
        check_target(to, files)
    data = written(frame_of(runs), format)
    if to is None:
        sys.stdout.buffer.write(data)
    else:
        write_whole(to, data)


def document_of(recorded: Recorded) -> ShownRun:
    """Return a run as the JSON document holds it, with its cells' tests adjusted together."""
    from nanogpt_rs.commands.documents import ShownRecord, ShownRun
    from nanogpt_rs.records.kinds import kind_of_other
    from nanogpt_rs.statistics.adjusted import adjusted

    others = tuple(ShownRecord(kind_of_other(other), other) for other in recorded.others)
    return ShownRun(recorded.run, recorded.complete, tuple(adjusted(recorded.cells)), others)


def print_recorded(recorded: Recorded) -> None:
    """Print a run: its cells, its other records, and how busy the machine was."""
    from nanogpt_rs.statistics.adjusted import adjusted
    from nanogpt_rs.statistics.meanwhile import together

    descriptions = {id: source.description for id, source in CORPORA.items()}
    if called := of_kind(recorded, Called):
        print_compared(adjusted(recorded.cells), called, recorded.run)
    else:
        print_run(recorded.run, adjusted(recorded.cells), descriptions)
    print_records(recorded)
    if (meanwhile := together(recorded.cells)) is not None:
        out.say(meanwhile_line(**asdict(meanwhile)))
    if not recorded.complete:
        count = counted(len(recorded.cells), "cell")
        err.say(f"nanogpt-rs: run {recorded.run.run} is unfinished: {count}")
