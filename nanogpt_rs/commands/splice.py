"""The command ``dev splice``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from nanogpt_rs.commands.console import FAILED, USAGE, stop
from nanogpt_rs.commands.options import Recorded
from nanogpt_rs.ruler.regular import read_regular, write_whole


def splice(
    document: Annotated[
        list[Path] | None,
        typer.Option(
            help="A document whose blocks to fill; repeatable.",
            show_default="README.md, and the documents in docs/ that have blocks",
        ),
    ] = None,
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
            "--check", help="Write nothing; exit with status 1 if a document is out of date."
        ),
    ] = False,
    results: Recorded = Path("results"),
) -> None:
    """Fill the marked blocks of documents, such as README's tables, from a recorded run.

    For example: nanogpt-rs dev splice --document README.md
    """
    from nanogpt_rs.commands.summaries import spliced_summary
    from nanogpt_rs.commands.terminal_picture import terminal_picture
    from nanogpt_rs.records.files import read
    from nanogpt_rs.reporting.splice import SpliceError, fullest_recorded
    from nanogpt_rs.reporting.splice import splice as fill

    whole_jobs = results / "end-to-end"
    recorded = read(file)[-1] if file else fullest_recorded(results / "bench")
    whole_job = fullest_recorded(whole_jobs) if any(whole_jobs.glob("*.jsonl")) else None
    files: dict[Path, bytes] = {}
    for path in document or documents_with_blocks():
        try:
            text, pictures = fill(
                read_regular(path).decode(),
                recorded,
                whole_job,
                spliced_summary,
                partial(terminal_picture, path.parent),
            )
        except SpliceError as error:
            stop(USAGE, f"{path}: {error}", error.hint)
        except UnicodeDecodeError as error:
            stop(FAILED, f"{path}: not UTF-8: {error}")
        files |= {path.parent / name: data for name, data in pictures.items()}
        files[path] = text.encode()
    if check:
        stale = [path for path, data in files.items() if read_if_there(path) != data]
        if stale:
            names = ", ".join(map(str, stale))
            stop(FAILED, f"out of date with run {recorded.run.run}: {names}", "make splice")
        return
    for path, data in files.items():
        write_whole(path, data)


def documents_with_blocks() -> list[Path]:
    """Return README and the documents in ``docs`` that have a block to fill."""
    from nanogpt_rs.reporting.splice import STRAY

    texts = sorted(Path("docs").glob("*.md"))
    return [Path("README.md"), *(path for path in texts if STRAY.search(path.read_text("utf-8")))]


def read_if_there(path: Path) -> bytes | None:
    """Return a file's bytes, or ``None`` if there is no such file."""
    return path.read_bytes() if path.exists() else None
