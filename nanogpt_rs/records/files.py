"""Records of what was measured: JSON Lines that are only ever appended to.

A run's file begins with one line about the run, then has one for each cell, written when the cell
is finished, and at last one that says that the run is complete. Each line carries the version of
its schema and a checksum of itself, so that what was cut off, changed or never ours is found and
named with its line, and nothing is guessed. No record holds a host name, a user name or a path: a
machine has an alias that its owner chose.

What a verdict is after the adjustment for many tests depends on which cells there are; records hold
it as it was before, and ``nanogpt_rs.statistics.adjusted`` makes the rest of it when they are read.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nanogpt_rs.records import durable
from nanogpt_rs.records.durable import append_whole, whole_lines
from nanogpt_rs.records.lines import line_of, line_of_other, lines_of_cell, parsed
from nanogpt_rs.records.schema import (
    OTHERS,
    Cell,
    End,
    Other,
    Recorded,
    RecordError,
    Run,
)
from nanogpt_rs.ruler.corpora import write_whole

if TYPE_CHECKING:
    from nanogpt_rs.measuring.paired import Measured

ALIAS = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")


def check_alias(alias: str) -> None:
    """Check that a machine may be called this.

    Raises:
        RecordError: it may not.
    """
    if not ALIAS.fullmatch(alias):
        raise RecordError(f"{alias!r} is no alias: lower-case letters, digits, '.' and '-' only")


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
