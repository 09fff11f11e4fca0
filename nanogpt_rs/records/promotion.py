"""Copies finished runs from ``results/local`` to ``results``, under the machine's alias."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from nanogpt_rs.records.files import check_alias, newest, read
from nanogpt_rs.records.lines import line_of, line_of_other, lines_of_cell
from nanogpt_rs.records.schema import End, RecordError
from nanogpt_rs.ruler.corpora import write_whole


def promote(results: Path, alias: str, command: str) -> Path:
    """Copy the newest run of a command under ``results/local`` to ``results``.

    Args:
        results: the folder ``results``.
        alias: the name that the machine's owner gives it.
        command: such as ``bench``.

    Returns:
        The new file, ``COMMAND/DATE-ALIAS-COMMIT.jsonl``, or ``...-2.jsonl`` for another run.

    Raises:
        RecordError: there is no run, it is damaged or unfinished or was made with uncommitted
            changes, the alias is not one, or it is there already.
    """
    check_alias(alias)
    path = newest(results / "local" / command)
    (found,) = read(path)
    if not found.complete:
        raise RecordError(f"{path}: is unfinished; complete it with --resume")
    if found.run.commit is None or found.run.dirty:
        raise RecordError(f"{path}: was run with uncommitted changes; commit, and run it again")
    run = replace(found.run, machine=replace(found.run.machine, alias=alias))
    name = f"{run.began:%Y-%m-%d}-{alias}-{found.run.commit[:8]}"
    target = results / command / f"{name}.jsonl"
    for number in itertools.count(2):  # of one command on one day there can be several runs
        if not target.exists():
            break
        if run.run in {each.run.run for each in read(target)}:
            raise RecordError(f"{target} is there already; records are not overwritten")
        target = results / command / f"{name}-{number}.jsonl"
    lines = [line_of("run", run.run, run)]
    lines += [lines_of_cell(run.run, cell) for cell in found.cells]
    lines += [line_of_other(run.run, other) for other in found.others]
    lines.append(line_of("end", run.run, End(len(found.cells), len(found.others))))
    write_whole(target, b"".join(lines))
    return target


def promote_pytest_benchmark(results: Path, alias: str) -> Path:
    """Copy the newest pytest-benchmark run under ``results/local`` to ``results``.

    Args:
        results: the folder ``results``.
        alias: the name that the machine's owner gives it.

    Returns:
        The new file, ``pytest-benchmark/DATE-ALIAS-COMMIT.json``.

    Raises:
        RecordError: there is no run, it is damaged, the alias is not one, or it is there already.
    """
    check_alias(alias)
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
