"""Measures what preparing texts of growing size costs: by the command, and by what it replaces.

Each size is prepared several times in each way, in fresh processes and a random order, from files
that the system holds in memory. All ways must write the same bytes.
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
from nanogpt_rs.predicting.cost import CALL, CostError
from nanogpt_rs.preparing.shards import TRAIN, VAL, sha256_of
from nanogpt_rs.records.schema import STRONGEST, Taken
from nanogpt_rs.ruler import corpora
from nanogpt_rs.ruler.tasks import SHARDS
from nanogpt_rs.ruler.worker import WorkerError, run_worker

LADDER = (10**6, 10**7, 10**8, 10**9, 4 * 10**9)
"""Bytes of the texts."""
REPEATS = 5
DEADLINE = 600.0
PACE = 4e-9
"""Seconds a byte that all ways take together, about: for the estimate of what is left."""


@dataclass(frozen=True)
class Way:
    """How a text is prepared.

    Attributes:
        name: as of ``Taken``.
        workers: as there.
        options: of the command; ``None`` for a contender.
    """

    name: str
    workers: int
    options: tuple[str, ...] | None = None


def ways(workers: Sequence[int], engines: Sequence[str]) -> list[Way]:
    """Return what is measured: the command with each engine, and contenders with one thread."""
    commands = [
        Way(engine, count, (*option(engine), str(count))) for engine in engines for count in workers
    ]
    if (one := Way("threads", 1, ("--threads", "1"))) not in commands:
        commands.insert(0, one)  # what a prediction is fitted to
    strongest = references_of(SHARDS, corpora.load(corpora.DEFAULT).width)[STRONGEST]
    rust = [row for row in select([SHARDS]) if row.id.startswith("rust/")]
    alone = [row for row in rust if not {"parallel", "limit"} & set(row.marks)]
    return [*commands, *(Way(row.id, 1) for row in (strongest, *alone))]


def option(engine: str) -> tuple[str, ...]:
    """Return the options of the command for an engine, but for how many work."""
    return ("--threads",) if engine == "threads" else ("--engine", engine, "--workers")


def sizes_to(largest: float) -> list[int]:
    """Return the sizes up to the largest.

    Raises:
        CostError: they are too few for a line.
    """
    found = [size for size in LADDER if size <= largest]
    if len(found) < 2:
        raise CostError(f"a line takes two sizes or more, the second of {LADDER[1]:,} bytes")
    return found


def measure(
    sizes: Sequence[int],
    chosen: Sequence[Way],
    folder: Path | None,
    repeats: int,
    advance: Callable[[str, float], None],
) -> Iterator[Taken]:
    """Yield what each preparation took.

    Args:
        sizes: bytes of the texts.
        chosen: ways to prepare them.
        folder: where texts and shards go for the time being, up to three times the largest.
        repeats: of each way at each size.
        advance: told what is done, and how many seconds that was estimated to take.

    Raises:
        CostError: a preparation failed, or two did not write the same.
        OSError: the disk is full, say.
    """
    text = corpora.load(corpora.DEFAULT).text.encode()
    written: dict[int, tuple[str, ...]] = {}
    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-cost-", dir=folder) as scratch:
        for size in sizes:
            path = Path(scratch) / "text.txt"
            repeat_into(path, text, size)
            cells = [way for way in chosen for _ in range(repeats)]
            for number, way in enumerate(random.sample(cells, len(cells))):
                out = Path(scratch) / f"shards-{number}"
                yield measure_way(way, path, out, size)
                found = tuple(sha256_of(out / name) for name in (TRAIN, VAL))
                if written.setdefault(size, found) != found:
                    raise CostError(f"{way.name} wrote other shards of {size:,} bytes than others")
                for each in out.iterdir():
                    each.unlink()
                out.rmdir()
                advance(f"{size:,} bytes, {way.name}", PACE * size)


def repeat_into(path: Path, text: bytes, size: int) -> None:
    """Write a text into a file again and again, up to so many bytes; it is ASCII."""
    with path.open("wb") as file:
        for _ in range(size // len(text)):
            file.write(text)
        file.write(text[: size % len(text)])


def measure_way(way: Way, path: Path, out: Path, size: int) -> Taken:
    """Prepare a text once, in a fresh process.

    Raises:
        CostError: it failed.
    """
    if way.options is None:
        out.mkdir()
        order = {
            "id": way.name,
            "paths": [str(path)],
            "out": str(out),
            "rooms": measured_packages(),
        }
        try:
            answer = run_worker("cost", order, DEADLINE)
        except WorkerError as error:
            raise CostError(f"{way.name}: a worker process {error}") from None
        return Taken(way.name, 1, size, size, 1, answer["seconds"], {CALL: answer["cpu_seconds"]})
    command = [sys.executable, "-P", "-m", "nanogpt_rs", "prepare", str(path), "--out", str(out)]
    done = subprocess.run(
        [*command, *way.options, "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CostError(f"prepare: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return Taken(
        way=way.name,
        workers=found["engine"]["workers"],
        bytes=size,
        characters=found["manifest"]["characters"],
        parts=found["parts"],
        seconds=sum(found["seconds"].values()),
        busy=found["busy_seconds"],
    )
