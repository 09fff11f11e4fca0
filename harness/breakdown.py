"""Where a call's time goes: the same call made again and again, stopped a step later each time.

What a step costs is what it adds to the one before, paired in the same rounds. A step's arm is a
function of ``rust_impls.steps``, which does what the implementation does up to there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.registry import Implementation
from harness import verdict
from harness.paired import Advance, Arm, Course, measure

RUST = "rust_impls:"


@dataclass(frozen=True)
class Step:
    """One step of a call.

    Attributes:
        name: what happens in it.
        seconds: what it adds to a call, in s.
        interval: its 95 % interval; ``None`` where one process alone was measured.
    """

    name: str
    seconds: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Breakdown:
    """A call in steps.

    Attributes:
        task: of the implementation.
        id: its id.
        seconds: of the whole call, in s.
        steps: in the order in which they happen; they add up to the whole call.
        clock: by which they were told; the thread's CPU time where a call is longer than 1 ms.
        processes: that were measured.
    """

    task: str
    id: str
    seconds: float
    steps: tuple[Step, ...]
    clock: str
    processes: int


def steps_of(row: Implementation) -> list[tuple[str, Arm]]:
    """Return for each step its name, and the arm that ends with it."""
    kept = Arm(row.id, threads="parallel" in row.marks, kept=True)
    whole = Arm(row.id, threads="parallel" in row.marks)
    if not row.target.startswith(RUST):
        return [("calling it, and its work", kept), ("freeing the result", whole)]
    taken = "utf8" if "utf8" in row.marks else "storage"
    text = "asking CPython for UTF-8" if taken == "utf8" else "borrowing CPython's storage"
    return [
        ("a call that does nothing", Arm(row.id, target=f"{RUST}steps.call")),
        (text, Arm(row.id, target=f"{RUST}steps.{taken}")),
        ("the kernel", Arm(row.id, target=kernel_of(row), builds=True, threads=whole.threads)),
        ("building the result", kept),
        ("freeing the result", whole),
    ]


def kernel_of(row: Implementation) -> str:
    """Return the name of what runs an implementation's kernel and builds no result."""
    return row.target.replace(RUST, f"{RUST}steps.", 1)


def break_down(row: Implementation, corpus: str, state: str, advance: Advance) -> Breakdown:
    """Measure each step of a call.

    Args:
        row: an implementation that is right on the corpus.
        corpus: what the corpus was asked for by.
        state: of ``benchmarks.rounds.STATES``.
        advance: told of the progress.

    Raises:
        benchmarks.worker.WorkerError: a process gave no answer.
    """
    steps = steps_of(row)
    first = steps[0][1]
    arms = [first, first, *(arm for _, arm in steps[1:])]
    measured = measure(Course(row.task, corpus, state), arms, lambda _: True, advance)
    whole = len(arms) - 1
    clock = clock_for(measured.processes, whole, arms[whole].threads)
    found = []
    for index, (name, _) in enumerate(steps):
        arm, before = (0, None) if index == 0 else (index + 1, index if index > 1 else 0)
        found.append(Step(name, *verdict.added(measured.processes, arm, before, clock)))
    seconds, _ = verdict.added(measured.processes, whole, None, clock)
    return Breakdown(row.task, row.id, seconds, tuple(found), clock, len(measured.processes))


def clock_for(processes: Sequence[verdict.Process], arm: int, threads: bool) -> verdict.Clock:
    """Return the clock that suits the whole call."""
    short = verdict.typical_seconds(processes, arm, "wall") * 1e9 <= verdict.SHORT_NS
    return "wall" if short or threads else "cpu"
