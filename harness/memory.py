"""A first call in a fresh process: how long it takes, and by how much memory grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.registry import Implementation
from benchmarks.tasks import TASKS
from benchmarks.worker import run_worker
from harness.paired import LEAST_DEADLINE, rooms

DEADLINE = 10 * LEAST_DEADLINE
PROCESSES = 3
"""For each row: memory hardly differs from one to the next."""
LARGE = 10_000_000
"""Characters from which a proof takes minutes and many times a call's memory."""


@dataclass(frozen=True)
class Footprint:
    """What fresh processes say of one implementation's first call.

    Attributes:
        task, id: whose.
        uncached: whether the system had no copy of its files in memory.
        seconds: of the call by wall clock, for each process.
        cpu_seconds: of the process's threads meanwhile.
        peak: bytes by which it grew during the call, at most.
        kept: bytes that it still had more afterwards: the result, and what allocators keep.
    """

    task: str
    id: str
    uncached: bool
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]
    peak: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def typical_seconds(self) -> float:
        """The median over processes."""
        return median(self.seconds)

    @property
    def most(self) -> int:
        """The largest peak of any process, in bytes."""
        return max(self.peak)


def states_of(task: str) -> tuple[bool, ...]:
    """Return whether its files are uncached, for each row that a task has here."""
    from benchmarks.files import cannot_uncache

    return (False, True) if TASKS[task].files and not cannot_uncache() else (False,)


def measure(
    row: Implementation,
    corpus: str,
    uncached: bool,
    processes: int = PROCESSES,
    tick: Callable[[], None] = lambda: None,
) -> Footprint:
    """Have fresh processes make one call each.

    Raises:
        benchmarks.worker.WorkerError: one gave no answer.
    """
    order = {
        "task": row.task,
        "id": row.id,
        "corpus": corpus,
        "rooms": rooms(),
        "uncached": uncached,
    }
    answers = []
    for _ in range(processes):
        answers.append(run_worker("memory", order, DEADLINE))
        tick()
    columns = {key: tuple(each[key] for each in answers) for key in answers[0]}
    return Footprint(row.task, row.id, uncached, **columns)


def ordered(footprints: Sequence[Footprint]) -> list[Footprint]:
    """Return them with what needs least memory first."""
    return sorted(footprints, key=lambda each: (each.uncached, each.most, each.typical_seconds))
