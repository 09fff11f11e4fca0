"""How long a call takes: a first look, until the paired comparison takes this module's place.

All contenders of a table are called in turn, in a new random order each round, so that a slow
moment of the machine falls on all of them alike; the median over rounds is shown. It is one
process and one hash seed: good enough for an order of magnitude, not for a verdict.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping

from benchmarks.rounds import STATES, warm
from benchmarks.tasks import Call

ROUNDS = 15
LEAST_NS = 1_000_000
"""A sample lasts at least this long; short calls are repeated within it."""


def median_seconds(
    calls: Mapping[str, Call],
    state: str,
    renew: Callable[[Call], Call],
    advance: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Return for each named call the median of ``ROUNDS`` samples, in seconds a call.

    Args:
        calls: what to time, under the names that the answer uses.
        state: of ``benchmarks.rounds.STATES``; how each call finds its text.
        renew: makes the same call on a fresh text object.
        advance: called after each sample, ``ROUNDS * len(calls)`` times.
    """
    take = STATES[state]
    # Evicting takes milliseconds a call, so that a single one must do.
    repeats = {
        name: 1 if state == "evicted" else enough_repeats(call) for name, call in calls.items()
    }
    samples: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    for _ in range(ROUNDS):
        random.shuffle(order)
        for name in order:
            block = take(calls[name], repeats[name], renew)
            samples[name].append(block.wall_ns / block.calls / 1e9)
            advance()
    return {name: statistics.median(taken) for name, taken in samples.items()}


def enough_repeats(call: Call) -> int:
    """Return how many calls make a sample last ``LEAST_NS``; warms the call up on the way."""
    repeats = 1
    while (took := warm(call, repeats).wall_ns) < LEAST_NS:
        repeats = max(repeats * 2, int(repeats * 1.2 * LEAST_NS / took) if took else 0)
    return repeats
