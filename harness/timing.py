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

STATES = {
    "warm": "the same text object each time, which may have its UTF-8 form cached",
    "fresh_str": "a text object that no earlier call has seen",
    "evicted": "the same text object, after other data has displaced it from the core's caches",
}
DISPLACING = bytearray(32 * 2**20)
"""Copied to evict: many times a core's own cache, though less than the largest shared ones."""


def median_seconds(
    calls: Mapping[str, Call],
    state: str,
    renew: Callable[[Call], Call],
    advance: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Return for each named call the median of ``ROUNDS`` samples, in seconds a call.

    Args:
        calls: what to time, under the names that the answer uses.
        state: of ``STATES``; how each call finds its text.
        renew: makes the same call on a fresh text object.
        advance: called after each sample, ``ROUNDS * len(calls)`` times.
    """

    def warm(call: Call, repeats: int) -> float:
        return sample(call, repeats)

    def fresh_str(call: Call, repeats: int) -> float:
        return sum(sample(renew(call), 1) for _ in range(repeats))

    def evicted(call: Call, repeats: int) -> float:
        bytes(DISPLACING)
        return sample(call, 1) * repeats

    take = {"warm": warm, "fresh_str": fresh_str, "evicted": evicted}[state]
    repeats = {name: enough_repeats(call) for name, call in calls.items()}
    samples: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    for _ in range(ROUNDS):
        random.shuffle(order)
        for name in order:
            samples[name].append(take(calls[name], repeats[name]) / repeats[name])
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
