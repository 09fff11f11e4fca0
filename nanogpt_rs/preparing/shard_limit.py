"""Measures how near ``data prepare`` comes to its limit: reading, writing and hashing alone.

The limit reads the texts, writes twice their bytes, and hashes both. That work would remain if no
vocabulary and no id had to be found. The limit and the preparations are whole commands in processes
of their own, which take turns.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from nanogpt_rs.ruler.errors import UserError

if TYPE_CHECKING:  # the limit's process imports nothing that it does not need
    from nanogpt_rs.records.preparations import PreparationRounds
    from nanogpt_rs.records.schema import Meanwhile, Ratio

BLOCK = 1 << 18
"""Bytes that the limit reads at once."""
STAGES = ("vocabulary", "encoding")
"""Stages that workers share, so that several workers can be faster at them than one."""


def write_as_limit(paths: Sequence[str], out: Path) -> None:
    """Read texts, write every block twice, and hash all bytes that are read and written.

    Args:
        paths: Paths of the texts.
        out: Folder to write to.
    """
    read, written = hashlib.sha256(), hashlib.sha256()
    with (out / "limit.bin").open("wb", buffering=0) as file:
        for path in paths:
            with Path(path).open("rb", buffering=0) as text:
                while block := text.read(BLOCK):
                    read.update(block)
                    for _ in range(2):
                        file.write(block)
                        written.update(block)
        os.fsync(file.fileno())


@dataclass
class TimedWay:
    """A command that is measured.

    Attributes:
        name: Name in words.
        command: The command, without the folder that it writes to, which comes last.
        seconds: Wall-clock seconds of the whole process, in each round.
        cpu_seconds: CPU seconds of the process in each round, without workers that are processes
            of their own.
        memory: Bytes that the process held at most in each round, without such workers.
        documents: JSON documents that the command printed, if it prints any.
    """

    name: str
    command: Sequence[str]
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)


class LimitError(UserError):
    """A command failed; the message says which and what it said."""


def ways_of(
    paths: Sequence[str], engines: Sequence[Sequence[str]], one_byte: str
) -> list[TimedWay]:
    """Return the commands to measure: the limit, a preparation by each engine, and a start-up.

    Args:
        paths: Paths of the texts.
        engines: For each engine, the arguments of ``nanogpt-rs data prepare`` that choose it.
        one_byte: Path of a text of one character, whose preparation is start-up alone.
    """
    ours = [sys.executable, "-P", "-m", "nanogpt_rs", "data", "prepare"]
    limit = [sys.executable, "-P", "-m", "nanogpt_rs.preparing.shard_limit", *paths]
    return [
        TimedWay("limit", limit),
        *(
            TimedWay(" ".join(engine), [*ours, *paths, *engine, "--json", "--out"])
            for engine in engines
        ),
        TimedWay("start-up", [*ours, one_byte, *engines[0], "--json", "--out"]),
    ]


def measure(
    ways: Sequence[TimedWay], folder: Path, rounds: int, progress: Callable[[str, int, int], None]
) -> None:
    """Run all commands in turn, each time in another order, and add what they took to each.

    Args:
        ways: Commands.
        folder: Folder on the disk to write to. What they write is removed outside of the clock.
        rounds: Number of rounds.
        progress: Called with a command's name, the number of finished runs, and of all runs.

    Raises:
        LimitError: A command failed.
    """
    total = rounds * len(ways)
    for number in range(rounds):
        turn = number % len(ways)
        for place, way in enumerate([*ways[turn:], *ways[:turn]]):
            progress(way.name, number * len(ways) + place, total)
            out = Path(tempfile.mkdtemp(dir=folder))
            try:
                run_once(way, out)
            finally:
                shutil.rmtree(out)


def run_once(way: TimedWay, out: Path) -> None:
    """Run a command, and add its times, its memory and its output to it.

    Args:
        way: The command.
        out: Empty folder to write to.

    Raises:
        LimitError: The command failed.
    """
    if not hasattr(os, "wait4"):
        raise LimitError("this system does not say what a process used: it takes Linux or macOS")
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen([*way.command, str(out)], stdout=output, stderr=errors)
        # Python's own wait does not report the resources that the process used.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            message = errors.read().decode(errors="replace").strip()
            message = message.removeprefix("nanogpt-rs: ")
            raise LimitError(f"{way.name}: {message or f'status {process.returncode}'}")
        output.seek(0)
        printed = output.read()
    way.seconds.append(seconds)
    way.cpu_seconds.append(usage.ru_utime + usage.ru_stime)
    way.memory.append(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    if printed:
        way.documents.append(json.loads(printed))


def ratio(one: Sequence[float], other: Sequence[float]) -> Ratio:
    """Return how many times as fast ``other`` is as ``one``, from their seconds in each round."""
    from nanogpt_rs.statistics.trimmed import shown, trimmed

    return shown(trimmed([math.log(a / b) for a, b in zip(one, other, strict=True)]))


def stage_seconds(document: dict[str, Any], stage: str) -> float:
    """Return how long the workers of a preparation took for a stage, without other stages.

    For the vocabulary that is wall-clock time. While some workers encode, others wait for the disk,
    which is a stage of its own. For encoding it is therefore the workers' own seconds, divided by
    the number of workers that are busy at once.
    """
    if stage == "vocabulary":
        return float(document["seconds"][stage])
    at_once = min(document["engine"]["workers"], document["parts"])
    return float(document["busy_seconds"][stage] / at_once)


def result_of(ways: Sequence[TimedWay], bytes: int, meanwhile: Meanwhile) -> PreparationRounds:
    """Return the record of commands that were measured.

    Args:
        ways: Commands of ``ways_of``, measured.
        bytes: Length of the texts in bytes.
        meanwhile: How busy the machine was.
    """
    from nanogpt_rs.records.preparations import PreparationRounds, PreparationSpeed

    limit, *ours, start_up = ways
    first = ours[0]

    def of_first(way: TimedWay) -> dict[str, Ratio] | None:
        if way is first:
            return None
        return {
            stage: ratio(
                [stage_seconds(document, stage) for document in first.documents],
                [stage_seconds(document, stage) for document in way.documents],
            )
            for stage in STAGES
        }

    return PreparationRounds(
        bytes=bytes,
        rounds=len(limit.seconds),
        limit_seconds=median(limit.seconds),
        start_up_seconds=median(start_up.seconds),
        start_up_memory=max(start_up.memory),
        arms=tuple(
            PreparationSpeed(
                engine=way.name,
                seconds=median(way.seconds),
                of_limit=ratio(limit.seconds, way.seconds),
                of_limit_cpu=ratio(limit.cpu_seconds, way.cpu_seconds),
                memory=max(way.memory) - min(start_up.memory),
                stages={
                    stage: median(document["seconds"][stage] for document in way.documents)
                    for stage in way.documents[0]["seconds"]
                },
                of_first=of_first(way),
            )
            for way in ours
        ),
        meanwhile=meanwhile,
    )


if __name__ == "__main__":
    try:
        write_as_limit(sys.argv[1:-1], Path(sys.argv[-1]))
    except OSError as error:
        sys.exit(str(error))
