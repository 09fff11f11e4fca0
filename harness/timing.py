"""How long a call takes: a first look, until the paired comparison takes this module's place.

All contenders of a table are called in turn, in a new random order each round, so that a slow
moment of the machine falls on all of them alike; the median over rounds is shown. It is one
process and one hash seed: good enough for an order of magnitude, not for a verdict.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping

from benchmarks.tasks import Call

ROUNDS = 15
LEAST_SECONDS = 0.001
"""A sample lasts at least this long; short calls are repeated within it."""


def median_seconds(
    calls: Mapping[str, Call], advance: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Return for each named call the median of ``ROUNDS`` samples, in seconds a call.

    Args:
        calls: what to time, under the names that the answer uses.
        advance: called after each sample, ``ROUNDS * len(calls)`` times.

    """
    repeats = {name: enough_repeats(call) for name, call in calls.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    for _ in range(ROUNDS):
        random.shuffle(order)
        for name in order:
            samples[name].append(sample(calls[name], repeats[name]) / repeats[name])
            advance()
    return {name: statistics.median(taken) for name, taken in samples.items()}


def enough_repeats(call: Call) -> int:
    """Return how many calls make a sample last ``LEAST_SECONDS``; warms the call up on the way."""
    repeats = 1
    while (took := sample(call, repeats)) < LEAST_SECONDS:
        repeats = max(repeats * 2, int(repeats * 1.2 * LEAST_SECONDS / took) if took else 0)
    return repeats


def sample(call: Call, repeats: int) -> float:
    """Return the seconds that ``repeats`` calls took together."""
    function, arguments = call
    start = time.perf_counter()
    for _ in range(repeats):
        function(*arguments)
    return time.perf_counter() - start
