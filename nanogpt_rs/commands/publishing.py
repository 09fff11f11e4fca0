"""The commands that publish what was measured: ``report``, ``splice`` and ``publish``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from nanogpt_rs.commands.console import (
    FAILED,
    RESULTS,
    USAGE,
    Files,
    Results,
    damage,
    err,
    out,
    stop,
)
from nanogpt_rs.commands.pages import PAGE, newest_of_each, write_page


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
    from nanogpt_rs.records.files import read
    from nanogpt_rs.reporting.splice import SpliceError, fullest_recorded
    from nanogpt_rs.reporting.splice import splice as fill
    from nanogpt_rs.ruler.corpora import write_whole

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
    from nanogpt_rs.reporting.publish import PublishError
    from nanogpt_rs.reporting.publish import publish as make

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
