"""The first call in a fresh process: how long it takes, and by how much its memory grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nanogpt_rs.measuring.paired import LEAST_DEADLINE, measured_packages
from nanogpt_rs.records.schema import Footprint
from nanogpt_rs.ruler.files import cannot_uncache
from nanogpt_rs.ruler.memory import Answer, Order
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.worker import run_worker

DEADLINE = 10 * LEAST_DEADLINE
PROCESSES = 3
"""Processes for each row. They are few, because memory hardly differs from one to the next."""
LARGE = 10_000_000
"""Characters from which verifying takes minutes, and many times the memory of a call."""


def cache_states(task: str) -> tuple[bool, ...]:
    """Return the values of ``uncached`` that a task is measured with here.

    A task that reads files is measured with the system's copy of them in memory, and without it
    where this system can drop that copy.
    """
    return (False, True) if TASKS[task].files and not cannot_uncache() else (False,)


def measure(
    row: Implementation,
    corpus: str,
    uncached: bool,
    processes: int = PROCESSES,
    tick: Callable[[], None] = lambda: None,
) -> Footprint:
    """Have fresh processes make one call each.

    Args:
        row: The implementation to call.
        corpus: The id or path of the corpus.
        uncached: Whether the system must hold no copy of the files in memory.
        processes: Number of processes.
        tick: Called after each process.

    Raises:
        nanogpt_rs.ruler.errors.WorkerError: A process gave no answer.
    """
    order: Order = {
        "task": row.task,
        "id": row.id,
        "corpus": corpus,
        "packages": measured_packages(),
        "uncached": uncached,
    }
    answers: list[Answer] = []
    for _ in range(processes):
        answers.append(run_worker("memory", order, DEADLINE))
        tick()
    return Footprint(
        row.task,
        row.id,
        uncached,
        seconds=tuple(answer["seconds"] for answer in answers),
        cpu_seconds=tuple(answer["cpu_seconds"] for answer in answers),
        peak=tuple(answer["peak"] for answer in answers),
        kept=tuple(answer["kept"] for answer in answers),
    )


def ordered(footprints: Sequence[Footprint]) -> list[Footprint]:
    """Return the footprints in the order of their memory, the smallest first, by cache state."""
    return sorted(
        footprints,
        key=lambda footprint: (footprint.uncached, footprint.most, footprint.typical_seconds),
    )
