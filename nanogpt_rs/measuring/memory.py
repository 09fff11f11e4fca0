"""A first call in a fresh process: how long it takes, and by how much memory grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nanogpt_rs.measuring.paired import LEAST_DEADLINE, rooms
from nanogpt_rs.records.schema import Footprint
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.worker import run_worker

DEADLINE = 10 * LEAST_DEADLINE
PROCESSES = 3
"""For each row: memory hardly differs from one to the next."""
LARGE = 10_000_000
"""Characters from which a proof takes minutes and many times a call's memory."""


def states_of(task: str) -> tuple[bool, ...]:
    """Return whether its files are uncached, for each row that a task has here."""
    from nanogpt_rs.ruler.files import cannot_uncache

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
        nanogpt_rs.ruler.worker.WorkerError: one gave no answer.
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
