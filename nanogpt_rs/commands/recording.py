"""The commands that show, export and promote what was measured."""

from __future__ import annotations

import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    RESULTS,
    USAGE,
    AsJson,
    Files,
    Results,
    damage,
    err,
    out,
    print_json,
    stop,
)
from nanogpt_rs.commands.tables import print_run
from nanogpt_rs.words import meanwhile_line

if TYPE_CHECKING:
    from nanogpt_rs.records.kinds import Recorded


class Format(StrEnum):
    """Formats that records can be exported as."""

    CSV = "csv"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


def runs_of(files: list[Path] | None, results: Path) -> list[Recorded]:
    """Return the runs in these files, or by default the newest run of ``bench`` or ``compare``.

    Raises:
        nanogpt_rs.records.schema.RecordError: There is none, or a file is damaged.
    """
    from nanogpt_rs.records.files import age, newest, read
    from nanogpt_rs.records.schema import RecordError

    folders = [results / command for command in ("bench", "compare")]
    newest_of_each = [newest(folder) for folder in folders if any(folder.glob("*.jsonl"))]
    if not (files or newest_of_each):
        raise RecordError(f"{results}: no run of bench or compare is kept here")
    return [recorded for path in files or [max(newest_of_each, key=age)] for recorded in read(path)]


def show(files: Files = None, results: Results = RESULTS, as_json: AsJson = False) -> None:
    """Show recorded runs as they were shown when they were made."""
    with damage():
        runs = runs_of(files, results)
    if as_json:
        print_json([document_of(recorded) for recorded in runs])
        return
    for recorded in runs:
        print_recorded(recorded)


def document_of(recorded: Recorded) -> dict[str, Any]:
    """Return a run as a JSON document, with its cells' tests adjusted together."""
    from dataclasses import asdict

    from nanogpt_rs.records.kinds import kind_of_other
    from nanogpt_rs.statistics.adjusted import adjusted

    return {
        "run": asdict(recorded.run),
        "complete": recorded.complete,
        "cells": [asdict(cell) for cell in adjusted(recorded.cells)],
        "others": [{"kind": kind_of_other(other), **asdict(other)} for other in recorded.others],
    }


def print_recorded(recorded: Recorded) -> None:
    """Print a run: its cells, the numbers of its other records, and how busy the machine was."""
    from dataclasses import asdict

    from nanogpt_rs.records.kinds import kind_of_other
    from nanogpt_rs.ruler.corpora import CORPORA
    from nanogpt_rs.statistics.adjusted import adjusted
    from nanogpt_rs.statistics.meanwhile import together

    descriptions = {id: source.description for id, source in CORPORA.items()}
    print_run(recorded.run, adjusted(recorded.cells), descriptions)
    kinds = Counter(kind_of_other(other).replace("_", " ") for other in recorded.others)
    for kind, count in kinds.items():
        out.print(escape(f"{count} records of kind {kind!r}: --json has them"), soft_wrap=True)
    if (meanwhile := together(recorded.cells)) is not None:
        out.print(escape(meanwhile_line(**asdict(meanwhile))))
    if not recorded.complete:
        err.print(
            f"nanogpt-rs: run {recorded.run.run} is unfinished: {len(recorded.cells)} cells",
            soft_wrap=True,
        )


def export(
    format: Annotated[Format, typer.Option("--format", help="Format to write.")] = Format.CSV,
    files: Files = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="File to write (default: standard output).")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Export recorded runs: a row for each cell and reference."""
    from nanogpt_rs.reporting.frames import FrameError, frame_of, written

    with damage():
        runs = runs_of(files, results)
    if not any(recorded.cells for recorded in runs):
        stop(NOTHING, "there is nothing to export: these runs have no cells")
    try:
        data = written(frame_of(runs), format.value)
    except FrameError as error:
        stop(NOTHING, str(error))
    if to is None:
        sys.stdout.buffer.write(data)
        return
    from nanogpt_rs.ruler.corpora import write_whole

    try:
        write_whole(to, data)
    except OSError as error:
        stop(FAILED, f"{to}: {error.strerror}")


def record(
    alias: Annotated[str, typer.Argument(help="Name that its owner gives this machine.")],
    what: Annotated[
        str,
        typer.Argument(
            help="Command that measured: bench, compare, diff, count, breakdown, memory, "
            "end-to-end, cost, selftest, division, prepare; or pytest-benchmark."
        ),
    ] = "bench",
    results: Annotated[Path, typer.Option(help="Folder of results.")] = Path("results"),
) -> None:
    """Promote the newest run of a command from results/local to results, under an alias."""
    from nanogpt_rs.records.promotion import promote, promote_pytest_benchmark
    from nanogpt_rs.records.schema import RecordError

    try:
        if what == "pytest-benchmark":
            path = promote_pytest_benchmark(results, alias)
        else:
            path = promote(results, alias, what)
    except RecordError as error:
        stop(USAGE, str(error))
    out.print(escape(str(path)), soft_wrap=True)
