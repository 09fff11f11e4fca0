"""Copies finished runs from ``results/local`` to ``results``, under the machine's alias."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from nanogpt_rs.records.files import check_alias, lines_of, newest, read
from nanogpt_rs.records.kinds import folder_of
from nanogpt_rs.records.schema import RecordError
from nanogpt_rs.ruler.regular import read_regular, write_whole


def promote(results: Path, alias: str, command: str) -> Path:
    """Copy the newest run of a command under ``results/local`` to ``results``.

    Args:
        results: The folder ``results``.
        alias: Name that the machine's owner gives it.
        command: Name of the command, such as ``bench``, or of its folder.

    Returns:
        The path of the new file, ``FOLDER/DATE-ALIAS-COMMIT.jsonl``; ``...-2.jsonl`` for a second
        run of that day and commit.

    Raises:
        RecordError: There is no run, it is damaged or unfinished or was made with uncommitted
            changes, the alias may not be given, or the run was promoted before.
    """
    check_alias(alias)
    folder = folder_of(command)
    path = newest(results / "local" / folder)
    recorded = read(path)[-1]
    if not recorded.complete:
        raise RecordError(
            f"{path}: is unfinished", hint="give its command again, with --resume at the end"
        )
    if recorded.run.commit is None:
        raise RecordError(
            f"{path}: the commit that it was run at is unknown",
            hint="`nanogpt-rs doctor` says why; run it again in a clone that git can read",
        )
    if recorded.run.dirty:
        raise RecordError(
            f"{path}: was run with uncommitted changes", hint="commit, and run it again"
        )
    run = replace(recorded.run, machine=replace(recorded.run.machine, alias=alias))
    name = f"{run.began:%Y-%m-%d}-{alias}-{recorded.run.commit[:8]}"
    target = results / folder / f"{name}.jsonl"
    for number in itertools.count(2):  # of one command on one day there can be several runs
        if not target.exists():
            break
        if run.run in {other.run.run for other in read(target)}:
            raise RecordError(f"{target} is there already; records are not overwritten")
        target = results / folder / f"{name}-{number}.jsonl"
    write_whole(target, b"".join(lines_of(replace(recorded, run=run))))
    return target


def promote_pytest_benchmark(results: Path, alias: str) -> Path:
    """Copy the newest pytest-benchmark run under ``results/local`` to ``results``.

    Args:
        results: The folder ``results``.
        alias: Name that the machine's owner gives it.

    Returns:
        The path of the new file, ``pytest-benchmark/DATE-ALIAS-COMMIT.json``.

    Raises:
        RecordError: There is no run, it is damaged or was made with uncommitted changes, the alias
            may not be given, or the run was promoted before.
    """
    check_alias(alias)
    paths = list((results / "local" / "pytest-benchmark").rglob("*.json"))
    if not paths:
        raise RecordError(
            f"{results}: no run of pytest-benchmark is kept here", hint="make pytest-benchmark"
        )
    path = max(paths, key=lambda path: (path.stat().st_mtime, path.name))
    try:
        document = json.loads(read_regular(path))
        taken = datetime.fromisoformat(document["datetime"])
        commit = document["commit_info"]
        cases = len(document["benchmarks"])
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path}: not a whole run of pytest-benchmark: {error!r}") from None
    if not cases:
        raise RecordError(f"{path}: holds no case")
    if commit.get("dirty"):
        raise RecordError(
            f"{path}: was run with uncommitted changes", hint="commit, and run it again"
        )
    document["machine_info"]["alias"] = alias
    name = f"{taken:%Y-%m-%d}-{alias}-{str(commit['id'])[:8]}.json"
    target = results / "pytest-benchmark" / name
    if target.exists():
        raise RecordError(f"{target} is there already; records are not overwritten")
    write_whole(target, json.dumps(document, indent=1).encode())
    return target
