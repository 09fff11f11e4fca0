"""Files of records: JSON Lines that are only ever appended to.

A run's file begins with one line about the run. It then has one line for each cell or other record,
written as soon as that is finished, and one line at the end which says that the run is complete.
Each line carries the version of its schema and a checksum of itself, so that a line that was cut
off, changed or never ours is named with its number, and nothing is guessed. No record holds a host
name, a user name or a path: a machine has an alias that its owner chose.

A verdict after the adjustment for many tests depends on the cells of the whole run. Records hold
verdicts from before it; ``nanogpt_rs.statistics.adjusted`` adjusts them when they are read.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from nanogpt_rs.records import durable, old
from nanogpt_rs.records.kinds import OTHERS, Other, Recorded
from nanogpt_rs.records.lines import checked, line_of, line_of_other, lines_of_cell, record_in
from nanogpt_rs.records.schema import Cell, End, RecordError, Run
from nanogpt_rs.ruler.regular import read_regular, write_whole
from nanogpt_rs.ruler.remarks import say

ALIAS = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
ROOM = 1 << 16
"""Bytes that are more than the records of most commands that keep their run at its end."""
OTHER_FOLDER = "free some space there, or name another folder by --results"
RUN_LINE = b'"kind":"run"'
"""Bytes that every line about a run holds, and hardly any other line."""


def check_alias(alias: str) -> None:
    """Check that a machine may have this alias.

    Raises:
        RecordError: It may not.
    """
    if not ALIAS.fullmatch(alias):
        raise RecordError(f"{alias!r} is no alias: lower-case letters, digits, '.' and '-' only")


# --- reading ---


def read(path: Path) -> list[Recorded]:
    """Return the runs in a file, of this or of an older format, in the file's order.

    Raises:
        RecordError: The file cannot be read, or a line is no record; the message names it.
    """
    return read_lines(bytes_of(path), str(path))


def bytes_of(path: Path) -> bytes:
    """Return the bytes of a file of records.

    Raises:
        RecordError: The file cannot be read.
    """
    try:
        return read_regular(path)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None


@dataclass
class Reading:
    """A run whose lines are being read.

    Attributes:
        run: Description of the run.
        lines: Lines so far, as they are in the file.
        cells: Cells so far, by their key.
        others: Other records so far.
        ended: Whether the run's last line was read.
    """

    run: Run
    lines: list[bytes]
    cells: dict[tuple[str, ...], Cell] = field(default_factory=dict)
    others: list[Other] = field(default_factory=list)
    ended: bool = False

    def add(self, line: bytes, kind: str, record: Any) -> None:
        """Add the next line, which holds this record.

        Raises:
            ValueError: The record cannot follow the ones before it.
        """
        if self.ended:
            raise ValueError(f"a record of run {self.run.run} after its end")
        if kind == "end":
            for name, expected, count in (
                ("cells", record.cells, len(self.cells)),
                ("other records", record.others, len(self.others)),
            ):
                if expected != count:
                    raise ValueError(
                        f"run {self.run.run} ended with {expected} {name}; {count} are here"
                    )
            self.ended = True
        elif kind in OTHERS:
            self.others.append(record)
        elif self.cells.setdefault(record.key, record) is not record:
            raise ValueError(f"a second record of {', '.join(record.key)}")
        self.lines.append(line)

    def recorded(self) -> Recorded:
        """Return the run as read so far."""
        return Recorded(self.run, tuple(self.cells.values()), self.ended, tuple(self.others))


def read_lines(data: bytes, name: str) -> list[Recorded]:
    """Return the runs in the bytes of a file, of this or of an older format.

    Args:
        data: Bytes of the file.
        name: Path of the file, for messages, and for what an old format says in it alone.

    Raises:
        RecordError: A line is no record; the message names it.
    """
    return [recorded for recorded, _ in read_with_lines(data, name)]


def read_with_lines(data: bytes, name: str) -> list[tuple[Recorded, tuple[bytes, ...]]]:
    """Return the runs in the bytes of a file, each with the lines that keep it.

    The lines are the file's own; for an old format they are those that would be written today. A
    last line that a crash cut off is left out, and that is said.

    Args:
        data: Bytes of the file.
        name: Path of the file, for messages, and for what an old format says in it alone.

    Raises:
        RecordError: A line is no record; the message names it.
    """
    if (old_runs := old.read_document(data, name)) is not None:
        return [(recorded, tuple(lines_of(recorded))) for recorded in old_runs]
    whole = durable.without_torn_end(data)
    if 0 < len(whole) < len(data) and is_cut_off(data[len(whole) :]):
        say(f"{name}: the last line is cut off, as by a crash, and is left out")
        data = whole
    runs: dict[str, Reading] = {}
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        try:
            read_line(line, runs)
        except ValueError as error:
            raise RecordError(f"{name}, line {number}: {error}") from None
    if not runs:
        raise RecordError(f"{name}: holds no record")
    return [(reading.recorded(), tuple(reading.lines)) for reading in runs.values()]


def is_cut_off(line: bytes) -> bool:
    """Return whether a line without its end can be the beginning of a record, and nothing more.

    Where bytes follow a whole record, they were changed rather than cut off.
    """
    try:
        text = line.decode("ascii")
        return json.JSONDecoder().raw_decode(text)[1] == len(text)
    except UnicodeDecodeError:
        return False
    except ValueError:  # the record is not whole
        return True


def read_line(line: bytes, runs: dict[str, Reading]) -> None:
    """Add the next line of a file to the run that it belongs to.

    Args:
        line: The line.
        runs: Runs read so far, by their ids.

    Raises:
        ValueError: The line is no record, or cannot follow the ones before it.
    """
    body = checked(line)
    kind, run = body.get("kind"), body["run"]
    if kind == old.DIVISION:  # once a whole run in one line
        for today in lines_of(old.race_in(body)):
            read_line(today, runs)
        return
    record = record_in(line, kind)
    if kind == "run":
        if run in runs:
            raise ValueError(f"run {run} begins a second time")
        runs[run] = Reading(record, [line])
    elif run in runs:
        runs[run].add(line, str(kind), record)
    else:
        raise ValueError(f"a record of run {run}, which did not begin above it")


def newest(folder: Path) -> Path:
    """Return the file of the run that began last, by the time in its records.

    Of runs that began in the same second the one with the last id counts as the newest, and of
    copies of one run the one with the last name.

    Raises:
        RecordError: The folder holds no run, or a file does not say when its run began.
    """
    paths = list(folder.glob("*.jsonl"))
    if not paths:
        raise RecordError(f"{folder}: no run is kept here")
    return max(paths, key=age)


def age(path: Path) -> tuple[datetime, str, str]:
    """Return a key that sorts files of records by when their runs began.

    A damaged file is sorted by its name, if that is a run's id: its reader will name the fault.

    Raises:
        RecordError: Neither the file nor its name says when its run began.
    """
    data = bytes_of(path)
    try:
        runs = [
            record_in(line, "run") for line in data.splitlines(keepends=True) if is_of_run(line)
        ]
        runs = runs or [recorded.run for recorded in read_lines(data, str(path))]
        return max((run.began, run.run, path.name) for run in runs)
    except (RecordError, ValueError) as error:
        try:
            began = datetime.strptime(path.stem.partition("-")[0], "%Y%m%dT%H%M%S%z")
        except ValueError:
            raise RecordError(f"{path}: does not say when its run began: {error}") from None
        return began, path.stem, path.name


def is_of_run(line: bytes) -> bool:
    """Return whether a line is about a run; a damaged one is not."""
    if RUN_LINE not in line:
        return False
    try:
        return bool(checked(line)["kind"] == "run")
    except (KeyError, ValueError):
        return False


# --- writing ---


@dataclass
class Writer:
    """Appends to the file of one run; each time all is written or nothing.

    Attributes:
        path: File of the run.
        run: Description of the run.
        cells: Cells that the file holds.
        others: Number of records in the file that are not cells.
    """

    path: Path
    run: Run
    cells: list[Cell]
    others: int = 0

    def keep(self, cells: Sequence[Cell]) -> None:
        """Append finished cells, and wait until they are on the disk.

        Raises:
            RecordError: They cannot be written, for example because the disk is full. The file is
                then as it was before.
        """
        if cells:
            append(self.path, b"".join(lines_of_cell(self.run.run, cell) for cell in cells))
            self.cells += cells

    def keep_other(self, record: Other) -> None:
        """Append a record that is not a cell, and wait until it is on the disk.

        Raises:
            RecordError: It cannot be written. The file is then as it was before.
        """
        append(self.path, line_of_other(self.run.run, record))
        self.others += 1

    def keep_blocks(self, name: str, processes: Sequence[Any]) -> None:
        """Write the raw blocks of a group into a file of its own, beside the records.

        Args:
            name: Name of the group, for the file's name.
            processes: For each process, its blocks: an array of shape (arms, rounds, 5).

        Raises:
            RecordError: They cannot be written.
        """
        folder = self.path.with_suffix(".blocks")
        document = [blocks.astype(int).tolist() for blocks in processes]
        data = gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)
        try:
            write_whole(folder / f"{len(list(folder.glob('*'))):04}-{name}.json.gz", data)
        except OSError as error:
            raise RecordError(f"{folder}: {error.strerror}") from None

    def end(self) -> None:
        """Append the line that says that the run is complete."""
        append(self.path, line_of("end", self.run.run, End(len(self.cells), self.others)))


def lines_of(recorded: Recorded) -> Iterator[bytes]:
    """Yield the lines that keep a run."""
    run = recorded.run
    yield line_of("run", run.run, run)
    for cell in recorded.cells:
        yield lines_of_cell(run.run, cell)
    for other in recorded.others:
        yield line_of_other(run.run, other)
    if recorded.complete:
        yield line_of("end", run.run, End(len(recorded.cells), len(recorded.others)))


def append(path: Path, data: bytes) -> None:
    """Append bytes to the file of a run; on failure the file is as it was before.

    Raises:
        RecordError: They cannot be written.
    """
    try:
        durable.append_whole(path, data)
    except OSError as error:
        raise RecordError(
            f"{path}: {error.strerror}; what was finished before is kept in it"
        ) from None


def begin(folder: Path, run: Run) -> Writer:
    """Begin the file of a new run in a folder, which is made if it does not exist.

    Raises:
        RecordError: The file cannot be written.
    """
    path = folder / f"{run.run}.jsonl"
    try:
        write_whole(path, line_of("run", run.run, run))
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    return Writer(path, run, [])


def resume(folder: Path, now: Run) -> Writer:
    """Go on with the newest run in a folder, which must be unfinished and of the same request.

    A last line that a crash cut off is removed: its cell is measured anew.

    Args:
        folder: Folder of the command's runs.
        now: The run as it would begin now.

    Raises:
        RecordError: The newest run cannot be resumed, or there is none; the message says why.
    """
    path = newest(folder)
    try:
        data = durable.whole_lines(path)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    *others, recorded = read_lines(data, str(path))
    if others:
        raise RecordError(f"{path}: holds several runs; only a run's own file can be resumed")
    if obstacle := obstacle_to_resuming(recorded, now):
        raise RecordError(f"{path}: {obstacle}")
    return Writer(path, recorded.run, list(recorded.cells), len(recorded.others))


def resume_if_possible(folder: Path, now: Run) -> Writer:
    """Go on with the newest run in a folder as ``resume`` does; begin anew where that cannot be.

    Raises:
        RecordError: The file of a new run cannot be written.
    """
    try:
        return resume(folder, now)
    except RecordError:
        return begin(folder, now)


def obstacle_to_resuming(recorded: Recorded, now: Run) -> str | None:
    """Return why a run cannot be resumed, as a phrase; ``None`` where it can.

    Args:
        recorded: The run.
        now: The run as it would begin now.
    """
    if recorded.complete:
        return "is complete; there is nothing to resume"
    for maker, differs in (
        ("another request: repeat that one's arguments", recorded.run.plan != now.plan),
        ("another machine", recorded.run.machine.alias != now.machine.alias),
        (
            "other code, packages or Python than there are now",
            (recorded.run.fingerprint, recorded.run.build) != (now.fingerprint, now.build),
        ),
    ):
        if differs:
            return f"was made by {maker}; start anew without --resume"
    return None


def keep_whole(folder: Path, run: Run, others: Sequence[Other]) -> Path:
    """Write a finished run that has no cells, and return the path of its file.

    Raises:
        RecordError: It cannot be written.
    """
    writer = begin(folder, run)
    for record in others:
        writer.keep_other(record)
    writer.end()
    return writer.path


def check_room(folder: Path) -> None:
    """Check that a folder of runs takes a file of some length, before anything is measured.

    Raises:
        RecordError: It does not, for example because the disk is full.
    """
    probe = folder / ".room"
    try:
        write_whole(probe, bytes(ROOM))
    except OSError as error:
        raise RecordError(f"{folder}: {error.strerror}", hint=OTHER_FOLDER) from None
    finally:
        probe.unlink(missing_ok=True)


def locked(folder: Path) -> AbstractContextManager[None]:
    """Lock a folder of runs: two runs at once would disturb each other's times too.

    Raises:
        RecordError: Another process has locked it, or it cannot be made.
    """
    return durable.locked(
        folder,
        RecordError,
        "another run is under way here; wait for it, or name another folder by --results",
    )
