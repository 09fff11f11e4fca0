"""Counts the instructions of one callable's call, in a worker process under callgrind."""

from __future__ import annotations

from typing import TypedDict

from nanogpt_rs.ruler.callable_answers import Request, arguments_of, take_path
from nanogpt_rs.ruler.callables import Inputs, load
from nanogpt_rs.ruler.count import count_calls


class Order(Request):
    """An order to count the instructions of a callable's call.

    Attributes:
        index: Its place among the callables.
        library: The path of the compiled library that starts and stops the counting.
    """

    index: int
    library: str


class Answer(TypedDict):
    """Nothing is known besides callgrind's counts."""


def answer(order: Order) -> Answer:
    """Make the call several times, each time in a region of its own."""
    take_path(order)
    function = load(order["callables"][order["index"]]).function
    count_calls(order["library"], (function, arguments_of(Inputs(order["input"]), 0)))
    return {}
