"""Finds the runs that ``show`` and ``export`` are about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nanogpt_rs.records.kinds import Recorded


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


def whole_jobs_of(results: Path) -> list[Recorded]:
    """Return the newest run of whole jobs in a folder of results; nothing where there is none.

    Raises:
        nanogpt_rs.records.schema.RecordError: Its file is damaged.
    """
    from nanogpt_rs.records.files import newest, read

    folder = results / "end-to-end"
    return read(newest(folder))[-1:] if any(folder.glob("*.jsonl")) else []
