"""The commands that show, export and promote what was measured."""

from __future__ import annotations

import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    from nanogpt_rs.records.schema import Recorded


class Format(StrEnum):
    """What records can be exported as."""

    CSV = "csv"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


def runs_of(files: list[Path] | None, results: Path) -> list[Recorded]:
    """Return the runs in these files, or the newest run of ``bench`` or ``compare``.

    Raises:
        nanogpt_rs.records.schema.RecordError: there is none, or a file is damaged.
    """
    from nanogpt_rs.records.files import newest, read
    from nanogpt_rs.records.schema import RecordError

    kept = [results / command for command in ("bench", "compare")]
    newest_of_each = [newest(folder) for folder in kept if any(folder.glob("*.jsonl"))]
    if not (files or newest_of_each):
        raise RecordError(f"{results}: no run of bench or compare is kept here")
    taken = files or [max(newest_of_each, key=lambda path: path.name)]  # names begin with the time
    return [run for path in taken for run in read(path)]


def show(files: Files = None, results: Results = RESULTS, as_json: AsJson = False) -> None:
    """Show recorded runs as they were shown when they were made."""
    from dataclasses import asdict

    from nanogpt_rs.records.lines import kind_of_other
    from nanogpt_rs.ruler.corpora import CORPORA
    from nanogpt_rs.statistics.adjusted import adjusted, together

    with damage():
        runs = runs_of(files, results)
    if as_json:
        print_json(
            [
                {
                    "run": asdict(each.run),
                    "complete": each.complete,
                    "cells": [asdict(cell) for cell in adjusted(each.cells)],
                    "others": [
                        {"kind": kind_of_other(other), **asdict(other)} for other in each.others
                    ],
                }
                for each in runs
            ]
        )
        return
    descriptions = {id: source.description for id, source in CORPORA.items()}
    for each in runs:
        print_run(each.run, adjusted(each.cells), descriptions)
        kinds = Counter(kind_of_other(other).replace("_", " ") for other in each.others)
        for kind, count in kinds.items():
            words = f"{count} records of kind {kind!r}: --json has them"
            out.print(escape(words), soft_wrap=True)
        if (meanwhile := together(each.cells)) is not None:
            out.print(escape(meanwhile_line(**asdict(meanwhile))))
        if not each.complete:
            err.print(
                f"nanogpt-rs: run {each.run.run} is unfinished: {len(each.cells)} cells",
                soft_wrap=True,
            )


def export(
    format: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.CSV,
    files: Files = None,
    to: Annotated[
        Path | None, typer.Option("--out", help="The file to write; standard output if none.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Export recorded runs: a row for each cell and reference."""
    from nanogpt_rs.reporting.frames import FrameError, frame_of, written

    with damage():
        runs = runs_of(files, results)
    if not any(each.cells for each in runs):
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
    alias: Annotated[str, typer.Argument(help="The name its owner gives this machine.")],
    what: Annotated[
        str, typer.Argument(help="Of which command: bench, compare, ...; or pytest-benchmark.")
    ] = "bench",
    results: Annotated[Path, typer.Option(help="The folder of results.")] = Path("results"),
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
