"""What is compared of callables that no registry knows, and whether their answers agree.

This file imports nothing that takes long: what measures is imported while a process compares the
answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nanogpt_rs.records.callables import Called
from nanogpt_rs.ruler import callable_answers
from nanogpt_rs.ruler.callable_answers import Request
from nanogpt_rs.ruler.errors import UserError, WorkerError
from nanogpt_rs.ruler.worker import run_worker

TASK = "compare"
"""The command; it also stands in the place of a task's name in the cells of callables."""
ANSWERS_DEADLINE = 600.0
"""Seconds that the comparison of answers may take."""

Step = Callable[[str], None]
"""Called with a description of the step that begins."""


class CallablesError(UserError):
    """Nothing can be compared; the message says why."""


@dataclass(frozen=True)
class Comparing:
    """What is compared.

    Attributes:
        request: What workers are told.
        names: Name of each callable, as it is shown; the reference's first.
        called: What is recorded of each callable.
        seconds: Seconds to take at most. ``None``: chosen from the length of a call.
        precise: Whether to go on to the planned precision where a verdict is certain earlier.
        counted: Whether to count the instructions of a call with valgrind.
    """

    request: Request
    names: tuple[str, ...]
    called: tuple[Called, ...]
    seconds: float | None = None
    precise: bool = False
    counted: bool = False


def compare_answers(comparing: Comparing) -> callable_answers.Answer:
    """Have a process compare the answers.

    Raises:
        CallablesError: The reference or the input cannot be used.
    """
    request = comparing.request
    ended: dict[str, str] = {}
    while True:
        alive = [index for index in range(len(comparing.names)) if str(index) not in ended]
        order = {**request, "callables": [request["callables"][index] for index in alive]}
        try:
            answers = answers_of(order)
        except WorkerError as error:
            arm = 0 if error.arm is None else alive[error.arm]
            if arm == 0:
                raise CallablesError(f"the reference: a worker process {error}") from None
            ended[str(arm)] = f"a worker process {error}"
            continue
        if answers["problem"] is not None:
            raise CallablesError(answers["problem"])
        wrong = {str(alive[int(place)]): reason for place, reason in answers["wrong"].items()}
        return {**answers, "wrong": wrong | ended}


def answers_of(order: Mapping[str, object]) -> callable_answers.Answer:
    """Have a process compare answers.

    Raises:
        WorkerError: It gave no answer.
    """
    worker, order = worker_for("callable_answers", order)
    answers: callable_answers.Answer = run_worker(worker, order, ANSWERS_DEADLINE)
    return answers


def worker_for(module: str, order: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    """Return which module of the ruler answers an order, and the order that it is given.

    Tests of pytest have to stand still before they can be called, which another module sees to.

    Args:
        module: Name of the module that answers for all other callables.
        order: Its order.
    """
    described: Any = order["callables"]
    if described[0]["kind"] == "test":
        return "callable_tests", {**order, "then": module}
    return module, order
