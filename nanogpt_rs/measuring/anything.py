"""Compares callables that no registry knows: functions, statements and objects."""

from __future__ import annotations

from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from nanogpt_rs.measuring.comparing import Comparing, Step, compare_answers

if TYPE_CHECKING:
    from nanogpt_rs.measuring.callables import Compared


def compare(comparing: Comparing, step: Step = lambda _: None) -> Compared:
    """Compare answers, then times.

    numpy is imported while a process compares the answers, which takes about as long.

    Raises:
        CallablesError: Nothing can be compared: the reference or the input cannot be used.
    """
    importing = Thread(target=import_module, args=("nanogpt_rs.measuring.callables",), daemon=True)
    importing.start()
    step("comparing answers")
    try:
        answers = compare_answers(comparing)
    finally:
        importing.join()
    from nanogpt_rs.measuring.callables import measure_right

    return measure_right(comparing, answers, step)
