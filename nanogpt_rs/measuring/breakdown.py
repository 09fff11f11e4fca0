"""Where a call's time goes: the same call made again and again, stopped a step later each time.

What a step costs is what it adds to the one before, paired in the same rounds. A step's arm is a
function of ``rust_impls.steps`` or a method ``kernel``, which stop where the step ends.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pkgutil import resolve_name

from nanogpt_rs.measuring.paired import Advance, Arm, Course, measure
from nanogpt_rs.records.schema import Breakdown, Step
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.statistics import verdict

RUST = "rust_impls:"


def steps_of(row: Implementation) -> list[tuple[str, Arm]]:
    """Return for each step its name, and the arm that ends with it."""
    whole = Arm(row.id, threads="parallel" in row.marks)
    kept = replace(whole, kept=True)
    called, arguments = TASKS[row.task].call(row.resolve(), "")
    if not row.target.startswith(RUST) or len(arguments) > 1:
        return [("the call and its work", kept), ("freeing the result", whole)]
    taken = "utf8" if "utf8" in row.marks else "storage"
    text = "asking CPython for UTF-8" if taken == "utf8" else "borrowing CPython's storage"
    call = Arm(row.id, target=f"{RUST}steps.call")
    steps = [("a call that does nothing", call)]
    if (kernel := kernel_of(row, called, whole)) is None:
        return [*steps, ("everything up to the result", kept), ("freeing the result", whole)]
    return [
        *steps,
        (text, replace(call, target=f"{RUST}steps.{taken}")),
        ("the kernel", kernel),
        ("building the result", kept),
        ("freeing the result", whole),
    ]


def kernel_of(row: Implementation, called: object, whole: Arm) -> Arm | None:
    """Return the arm that runs an implementation's kernel alone, if it can be told apart.

    Args:
        row: the implementation.
        called: what a call of it calls.
        whole: the arm that calls it.
    """
    target = row.target.replace(RUST, f"{RUST}steps.", 1)
    with suppress(AttributeError):
        resolve_name(target)
        return replace(whole, target=target)
    return replace(whole, method="kernel") if hasattr(called, "kernel") else None


def break_down(row: Implementation, corpus: str, state: str, advance: Advance) -> Breakdown:
    """Measure each step of a call.

    Args:
        row: an implementation that is right on the corpus.
        corpus: what the corpus was asked for by.
        state: of ``nanogpt_rs.ruler.rounds.STATES``.
        advance: told of the progress.

    Raises:
        nanogpt_rs.ruler.worker.WorkerError: a process gave no answer.
    """
    steps = steps_of(row)
    first = steps[0][1]
    arms = [first, first, *(arm for _, arm in steps[1:])]  # a control, as everywhere
    measured = measure(Course(row.task, corpus, state), arms, lambda _: True, advance)
    whole = len(arms) - 1
    clock = measured.clock_of(whole)
    found = []
    for index, (name, _) in enumerate(steps):
        arm, before = (0, None) if index == 0 else (index + 1, index if index > 1 else 0)
        found.append(Step(name, *verdict.added(measured.processes, arm, before, clock)))
    seconds, _ = verdict.added(measured.processes, whole, None, clock)
    return Breakdown(row.task, row.id, seconds, tuple(found), clock, len(measured.processes))
