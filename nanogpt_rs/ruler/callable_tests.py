"""Has a worker do its work on benchmark tests of pytest, while they stand still."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping
from random import Random
from typing import Any

from nanogpt_rs.ruler import callables
from nanogpt_rs.ruler.benchmark_tests import Nest, TestError
from nanogpt_rs.ruler.callable_answers import name_of, take_path
from nanogpt_rs.ruler.callables import Loaded
from nanogpt_rs.ruler.surroundings import DisturbedError
from nanogpt_rs.ruler.timing import marks
from nanogpt_rs.ruler.worker import NO_ARM


def answer(order: Mapping[str, Any]) -> Any:
    """Answer an order of another module of the ruler, whose name is in ``then``.

    Each callable of the order is a test. One that is called by several arms is run once for each,
    so that no arm works on another's fixtures.

    Raises:
        DisturbedError: A test cannot be compared, which the answers' process would have said.
    """
    take_path(order)  # type: ignore[arg-type]
    mark = marks(order["mark"])
    described = order["callables"]
    if "arms" in order:
        described = [described[int(arm["id"])] for arm in order["arms"]]
    elif "index" in order:
        described = [described[order["index"]]]
    for description in described:
        callables.check_unedited(description)
        callables.add_last(description["folder"])
    nodes = [description["target"] for description in described]
    module = importlib.import_module(f"nanogpt_rs.ruler.{order['then']}")

    def body(caught: dict[int, Loaded]) -> Any:
        mark[0] = NO_ARM
        for place, node in enumerate(nodes):
            callables.CAUGHT.setdefault(node, []).append(caught[place])
        return module.answer(order)

    places = Random(order.get("seed", 0)).sample(range(len(nodes)), len(nodes))  # noqa: S311
    if "seed" not in order:
        places.sort()
    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-pytest-") as cache:
        explained = order["then"] == "callable_answers"
        nest = Nest(nodes, places, body, mark, cache, explained=explained)
        try:
            answered = nest.run()
        except TestError as error:
            reason = f"{name_of(described[error.index])}: {error}"
            if order["then"] == "callable_answers":
                return {"problem": reason, "wrong": {}, "inputs": 0, "sha256": None, "shown": ""}
            mark[0] = error.index
            raise DisturbedError(f"could not be set up again: {error}") from None
    mark[0] = NO_ARM
    return with_faults(order, answered, nest, described)


def with_faults(order: Mapping[str, Any], answered: Any, nest: Nest, described: Any) -> Any:
    """Return an answer with what tests said when they went on.

    Args:
        order: The order.
        answered: The answer to it.
        nest: The tests.
        described: Their descriptions, by place.
    """
    if order["then"] == "callable_answers" and nest.faults:
        place, fault = next(iter(sorted(nest.faults.items())))
        return {**answered, "problem": f"{name_of(described[place])}: {fault}"}
    if order["then"] == "callable_rounds":
        for place, fault in nest.faults.items():
            answered["wrong"].setdefault(
                order["arms"][place]["id"], f"its test, run once more, {fault}"
            )
    if order["then"] == "callable_first":
        from nanogpt_rs.ruler.callable_first import compiled_since

        compiled = compiled_since(nest.imported)
        answered["compiled"] = [name for name in compiled if name not in nest.plugins]
    return answered
