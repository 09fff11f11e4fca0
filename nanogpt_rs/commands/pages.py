"""Writes the page about the newest runs, for the commands that end with one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nanogpt_rs.commands.console import note
from nanogpt_rs.ruler.regular import read_regular, write_whole
from nanogpt_rs.ruler.remarks import say

PAGE = "report.html"
"""Name of the page's file where no other is given."""


def write_newest_page(results: Path, *, announce: bool = True) -> Path | None:
    """Write the page about the newest runs. If that fails, say so: what was measured is kept.

    Args:
        results: Folder for results, with one subfolder for each command.
        announce: Whether to print the page's path on standard error.

    Returns:
        The page's path; ``None`` if it could not be written.
    """
    from nanogpt_rs.records.schema import RecordError

    target = results / PAGE
    try:
        write_page(target, newest_of_each(results))
    except RecordError as error:
        note(f"no page: {error}")
        return None
    if announce:
        note(f"the page about it: {target}")
    return target


def newest_of_each(results: Path) -> list[Path]:
    """Return the file of the newest run of each command in a folder of results.

    A command whose newest file is damaged is left out, and that is said.

    Raises:
        nanogpt_rs.records.schema.RecordError: The folder holds no run.
    """
    from nanogpt_rs.records.files import newest
    from nanogpt_rs.records.schema import RecordError
    from nanogpt_rs.reporting.report import is_drawn

    files = []
    for folder in sorted({path.parent for path in results.glob("*/*.jsonl")}):
        try:
            path = newest(folder)
            if is_drawn(path):
                files.append(path)
        except RecordError as error:  # the runs of other commands can still be shown
            say(f"left out of the page: {error}", "move the damaged file elsewhere")
    if not files:
        raise RecordError(
            f"{results}: no run is kept here", hint="`make bench`, or `nanogpt-rs bench`"
        )
    return files


def write_page(target: Path, files: Sequence[Path]) -> None:
    """Write the page about the runs in these files.

    Raises:
        nanogpt_rs.records.schema.RecordError: A file cannot be read or is damaged, or the page
            cannot be written.
    """
    from nanogpt_rs.records.schema import RecordError
    from nanogpt_rs.reporting.report import page

    contents = []
    for path in files:
        try:
            contents.append((str(path), read_regular(path)))
        except OSError as error:
            raise RecordError(f"{path}: {error.strerror}") from None
    document = page(contents)
    try:
        write_whole(target, document)
    except OSError as error:
        raise RecordError(f"{target}: {error.strerror}") from None
