"""The rounds that one worker process measures of callables that no registry knows."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from functools import partial
from itertools import repeat
from random import Random
from time import perf_counter_ns, thread_time_ns
from typing import Any

from nanogpt_rs.ruler.callable_answers import (
    Difference,
    Request,
    arguments_of,
    difference_of,
    take_path,
)
from nanogpt_rs.ruler.callables import Inputs, Loaded, Prepared, load
from nanogpt_rs.ruler.excerpts import shown
from nanogpt_rs.ruler.surroundings import DisturbedError, Surroundings, importing
from nanogpt_rs.ruler.timing import (
    Answer,
    CallBlock,
    Extent,
    TimedArm,
    marks,
    measure,
    switches,
    total,
    warm,
)
from nanogpt_rs.ruler.worker import NO_ARM


class Arm(TimedArm):
    """One arm of an order.

    Attributes:
        id: Its callable's place among the callables, in digits.
    """

    id: str


class Order(Request, Extent):
    """An order to measure rounds.

    Attributes:
        arms: The arms, the reference first.
        seed: Seed of the random orders.
        watchful: Whether all surroundings are checked after each block.
        mark: The path of a file whose single byte is the index of the arm that is being called;
            ``run_worker`` adds it.
    """

    arms: Sequence[Arm]
    seed: int
    watchful: bool
    mark: str


def answer(order: Order) -> Answer:
    """Measure the rounds that are ordered."""
    take_path(order)
    random, mark = Random(order["seed"]), marks(order["mark"])  # noqa: S311
    arms = order["arms"]
    inputs = Inputs(order["input"])
    loaded = loaded_of(order, random, mark)
    difference = difference_of(order)
    calls: list[Any] = [None] * len(arms)
    for index in random.sample(range(len(arms)), len(arms)):
        mark[0] = index
        calls[index] = (loaded[index].function, arguments_of(inputs, 0))
    mark[0] = 0
    expected = loaded[0].function(*arguments_of(inputs, 0))
    surroundings = Surroundings()
    last = {arm["id"]: index for index, arm in enumerate(arms)}
    sampled = {index: random.randrange(order["rounds"]) for id, index in last.items() if id != "0"}
    taken = dict.fromkeys(range(len(arms)), -order["warm_up_rounds"])
    wrong: dict[str, str] = {}

    def take(index: int) -> CallBlock:
        if difference is not None and taken[index] == sampled.get(index):
            compare(arms[index], calls[index], difference, expected, wrong)
        taken[index] += 1
        count, one = arms[index]["calls"], loaded[index]
        if one.prepared is not None:
            return total([prepared(one.prepared) for _ in range(count)])
        return warm(calls[index], count) if one.loop is None else looped(one, count)

    def check() -> None:
        surroundings.check()
        check_codes(loaded)

    gc.collect()
    gc.disable()
    blocks, others, seconds = measure(
        order,
        arms,
        calls,
        take,
        mark,
        random,
        check if order["watchful"] else surroundings.glance,
    )
    gc.enable()
    mark[0] = NO_ARM
    check()
    if difference is not None:
        for index in last.values():
            mark[0] = index
            compare(arms[index], calls[index], difference, expected, wrong)
    return {"blocks": blocks, "others": others, "seconds": seconds, "cores": {}, "wrong": wrong}


def loaded_of(order: Order, random: Random, mark: Any) -> list[Loaded]:
    """Return each arm's callable, loaded in a random order.

    Each arm of a statement has a setup of its own, so that no arm works on another's objects.
    """
    arms = order["arms"]
    loaded: list[Any] = [None] * len(arms)
    for index in random.sample(range(len(arms)), len(arms)):
        mark[0] = index
        with importing():
            loaded[index] = load(order["callables"][int(arms[index]["id"])])
        check_codes(loaded)
    return loaded


def check_codes(loaded: Sequence[Loaded | None]) -> None:
    """Check that the callables that are written in Python have the code that they had.

    Raises:
        DisturbedError: One has another.
    """
    for one in loaded:
        if one is None:
            continue
        now = one.function if one.of_code is None else one.of_code
        if getattr(now, "__code__", None) is not one.code:
            raise DisturbedError("replaced the code of a function that is compared")


def compare(
    arm: Arm,
    call: tuple[Any, tuple[Any, ...]],
    difference: Difference,
    expected: Any,
    wrong: dict[str, str],
) -> None:
    """Call an arm once more, and keep what is wrong with its answer."""
    function, arguments = call
    try:
        found = difference(function(*arguments), expected)
    except Exception as error:
        found = f"raised {shown(error)}"
    if found:
        wrong.setdefault(arm["id"], f"right at first, then wrong: {found}")


def prepared(parts: Prepared) -> CallBlock:
    """Time one call, between the work before and after it."""
    args, kwargs = parts.prepare()
    target = partial(parts.function, *args, **kwargs) if kwargs else parts.function
    block = warm((target, () if kwargs else args), 1)
    if parts.finish is not None:
        parts.finish(*args, **kwargs)
    return block


def looped(loaded: Loaded, calls: int) -> CallBlock:
    """Time a block of a statement, whose loop is its own."""
    assert loaded.loop is not None
    loop, times = loaded.loop, repeat(None, calls)
    involuntary, voluntary = switches()
    cpu = thread_time_ns()
    wall = perf_counter_ns()
    loop(times)
    wall = perf_counter_ns() - wall
    cpu = thread_time_ns() - cpu
    after = switches()
    return CallBlock(wall, cpu, after[0] - involuntary, after[1] - voluntary, calls)
