"""The commands that publish what was measured: ``report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from harness.commands.recording import Files, damage
from harness.console import RESULTS, Results, out

PAGE = "report.html"
"""The page's name where no other is asked for."""


def report(
    files: Files = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", help=f"The file to write; {PAGE} in the folder of records if none."),
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Write the comparison page: one HTML file about recorded runs, which needs no network.

    Without files: the newest run of each command here.
    """
    target = to or results / PAGE
    with damage():
        write_page(target, files or newest_of_each(results))
    out.print(escape(str(target)), soft_wrap=True)


def newest_of_each(results: Path) -> list[Path]:
    """Return the newest run of each command in a folder of results.

    Raises:
        harness.records.RecordError: there is none.
    """
    from harness.records import RecordError, newest

    found = {path.parent for path in results.glob("*/*.jsonl")}
    # The files of the self-test are of another kind.
    folders = sorted(folder for folder in found if folder.name != "selftest")
    if not folders:
        raise RecordError(f"{results}: no run is kept here; `make bench` makes one")
    return [newest(folder) for folder in folders]


def write_page(target: Path, files: Sequence[Path]) -> None:
    """Write the page about the runs in these files.

    Raises:
        harness.records.RecordError: a file cannot be read or is damaged, or the page not written.
    """
    from benchmarks.corpora import write_whole
    from harness.records import RecordError
    from harness.report import page

    read = []
    for path in files:
        try:
            read.append((str(path), path.read_bytes()))
        except OSError as error:
            raise RecordError(f"{path}: {error.strerror}") from None
    document = page(read)
    try:
        write_whole(target, document)
    except OSError as error:
        raise RecordError(f"{target}: {error.strerror}") from None
