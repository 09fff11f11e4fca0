"""The command ``dev splice``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nanogpt_rs.commands.console import FAILED, USAGE, stop
from nanogpt_rs.commands.options import Recorded
from nanogpt_rs.ruler.corpora import write_whole


def splice(
    document: Annotated[Path, typer.Option(help="The document whose blocks to fill.")] = Path(
        "README.md"
    ),
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A file of records.",
            show_default="in results/bench, the newest of the runs with the most tasks",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing; exit with status 1 if the document is out of date."
        ),
    ] = False,
    results: Recorded = Path("results"),
) -> None:
    """Fill the marked blocks of a document, such as README's tables, from a recorded run.

    For example: nanogpt-rs dev splice --document README.md
    """
    from nanogpt_rs.records.files import read
    from nanogpt_rs.reporting.splice import SpliceError, fullest_recorded
    from nanogpt_rs.reporting.splice import splice as fill

    whole_jobs = results / "end-to-end"
    recorded = read(file)[-1] if file else fullest_recorded(results / "bench")
    whole_job = fullest_recorded(whole_jobs) if any(whole_jobs.glob("*.jsonl")) else None
    try:
        before = document.read_text(encoding="utf-8")
        after, pictures = fill(before, recorded, whole_job)
        files = {document.parent / name: data for name, data in pictures.items()}
        if check:
            stale = [path for path, data in files.items() if read_if_there(path) != data]
            stale += [document] if after != before else []
            if stale:
                names = ", ".join(map(str, stale))
                stop(
                    FAILED,
                    f"out of date with run {recorded.run.run}: {names}",
                    "make splice",
                )
            return
        for path, data in files.items():
            write_whole(path, data)
        write_whole(document, after.encode())
    except SpliceError as error:
        stop(USAGE, f"{document}: {error}", error.hint)
    except UnicodeDecodeError as error:
        stop(FAILED, f"{document}: not UTF-8: {error}")


def read_if_there(path: Path) -> bytes | None:
    """Return a file's bytes, or ``None`` if there is no such file."""
    return path.read_bytes() if path.exists() else None
