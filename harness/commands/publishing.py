"""The commands that publish what was measured: ``report``, ``splice`` and ``publish``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from harness.commands.recording import Files
from harness.console import FAILED, RESULTS, USAGE, Results, damage, err, out, stop

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
    from harness.publish import kind_of
    from harness.records import RecordError, newest

    found = [
        newest(folder) for folder in sorted({path.parent for path in results.glob("*/*.jsonl")})
    ]
    # Such as the self-test's files are of another kind.
    files = [path for path in found if kind_of(path) in {None, "run", "division"}]
    if not files:
        raise RecordError(f"{results}: no run is kept here; `make bench` makes one")
    return files


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


def splice(
    document: Annotated[Path, typer.Option(help="The document with blocks to fill.")] = Path(
        "README.md"
    ),
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A file of records; the run of most tasks in results/bench if none, the newest of "
            "equals.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if it is not as the records say.")
    ] = False,
    results: Annotated[Path, typer.Option(help="The folder of results.")] = Path("results"),
) -> None:
    """Fill a document's blocks, such as README's tables, from a recorded run."""
    from benchmarks.corpora import write_whole
    from harness.records import read
    from harness.splice import SpliceError, fullest_recorded
    from harness.splice import splice as fill

    jobs = results / "end-to-end"
    with damage():
        recorded = read(file)[-1] if file else fullest_recorded(results / "bench")
        job = fullest_recorded(jobs) if any(jobs.glob("*.jsonl")) else None
    try:
        before = document.read_text(encoding="utf-8")
        after, shown = fill(before, recorded, job)
        files = {document.parent / name: data for name, data in shown.items()}
        if check:
            stale = [path for path, data in files.items() if read_if_there(path) != data]
            stale += [document] if after != before else []
            if stale:
                words = ", ".join(map(str, stale))
                stop(FAILED, f"not as run {recorded.run.run} says: {words}; `make splice` mends it")
            return
        for path, data in files.items():
            write_whole(path, data)
        write_whole(document, after.encode())
    except SpliceError as error:
        stop(USAGE, f"{document}: {error}")
    except UnicodeDecodeError as error:
        stop(FAILED, f"{document}: not UTF-8: {error}")
    except OSError as error:
        stop(FAILED, f"{error.filename or document}: {error.strerror}")


def read_if_there(path: Path) -> bytes | None:
    """Return a file's bytes, or ``None`` if there is none."""
    return path.read_bytes() if path.exists() else None


def publish(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")] = Path("public"),
    results: Annotated[Path, typer.Option(help="The folder of results.")] = Path("results"),
) -> None:
    """Make a static folder of all that is recorded: this page, asv's site, pytest-benchmark's."""
    from harness.publish import PublishError
    from harness.publish import publish as make

    try:
        with damage():
            lacking = make(results, folder)
    except PublishError as error:
        stop(FAILED, str(error))
    except OSError as error:
        stop(FAILED, f"{error.filename or folder}: {error.strerror}")
    for each in lacking:
        err.print(f"nanogpt-rs: {escape(each)}", soft_wrap=True)
    out.print(escape(str(folder / "index.html")), soft_wrap=True)
