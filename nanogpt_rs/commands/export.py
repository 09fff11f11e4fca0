"""The command ``export``."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nanogpt_rs.commands.console import FAILED, NOTHING, RESULTS, Files, Results, damage, stop
from nanogpt_rs.commands.runs import runs_of
from nanogpt_rs.ruler.corpora import write_whole


class Format(StrEnum):
    """Formats that records can be exported as."""

    CSV = "csv"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


def export(
    format: Annotated[Format, typer.Option("--format", help="Format to write.")] = Format.CSV,
    files: Files = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="The file to write.", show_default="standard output"),
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Export recorded runs as a table with one row for each cell and reference.

    For example: nanogpt-rs export --format markdown
    """
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
    try:
        write_whole(to, data)
    except OSError as error:
        stop(FAILED, f"{to}: {error.strerror}")
