"""Records of what was measured: JSON Lines that are only ever appended to.

A run's file begins with one line about the run, then has one for each cell, written when the cell
is finished, and at last one that says that the run is complete. Each line carries the version of
its schema and a checksum of itself, so that what was cut off, changed or never ours is found and
named with its line, and nothing is guessed. No record holds a host name, a user name or a path: a
machine has an alias that its owner chose.

What a verdict is after the adjustment for many tests depends on which cells there are; records hold
it as it was before, and ``harness.bench.adjusted`` makes the rest of it when they are read.
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import provenance
from benchmarks.corpora import sha256, write_whole
from benchmarks.registry import rows
from harness import machine
from harness.bench import Against, Cell
from harness.breakdown import Breakdown, Step
from harness.cost import Taken
from harness.durable import append_whole, checksum, whole_lines
from harness.end_to_end import Difference, Trained
from harness.machine import Meanwhile
from harness.memory import Footprint
from harness.verdict import Comparison, Ratio

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from harness.paired import Measured

SCHEMA_VERSION = 1
LONGEST_LINE = 4096
"""Bytes of a record at most."""
DIGITS = 6
"""Significant ones of each number in a record: more than any measurement has."""
MACHINE_VARIABLE = "NANOGPT_RS_MACHINE"
ALIAS = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
PACKAGES = ("numpy", "pandas", "polars", "tokenizers", "torch")
"""On which contenders run, so that their versions belong to a record."""
LONGEST_DETAIL = 400
"""Characters kept of one thing that was wrong."""


class RecordError(Exception):
    """A record cannot be read, written or promoted; the message says which, where and why."""


@dataclass(frozen=True)
class Host:
    """The machine of a run, by the alias that its owner gave it."""

    alias: str
    cpu: str
    cores: int
    memory: int
    governor: str | None
    python: str
    system: str


@dataclass(frozen=True)
class Run:
    """What all cells of a run have in common.

    Attributes:
        run: its id: when it began, in UTC, and a few random letters.
        command: that made it, such as ``bench``.
        machine: on which.
        build: of the Rust module: profile, opt_level, rustc, target, target_features, ...
        sources: what the module's sources were held against, in words.
        commit: of the checkout that the ruler stands in, in hexadecimal; ``None`` outside of one.
        dirty: there were uncommitted changes; ``None`` outside of a checkout.
        before: the commit that a ``diff`` sets ``commit`` against.
        packages: versions of what contenders run on.
        plan: a hash of what was asked for; a run is resumed by the same request alone.
        fingerprint: a hash of the code, the packages and the Python: a run is resumed with the
            same alone.
    """

    run: str
    command: str
    machine: Host
    build: dict[str, str]
    sources: str
    commit: str | None
    dirty: bool | None
    packages: dict[str, str]
    plan: str
    fingerprint: str
    before: str | None = None

    @property
    def began(self) -> datetime:
        """When it began, in UTC."""
        return datetime.strptime(self.run.rpartition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@dataclass(frozen=True)
class End:
    """That a run is complete.

    Attributes:
        cells: how many it has.
        others: how many records that are no cells.
    """

    cells: int
    others: int = 0


@dataclass(frozen=True)
class Text:
    """On what something was measured that is no cell: fields as of a cell."""

    corpus: str
    sha256: str
    characters: int
    width: str


@dataclass(frozen=True)
class CallInSteps:
    """Where a call's time went.

    Attributes:
        text: on which.
        state: it was in.
        found: the steps.
    """

    text: Text
    state: str
    found: Breakdown


@dataclass(frozen=True)
class FirstCall:
    """What a first call in a fresh process took.

    Attributes:
        text: on which.
        found: time and memory.
    """

    text: Text
    found: Footprint


@dataclass(frozen=True)
class WholeJob:
    """One whole job, from a file to a loss.

    Attributes:
        text: that was trained on.
        config: of the model.
        found: what it took.
    """

    text: Text
    config: str
    found: Trained


@dataclass(frozen=True)
class JobDifference:
    """What a preparation gains in the whole jobs of the same run.

    Attributes:
        text: that was prepared.
        config: of the model.
        state: in which the preparations were compared.
        rest: seconds of a job beside its preparation.
        found: the paired difference.
        how: training was computed, where not as it is unasked.
    """

    text: Text
    config: str
    state: str
    rest: float
    found: Difference
    how: str = ""


Other = CallInSteps | FirstCall | WholeJob | JobDifference | Taken
"""What is measured and is no cell."""


@dataclass(frozen=True)
class Recorded:
    """What a file says of one run.

    Attributes:
        run: what its cells have in common.
        cells: in the order in which they were finished, as they were before any adjustment.
        complete: the run came to its end.
        others: what it measured that is no cell.
    """

    run: Run
    cells: tuple[Cell, ...]
    complete: bool
    others: tuple[Other, ...] = ()


OTHERS: dict[str, type] = {
    "call_in_steps": CallInSteps,
    "first_call": FirstCall,
    "whole_job": WholeJob,
    "job_difference": JobDifference,
    "preparation_cost": Taken,
}
"""Kinds of what is measured and is no cell."""
KINDS: dict[str, type] = {"run": Run, "cell": Cell, "end": End, **OTHERS}
PARTS: tuple[type, ...] = (
    *(Host, Against, Comparison, Ratio, Meanwhile),
    *(Text, Breakdown, Step, Footprint, Trained, Difference),
)
"""Of which records are made."""


def describe(command: str, plan: str, build: provenance.Build) -> Run:
    """Return the description of a run that begins now.

    Raises:
        RecordError: the machine's alias, from the environment, is not one.
    """
    import importlib.metadata

    here = machine.examine()
    alias = os.environ.get(MACHINE_VARIABLE, "local")
    check_alias(alias)
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    commit, dirty = checkout_state()
    return Run(
        run=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}",
        command=command,
        machine=Host(
            alias, here.cpu, here.cores, here.memory, here.governor, here.python, here.system
        ),
        build=build.info,
        sources=build.sources,
        commit=commit,
        dirty=dirty,
        packages=packages,
        plan=plan,
        fingerprint=provenance.fingerprint(*(str(row.origin) for row in rows() if row.origin)),
    )


def check_alias(alias: str) -> None:
    """Check that a machine may be called this.

    Raises:
        RecordError: it may not.
    """
    if not ALIAS.fullmatch(alias):
        raise RecordError(f"{alias!r} is no alias: lower-case letters, digits, '.' and '-' only")


def checkout_state() -> tuple[str | None, bool | None]:
    """Return the commit of the checkout that the ruler stands in, and whether it was changed.

    What was promoted to ``results`` changes nothing that is measured.
    """
    root = provenance.RULER.parent
    if not provenance.is_checkout(root):
        return None, None
    try:
        commit = provenance.git(root, "rev-parse", "HEAD").decode().strip()
        changed = provenance.git(root, "status", "--porcelain", "--", ".", ":!results")
        return commit, bool(changed.strip())
    except (OSError, subprocess.CalledProcessError):
        return None, None


# --- one line ---


def line_of(kind: str, run: str, record: Any) -> bytes:
    """Return the line that keeps a record.

    Args:
        kind: of ``KINDS``.
        run: id of the run that it belongs to.
        record: an instance of that kind's class.

    Raises:
        RecordError: it is longer than a record may be.
    """
    body = {"schema_version": SCHEMA_VERSION, "kind": kind, "run": run, **plain(asdict(record))}
    body["checksum"] = checksum(body)
    line = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        raise RecordError(f"a {kind} record of {len(line)} bytes; {LONGEST_LINE} at most")
    return line


def lines_of_cell(run: str, cell: Cell) -> bytes:
    """Return the line that keeps a cell, shortening what was wrong with it as far as need be."""
    details = [each[:LONGEST_DETAIL] for each in cell.details]
    while True:
        try:
            return line_of("cell", run, replace(cell, details=tuple(details)))
        except RecordError:
            if not details:
                raise
            details.pop()


def line_of_other(run: str, record: Other) -> bytes:
    """Return the line that keeps what is no cell."""
    return line_of(kind_of_other(record), run, record)


def kind_of_other(record: Other) -> str:
    """Return the kind of what is no cell, of ``OTHERS``."""
    return next(kind for kind, each in OTHERS.items() if isinstance(record, each))


def spelled_out(text: str) -> str:
    """Return a text whose lone surrogates, which no UTF-8 can hold, are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def plain(value: Any) -> Any:
    """Return a document with its numbers at ``DIGITS`` significant digits.

    A number that is not finite becomes ``None``, a lone surrogate is spelled out.
    """
    if isinstance(value, str):
        return spelled_out(value)
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


@cache
def adapter(kind: str) -> TypeAdapter[Any]:
    """Return what validates a kind of record."""
    from pydantic import ConfigDict, TypeAdapter

    for each in (*KINDS.values(), *PARTS):
        # Where pydantic looks for it in a dataclass that knows nothing of pydantic.
        each.__pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)  # type: ignore[attr-defined]
    return TypeAdapter(KINDS[kind])


def parsed(line: bytes) -> tuple[str, str, Any]:
    """Return kind, run and record of a line.

    Raises:
        ValueError: it is none; the message says why.
    """
    from pydantic import ValidationError

    if not line.endswith(b"\n"):
        raise ValueError("cut off: the line does not end")
    try:
        body = json.loads(line, object_pairs_hook=unique, parse_constant=refuse)
    except RecursionError:
        raise ValueError("not JSON: nested too deep") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start} of the line") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")
    version = body.pop("schema_version", None)
    if type(version) is not int or version < 1:
        raise ValueError("no record of nanogpt-rs: it has no schema_version")
    if version > SCHEMA_VERSION:
        raise ValueError(
            f"schema_version {version} is newer than {SCHEMA_VERSION}, the newest that this "
            "nanogpt-rs reads: update it"
        )
    said = body.pop("checksum", None)
    if said != checksum({"schema_version": version, **body}):
        raise ValueError("its checksum does not fit: the line was changed or damaged")
    kind, run = body.pop("kind", None), body.get("run")
    if kind not in KINDS or not isinstance(run, str):
        raise ValueError(f"a record of unknown kind {kind!r}, or of no run")
    if kind != "run":
        body.pop("run")
    try:
        # Through JSON once more: JSON knows no tuples, and strict validation minds elsewhere.
        return kind, run, adapter(kind).validate_json(json.dumps(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"a {kind} record with a fault at {where!r}: {first['msg']}") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, whose names must differ."""
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("not JSON as we write it: a name occurs twice")
    return body


def refuse(constant: str) -> None:
    """Refuse what Python's JSON has beyond the standard."""
    raise ValueError(f"not JSON: {constant}")


# --- a file ---


def read(path: Path) -> list[Recorded]:
    """Return the runs that a file holds, in its order.

    Raises:
        RecordError: it cannot be read, or a line is no record; the message names it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    return read_lines(data, str(path))


def read_lines(data: bytes, name: str) -> list[Recorded]:
    """Return the runs in the bytes of a file of this name.

    Raises:
        RecordError: a line is no record; the message names it.
    """
    runs: dict[str, Run] = {}
    cells: dict[str, dict[tuple[str, ...], Cell]] = {}
    others: dict[str, list[Other]] = {}
    ended: set[str] = set()
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        try:
            kind, run, record = parsed(line)
            if kind == "run":
                if run in runs:
                    raise ValueError(f"run {run} begins a second time")
                runs[run], cells[run], others[run] = record, {}, []
                continue
            if run not in runs:
                raise ValueError(f"a record of run {run}, which did not begin above it")
            if run in ended:
                raise ValueError(f"a record of run {run} after its end")
            if kind == "end":
                for what, said, here in (
                    ("cells", record.cells, len(cells[run])),
                    ("other records", record.others, len(others[run])),
                ):
                    if said != here:
                        raise ValueError(f"run {run} ended with {said} {what}; {here} are here")
                ended.add(run)
            elif kind in OTHERS:
                others[run].append(record)
            elif cells[run].setdefault(record.key, record) is not record:
                raise ValueError(f"a second record of {', '.join(record.key)}")
        except ValueError as error:
            raise RecordError(f"{name}, line {number}: {error}") from None
    if not runs:
        raise RecordError(f"{name}: holds no record")
    return [
        Recorded(run, tuple(cells[id].values()), id in ended, tuple(others[id]))
        for id, run in runs.items()
    ]


@dataclass
class Writer:
    """Appends to the file of one run, each time whole or not at all.

    Attributes:
        path: that file.
        run: its run.
        cells: that it holds.
        others: how many records that are no cells.
    """

    path: Path
    run: Run
    cells: list[Cell]
    others: int = 0

    def keep(self, cells: Sequence[Cell]) -> None:
        """Append finished cells, and see them on the disk.

        Raises:
            RecordError: the disk is full, say; the file is as it was.
        """
        if cells:
            append(self.path, b"".join(lines_of_cell(self.run.run, cell) for cell in cells))
            self.cells += cells

    def keep_other(self, record: Other) -> None:
        """Append what was measured and is no cell.

        Raises:
            RecordError: it cannot be written; the file is as it was.
        """
        append(self.path, line_of_other(self.run.run, record))
        self.others += 1

    def keep_blocks(self, name: str, measured: Measured) -> None:
        """Write the raw blocks of a group into a file of its own, beside the records."""
        folder = self.path.with_suffix(".blocks")
        document = [process.blocks.astype(int).tolist() for process in measured.processes]
        data = gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)
        try:
            write_whole(folder / f"{len(list(folder.glob('*'))):04}-{name}.json.gz", data)
        except OSError as error:
            raise RecordError(f"{folder}: {error.strerror}") from None

    def end(self) -> None:
        """Say that the run is complete."""
        append(self.path, line_of("end", self.run.run, End(len(self.cells), self.others)))


def append(path: Path, data: bytes) -> None:
    """Append bytes to the file of a run, whole or not at all.

    Raises:
        RecordError: they cannot be written.
    """
    try:
        append_whole(path, data)
    except OSError as error:
        raise RecordError(
            f"{path}: {error.strerror}; what was finished before is kept in it"
        ) from None


def begin(folder: Path, run: Run) -> Writer:
    """Begin the file of a new run in a folder, which is made if need be.

    Raises:
        RecordError: it cannot be written.
    """
    path = folder / f"{run.run}.jsonl"
    try:
        write_whole(path, line_of("run", run.run, run))
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    return Writer(path, run, [])


def keep_run(
    results: Path,
    command: str,
    plan: str,
    build: provenance.Build,
    others: Sequence[Other],
) -> None:
    """Keep a whole run of a command that measures no cells, and is too short to be resumed.

    Args:
        results: the folder in which there is one for each command.
        command: that measured.
        plan: what was asked of it.
        build: of the Rust module.
        others: what it measured.

    Raises:
        RecordError: it cannot be kept.
    """
    with locked(results / command):
        writer = begin(results / command, describe(command, sha256(plan.encode()), build))
        for each in others:
            writer.keep_other(each)
        writer.end()


def resume(folder: Path, now: Run) -> Writer:
    """Go on with the newest run in a folder, which must be unfinished and of the same request.

    A last line that a crash cut off is dropped: what it was about is measured again.

    Args:
        folder: where runs are.
        now: a run as it would begin now.

    Raises:
        RecordError: there is none to go on with; the message says why.
    """
    path = newest(folder)
    try:
        data = whole_lines(path)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    *others, found = read_lines(data, str(path))
    if others:
        raise RecordError(f"{path}: holds several runs; only a run's own file can be resumed")
    if found.complete:
        raise RecordError(f"{path}: is complete; there is nothing to resume")
    for what, differs in (
        ("another request: repeat that one's arguments", found.run.plan != now.plan),
        ("another machine", found.run.machine.alias != now.machine.alias),
        (
            "other code, packages or Python than there are now",
            (found.run.fingerprint, found.run.build) != (now.fingerprint, now.build),
        ),
    ):
        if differs:
            raise RecordError(f"{path}: was made by {what}; start anew without --resume")
    return Writer(path, found.run, list(found.cells))


def newest(folder: Path) -> Path:
    """Return the file of the run that began last.

    Raises:
        RecordError: there is none.
    """
    paths = sorted(folder.glob("*.jsonl"), key=lambda path: path.name)
    if not paths:
        raise RecordError(f"{folder}: no run is kept here")
    return paths[-1]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a folder of runs for ourselves: two at once would disturb each other's times too.

    Raises:
        RecordError: another process has it, or it cannot be made.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise RecordError(
            f"{folder}: another run is under way here; wait for it, or name another folder by "
            "--results"
        ) from None
    except OSError as error:
        raise RecordError(f"{folder}: {error.strerror}") from None
    try:
        yield
    finally:
        lock.release()


# --- promotion ---


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
