"""Promoting a run from ``results/local``, which is ignored, to ``results``, which is published."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from benchmarks.corpora import write_whole


class RecordError(Exception):
    """A run cannot be promoted; the message says why."""


def promote(results: Path, alias: str) -> Path:
    """Copy the newest pytest-benchmark run under ``results/local`` to ``results``.

    Args:
        results: the folder ``results``.
        alias: the name that the machine's owner gives it.

    Returns:
        The new file, ``pytest-benchmark/DATE-ALIAS-COMMIT.json``.

    Raises:
        RecordError: there is no run, it is damaged, the alias is not one, or it is there already.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,39}", alias):
        raise RecordError(f"{alias!r} is no alias: lower-case letters, digits, '.' and '-' only")
    runs = sorted(
        (results / "local" / "pytest-benchmark").rglob("*.json"),
        key=lambda run: run.stat().st_mtime,
    )
    if not runs:
        raise RecordError("no run to record: run `make pytest-benchmark` first")
    try:
        document = json.loads(runs[-1].read_bytes())
        taken = datetime.fromisoformat(document["datetime"])
        commit = document["commit_info"]
        cases = len(document["benchmarks"])
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{runs[-1]}: not a whole run of pytest-benchmark: {error!r}") from None
    if not cases:
        raise RecordError(f"{runs[-1]}: holds no case")
    if commit.get("dirty"):
        raise RecordError(f"{runs[-1]}: was run with uncommitted changes; commit, and run it again")
    document["machine_info"]["alias"] = alias
    name = f"{taken:%Y-%m-%d}-{alias}-{str(commit['id'])[:8]}.json"
    path = results / "pytest-benchmark" / name
    if path.exists():
        raise RecordError(f"{path} is there already; records are not overwritten")
    write_whole(path, json.dumps(document, indent=1).encode())
    return path
