"""Where a call's time goes: one arm per step, and each arm does one step more than the last.

A step costs what its arm takes longer than the arm before, paired in the same rounds. Such an arm
calls a function of ``rust_impls.steps`` or a method ``kernel``, which return where the step ends.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pkgutil import resolve_name

from nanogpt_rs.measuring.paired import Announce, Arm, Setting, measure
from nanogpt_rs.records.schema import Breakdown, Step
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.statistics import verdict

RUST = "rust_impls:"


def steps_of(row: Implementation) -> list[tuple[str, Arm]]:
    """Return a call's steps in order, as pairs of a name and the arm that ends with that step."""
    whole = Arm(row.id, threads="parallel" in row.marks)
    kept = replace(whole, kept=True)
    called, arguments = TASKS[row.task].call(row.resolve(), "")
    if not row.target.startswith(RUST) or len(arguments) > 1:
        return [("the call and its work", kept), ("freeing the result", whole)]
    access = "utf8" if "utf8" in row.marks else "storage"
    text = "asking CPython for UTF-8" if access == "utf8" else "borrowing CPython's storage"
    call = Arm(row.id, target=f"{RUST}steps.call")
    steps = [("a call that does nothing", call)]
    if (kernel := kernel_of(row, called, whole)) is None:
        return [*steps, ("everything up to the result", kept), ("freeing the result", whole)]
    return [
        *steps,
        (text, replace(call, target=f"{RUST}steps.{access}")),
        ("the kernel", kernel),
        ("building the result", kept),
        ("freeing the result", whole),
    ]


def kernel_of(row: Implementation, called: object, whole: Arm) -> Arm | None:
    """Return the arm that runs an implementation's kernel alone, or ``None`` if there is none.

    Args:
        row: The implementation.
        called: The function or object that a call of the implementation calls.
        whole: The arm that calls the implementation.
    """
    target = row.target.replace(RUST, f"{RUST}steps.", 1)
    with suppress(AttributeError):
        resolve_name(target)
        return replace(whole, target=target)
    return replace(whole, method="kernel") if hasattr(called, "kernel") else None


def break_down(row: Implementation, corpus: str, state: str, announce: Announce) -> Breakdown:
    """Measure each step of a call.

    Args:
        row: An implementation that is right on the corpus.
        corpus: The id or path of the corpus.
        state: One of ``nanogpt_rs.ruler.rounds.STATES``.
        announce: Called before each process.

    Raises:
        nanogpt_rs.ruler.errors.WorkerError: A process gave no answer.
    """
    steps = steps_of(row)
    first = steps[0][1]
    # The first arm runs twice, the second time as the control.
    arms = [first, first, *(arm for _, arm in steps[1:])]
    measured = measure(Setting(row.task, corpus, state), arms, lambda _: True, announce)
    whole = len(arms) - 1
    clock = measured.clock_of(whole)
    costs = []
    for index, (name, _) in enumerate(steps):
        arm, before = (0, None) if index == 0 else (index + 1, index if index > 1 else 0)
        costs.append(Step(name, *verdict.added(measured.processes, arm, before, clock)))
    seconds, _ = verdict.added(measured.processes, whole, None, clock)
    return Breakdown(row.task, row.id, seconds, tuple(costs), clock, len(measured.processes))
