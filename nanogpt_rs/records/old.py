"""Reads what earlier versions wrote, as records of today's kinds. Nothing is written in these ways.

Five formats are known:

- a line of kind ``division``, which was a whole race of training in one line;
- self-tests: JSON Lines without schema or checksum, which began with what they ran on;
- the output of ``bench --json``, in two versions;
- the output of ``prepare --rounds --json``;
- the output of ``train --json``.

The last four do not name their run. Its time is taken from the file's name where nothing else says
it, its id is made from the bytes, and ``unknown`` stands for what nobody wrote down.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanogpt_rs.records.kinds import Other, Recorded
from nanogpt_rs.records.preparations import PreparationRounds
from nanogpt_rs.records.races import ClosedRace, OpenRace, OpenRaceEntry, RaceEntry
from nanogpt_rs.records.schema import Cell, RecordError, Run, WholeJob
from nanogpt_rs.records.self_tests import SelfTestGroup, SelfTestRivals, SelfTestSeeds

if TYPE_CHECKING:
    from pydantic import TypeAdapter

DIVISION = "division"
"""Kind of a line that was a whole race of training."""
UNKNOWN = "unknown"
PROMOTED = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)-(?P<alias>[a-z0-9.-]+?)"
    r"(?:-(?P<commit>[0-9a-f]{7,40})(?:-[a-z0-9-]+)?|-as-is|-loaded)"
)
"""Names of files in ``results``: a date, the machine's alias, and mostly a commit."""


def read_document(data: bytes, name: str) -> list[Recorded] | None:
    """Return the runs in a file of an old format; ``None`` where its lines are records.

    Args:
        data: Bytes of the file.
        name: Path of the file.

    Raises:
        RecordError: The file is of an old format and damaged; the message says where.
    """
    first, _, _ = data.partition(b"\n")
    begin = as_object(first)
    if "schema_version" in begin or not data.startswith(b"{"):
        return None
    if "about" in begin:
        return self_tests_in(data, name)
    document = as_object(data)
    read = next(
        (read for names, read in DOCUMENTS.items() if names <= document.keys()),
        None,
    )
    if read is None:
        return None
    try:
        return [read(document, Path(name).stem, digest(data))]
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{name}: of an old format, and damaged: {error}") from None


def as_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in some bytes; an empty one where they hold something else."""
    try:
        document = json.loads(data)
    except (RecursionError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def digest(data: bytes) -> str:
    """Return six digits that stand for these bytes in the id of a run."""
    return hashlib.sha256(data).hexdigest()[:6]


@cache
def adapter(record_type: Any) -> TypeAdapter[Any]:
    """Return the validator of one class of records."""
    from pydantic import TypeAdapter

    return TypeAdapter(record_type)


def built(record_type: Any, **fields: Any) -> Any:
    """Return a record made from the names and values of JSON; further names are left out.

    Raises:
        ValueError: A field is missing or of a wrong type.
    """
    return adapter(record_type).validate_python(fields)


def run_of(command: str, run: str, machine: dict[str, Any], **known: Any) -> Run:
    """Return the description of a run of which only some fields are known."""
    host = {
        "alias": UNKNOWN,
        "cpu": UNKNOWN,
        "cores": 0,
        "memory": 0,
        "governor": None,
        "python": UNKNOWN,
        "system": UNKNOWN,
    }
    fields = {
        "build": {"profile": UNKNOWN, "rustc": UNKNOWN},
        "sources": UNKNOWN,
        "commit": None,
        "dirty": None,
        "packages": {},
        "plan": "",
        "fingerprint": "",
    }
    described: Run = built(
        Run, command=command, run=run, machine=host | machine, **(fields | known)
    )
    return described


def named_run(command: str, stem: str, id: str, machine: dict[str, Any], **known: Any) -> Run:
    """Return the description of a run whose file is named by date, alias and commit."""
    match = PROMOTED.fullmatch(stem)
    date = match["date"].replace("-", "") if match else "19700101"
    if match:
        machine = {"alias": match["alias"]} | machine
        known = {"commit": match["commit"]} | known
    return run_of(command, f"{date}T000000Z-{id}", machine, **known)


# --- self-tests ---


def self_tests_in(data: bytes, name: str) -> list[Recorded]:
    """Return the self-tests in a file; a last line that a crash cut off is left out.

    Each time that a self-test was taken up, a line said on what: a run begins with it.

    Raises:
        RecordError: A line is damaged or of another kind.
    """
    runs: list[tuple[Run, list[Other]]] = []
    about: dict[str, Any] = {}
    lines = data.splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        lines.pop()
    for number, line in enumerate(lines, 1):
        document = as_object(line)
        try:
            if "about" in document:
                about = document
                runs.append((self_test_run(about, name, digest(b"%d " % number + line)), []))
            elif "row" in document and runs:
                runs[-1][1].append(self_test_record(document, about))
            else:
                raise ValueError("is no line of a self-test")
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"{name}, line {number}: {error}") from None
    return [Recorded(run, (), True, tuple(others)) for run, others in runs]


def self_test_run(about: dict[str, Any], name: str, id: str) -> Run:
    """Return the run that begins with a line of a self-test about its machine and build."""
    began = f"{datetime.fromisoformat(about['at']):%Y%m%dT%H%M%SZ}-{id}"
    match = PROMOTED.fullmatch(Path(name).stem)
    alias = match["alias"] if match else UNKNOWN
    build = about["build"]
    machine = about["machine"] | {"alias": alias}
    return run_of("selftest", began, machine, build=build["info"], sources=build["sources"])


def self_test_record(document: dict[str, Any], about: dict[str, Any]) -> Other:
    """Return the record in a line of a self-test that follows a line about the machine."""
    fields = {"condition": about["about"], **document}
    if "bank" in document:
        seeds: SelfTestSeeds = built(SelfTestSeeds, **fields)
        return seeds
    if "rivals" in document:
        rivals: SelfTestRivals = built(SelfTestRivals, **fields)
        return rivals
    corpus, plan = about["corpus"], document["plan"]
    contenders = [{"name": name, **contender} for name, contender in document["contenders"].items()]
    given = {"corpus": corpus["id"], "sha256": corpus["sha256"], "contenders": contenders}
    group: SelfTestGroup = built(SelfTestGroup, **(fields | plan | given))
    return group


# --- races of training ---


def race_in(body: dict[str, Any]) -> Recorded:
    """Return the race in a line of kind ``DIVISION``.

    Raises:
        ValueError: The line's fields are not those of a division.
    """
    try:
        known = {name: body[name] for name in ("commit", "dirty", "packages")}
        run = run_of("division", body["run"], body["machine"], **known)
        text = {
            "corpus": body["corpus"]["id"],
            "sha256": body["corpus"]["sha256"],
            "prepare": body["corpus"]["prepare"],
        }
        return Recorded(run, (), True, tuple(race_records(body, body | text)))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a division record with a fault: {error}") from None


def race_records(body: dict[str, Any], fields: dict[str, Any]) -> Iterator[Other]:
    """Yield the records of a race: one for each model, then its result.

    Args:
        body: The line of kind ``DIVISION``.
        fields: Fields of the result.
    """
    if body["division"] == "closed":
        for entry in body["entries"]:
            yield built(RaceEntry, **entry)
        yield built(ClosedRace, **fields)
    else:
        for seed, loss in enumerate(body["losses"], 1):
            yield built(OpenRaceEntry, seed=seed, val_loss=loss)
        yield built(OpenRace, **fields)


# --- whole documents ---


def bench_in(document: dict[str, Any], stem: str, id: str) -> Recorded:
    """Return the run in the output of ``bench --json``, with what was measured of each cell.

    The first version had ratios without intervals, which no record can hold; times are kept.
    """
    run = named_run(
        "bench",
        stem,
        id,
        document["machine"],
        build=document["build"]["info"],
        sources=document["build"]["sources"],
    )
    meanwhile = document.get("meanwhile")
    cells = [
        built(Cell, **{"width": UNKNOWN, "meanwhile": meanwhile, **cell})
        for cell in document["cells"]
    ]
    return Recorded(run, tuple(cells), True)


def preparation_in(document: dict[str, Any], _stem: str, _id: str) -> Recorded:
    """Return the run in the output of ``prepare --rounds --json``."""
    run: Run = built(Run, **document["run"])
    start_up = document["start_up"]
    record = built(
        PreparationRounds,
        limit_seconds=document["limit"]["seconds"],
        start_up_seconds=start_up["seconds"],
        start_up_memory=start_up["memory"],
        **document,
    )
    return Recorded(run, (), True, (record,))


def training_in(document: dict[str, Any], stem: str, id: str) -> Recorded:
    """Return the run in the output of ``train --json``: a whole job, without the file's import."""
    environment = document["environment"]
    run = named_run("train", stem, id, {"python": environment["python"]})
    config = ", ".join(f"{name} {value}" for name, value in document["config"].items())
    how = ", ".join(f"{name} {value}" for name, value in document["options"].items())
    text = document["corpus"] | {
        "corpus": document["corpus"]["id"],
        "characters": document["characters"],
        "width": UNKNOWN,
    }
    trained = {**document, "id": document["prepare"]["id"], "prepare": ("prepare",), "how": how}
    job = built(WholeJob, text=text, config=config, found=trained)
    return Recorded(run, (), True, (job,))


DOCUMENTS = {
    frozenset({"machine", "build", "cells"}): bench_in,
    frozenset({"rounds", "limit", "arms"}): preparation_in,
    frozenset({"config", "recipe", "val_losses"}): training_in,
}
"""Readers of files that are one JSON document, by names that such a document has."""
