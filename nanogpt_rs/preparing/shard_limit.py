"""The least that a preparation of shards has to do, and how far from it ``nanogpt-rs prepare`` is.

The limit reads the texts, writes twice their bytes and hashes all of that: what is left when no
vocabulary and no id has to be found. Both are whole commands in processes of their own, in turn.
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
from typing import Any

BLOCK = 1 << 18


def write_as_limit(paths: Sequence[str], out: Path) -> None:
    """Read texts, write every block twice, hash what was read and what was written."""
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
        name: as people read it.
        command: which is given a folder that is empty.
        seconds: wall clock of each round, whole processes.
        cpu_seconds: of the processor, likewise; not those of its workers, if they are processes.
        memory: the most that its process held in memory, in bytes; not that of its workers.
        documents: what it printed, if that is JSON.
    """

    name: str
    command: Sequence[str]
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)


class LimitError(Exception):
    """A command failed; the message says which and what it said."""


def arms_of(
    paths: Sequence[str], engines: Sequence[Sequence[str]], one_byte: str
) -> list[TimedWay]:
    """Return the limit, preparations by each of some engines, and one of next to nothing.

    Args:
        paths: of the texts.
        engines: the arguments of ``nanogpt-rs prepare`` that say which.
        one_byte: the path of a text of a character, whose preparation is start-up alone.
    """
    ours = [sys.executable, "-P", "-m", "nanogpt_rs", "prepare"]
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
    arms: Sequence[TimedWay], folder: Path, rounds: int, progress: Callable[[str, int, int], None]
) -> None:
    """Carry out all arms in turn, each time in another order.

    Args:
        arms: which get what was measured.
        folder: on whose disk they write; what they wrote goes again, outside the clock.
        rounds: how many.
        progress: told of each.

    Raises:
        LimitError: one failed.
    """
    total = rounds * len(arms)
    for number in range(rounds):
        turn = number % len(arms)
        for at, arm in enumerate([*arms[turn:], *arms[:turn]]):
            progress(arm.name, number * len(arms) + at, total)
            out = Path(tempfile.mkdtemp(dir=folder))
            try:
                once(arm, out)
            finally:
                shutil.rmtree(out)


def once(arm: TimedWay, out: Path) -> None:
    """Carry out an arm.

    Raises:
        LimitError: it failed.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        process = subprocess.Popen([*arm.command, str(out)], stdout=output, stderr=errors)
        # Python's own wait does not tell what the process has used.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
            raise LimitError(f"{arm.name}: {said or f'status {process.returncode}'}")
        output.seek(0)
        printed = output.read()
    arm.seconds.append(seconds)
    arm.cpu_seconds.append(usage.ru_utime + usage.ru_stime)
    arm.memory.append(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    if printed:
        arm.documents.append(json.loads(printed))


def ratio(one: Sequence[float], other: Sequence[float]) -> dict[str, Any]:
    """Return by how much ``other`` is faster than ``one``, round by round, with its interval."""
    from nanogpt_rs.statistics.trimmed import shown, trimmed

    found = shown(trimmed([math.log(a / b) for a, b in zip(one, other, strict=True)]))
    return {"ratio": found.ratio, "interval": found.interval}


def stage_seconds(document: dict[str, Any], stage: str) -> float:
    """Return how long the workers of a preparation took for a stage, other stages apart.

    The wall clock tells for vocabulary. While some encode, others wait for the disk, which has a
    stage of its own: there it is the workers' own clocks, shared out.
    """
    if stage == "vocabulary":
        return float(document["seconds"][stage])
    at_once = min(document["engine"]["workers"], document["parts"])
    return float(document["busy_seconds"][stage] / at_once)


def document_of(arms: Sequence[TimedWay]) -> dict[str, Any]:
    """Return what was measured.

    ``of_limit`` is the limit's time over an arm's: the speed, as a share of the limit's; so is
    ``of_limit_cpu``, by the processor's time, which others' load disturbs less. ``memory`` is what
    an arm held at most, beyond start-up alone; ``of_first`` the first engine's time over another's,
    stage by stage.
    """
    limit, *ours, start_up = arms
    first = ours[0]
    stages = ("vocabulary", "encoding")

    def of_first(arm: TimedWay) -> dict[str, Any]:
        return {
            stage: ratio(
                [stage_seconds(each, stage) for each in first.documents],
                [stage_seconds(each, stage) for each in arm.documents],
            )
            for stage in stages
        }

    return {
        "rounds": len(limit.seconds),
        "limit": {"seconds": median(limit.seconds)},
        "start_up": {"seconds": median(start_up.seconds), "memory": max(start_up.memory)},
        "arms": [
            {
                "engine": arm.name,
                "seconds": median(arm.seconds),
                "of_limit": ratio(limit.seconds, arm.seconds),
                "of_limit_cpu": ratio(limit.cpu_seconds, arm.cpu_seconds),
                "memory": max(arm.memory) - min(start_up.memory),
                "stages": {
                    stage: median(each["seconds"][stage] for each in arm.documents)
                    for stage in arm.documents[0]["seconds"]
                },
                "of_first": of_first(arm) if arm is not first else None,
            }
            for arm in ours
        ],
    }


if __name__ == "__main__":
    try:
        write_as_limit(sys.argv[1:-1], Path(sys.argv[-1]))
    except OSError as error:
        sys.exit(str(error))
