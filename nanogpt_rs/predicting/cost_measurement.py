"""Measures how long preparing texts of growing size takes: by the command, and by contenders.

Each size is prepared several times in each way, in fresh processes and a random order, from files
that the system keeps in memory. All ways must write the same bytes. ``cost_prediction`` predicts
from these measurements.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.measuring.bench import references_of
from nanogpt_rs.measuring.paired import measured_packages
from nanogpt_rs.measuring.selection import select
from nanogpt_rs.predicting.cost_prediction import CALL, CostError
from nanogpt_rs.preparing.shards import TRAIN, VAL, sha256_of
from nanogpt_rs.records.schema import STRONGEST, Taken
from nanogpt_rs.ruler import corpora, cost
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.tasks import SHARDS
from nanogpt_rs.ruler.worker import run_worker

LADDER = (10**6, 10**7, 10**8, 10**9, 4 * 10**9)
"""Sizes of the texts, in bytes."""
DEADLINE = 600.0
"""Seconds after which a contender's process is ended."""
PACE = 4e-9
"""About how many seconds a preparation takes per byte, for the estimate of the time left."""


@dataclass(frozen=True)
class Way:
    """A way to prepare a text: the command with an engine, or a contender.

    Attributes:
        name: The engine's name or the contender's id.
        workers: Number of workers.
        options: Options of the command; ``None`` for a contender.
    """

    name: str
    workers: int
    options: tuple[str, ...] | None = None


def ways(workers: Sequence[int], engines: Sequence[str]) -> list[Way]:
    """Return the ways to measure: the command with each engine, and contenders of one thread."""
    commands = [
        Way(engine, count, (*workers_option(engine), str(count)))
        for engine in engines
        for count in workers
    ]
    # Predictions are fitted to a single thread.
    if (single := Way("threads", 1, ("--threads", "1"))) not in commands:
        commands.insert(0, single)
    strongest = references_of(SHARDS, corpora.load(corpora.DEFAULT).width)[STRONGEST]
    rust = [row for row in select([SHARDS]) if row.id.startswith("rust/")]
    serial = [row for row in rust if not {"parallel", "limit"} & set(row.marks)]
    return [*commands, *(Way(row.id, 1) for row in (strongest, *serial))]


def workers_option(engine: str) -> tuple[str, ...]:
    """Return the command's options for an engine, without the number of workers that follows."""
    return ("--threads",) if engine == "threads" else ("--engine", engine, "--workers")


def sizes_to(largest: float) -> list[int]:
    """Return the sizes of ``LADDER`` up to the largest.

    Raises:
        CostError: There are too few sizes for a line.
    """
    sizes = [size for size in LADDER if size <= largest]
    if len(sizes) < 2:
        raise CostError(
            "a line takes two sizes or more", hint=f"measure up to {LADDER[1]:,} bytes at least"
        )
    return sizes


def measure(
    sizes: Sequence[int],
    ways: Sequence[Way],
    folder: Path | None,
    repeats: int,
    advance: Callable[[str, float], None],
) -> Iterator[Taken]:
    """Yield the time of each preparation.

    Args:
        sizes: Sizes of the texts in bytes.
        ways: Ways to prepare them.
        folder: Folder for texts and shards (default: the system's folder for temporary files). They
            take up to three times the largest size, and are removed.
        repeats: Number of times that each size is prepared in each way.
        advance: Called after each preparation with its name and the seconds that it was expected to
            take.

    Raises:
        CostError: A preparation failed, or two did not write the same shards.
        OSError: A file cannot be written, perhaps because the disk is full.
    """
    text = corpora.load(corpora.DEFAULT).text.encode()
    written: dict[int, tuple[str, ...]] = {}
    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-cost-", dir=folder) as scratch:
        for size in sizes:
            path = Path(scratch) / "text.txt"
            repeat_into(path, text, size)
            repeated = [way for way in ways for _ in range(repeats)]
            for number, way in enumerate(random.sample(repeated, len(repeated))):
                out = Path(scratch) / f"shards-{number}"
                yield measure_way(way, path, out, size)
                hashes = tuple(sha256_of(out / name) for name in (TRAIN, VAL))
                if written.setdefault(size, hashes) != hashes:
                    raise CostError(
                        f"{way.name} wrote other shards than the other ways, of {size:,} bytes"
                    )
                for shard in out.iterdir():
                    shard.unlink()
                out.rmdir()
                advance(f"{size:,} bytes, {way.name}", PACE * size)


def repeat_into(path: Path, text: bytes, size: int) -> None:
    """Write an ASCII text into a file repeatedly, up to this many bytes."""
    with path.open("wb") as file:
        for _ in range(size // len(text)):
            file.write(text)
        file.write(text[: size % len(text)])


def measure_way(way: Way, path: Path, out: Path, size: int) -> Taken:
    """Prepare a text once in a fresh process, and return the time that it took.

    Args:
        way: The way to prepare it.
        path: Path of the text.
        out: Folder for the shards, which does not exist yet.
        size: Size of the text in bytes.

    Raises:
        CostError: The preparation failed.
    """
    if way.options is None:
        out.mkdir()
        order: cost.Order = {
            "id": way.name,
            "paths": [str(path)],
            "out": str(out),
            "packages": measured_packages(),
        }
        try:
            answer: cost.Answer = run_worker("cost", order, DEADLINE)
        except WorkerError as error:
            raise CostError(f"{way.name}: a worker process {error}") from None
        return Taken(way.name, 1, size, size, 1, answer["seconds"], {CALL: answer["cpu_seconds"]})
    command = [
        sys.executable,
        "-P",
        "-m",
        "nanogpt_rs",
        "data",
        "prepare",
        str(path),
        "--out",
        str(out),
    ]
    done = subprocess.run(
        [*command, *way.options, "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CostError(f"prepare: {done.stderr.strip()}")
    document: dict[str, Any] = json.loads(done.stdout)
    return Taken(
        way=way.name,
        workers=document["engine"]["workers"],
        bytes=size,
        characters=document["manifest"]["characters"],
        parts=document["parts"],
        seconds=sum(document["seconds"].values()),
        busy=document["busy_seconds"],
    )
