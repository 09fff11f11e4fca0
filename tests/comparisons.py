"""What the tests of the statistics share: made-up comparisons, and bounds on counts.

Every random number in those tests has a fixed seed: what passes, passes each time. The bounds are
those of a binomial at 0.1 %, so that they hold for other seeds too.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import scipy.stats
from simulated_clock import QUIET, SHARED

from nanogpt_rs.records.schema import Comparison
from nanogpt_rs.statistics.trimmed import trimmed

LONG = replace(QUIET, noise=0.015)
LONG_SHARED = replace(SHARED, noise=0.015)


def at_most(count: int, runs: int, probability: float) -> bool:
    return count <= scipy.stats.binom.ppf(0.999, runs, probability)


def at_least(count: int, runs: int, probability: float) -> bool:
    return count >= scipy.stats.binom.ppf(0.001, runs, probability)


def some(values: Any = (0.0, 0.001), control: Any = (0.0, 0.001), **fields: Any) -> Comparison:
    """Return a comparison of which only the named fields matter."""
    known = {
        "contender": 2,
        "verdict": "inconclusive",
        "reason": "",
        "margin": 0.005,
        "clock": "wall",
        "clock_reason": "",
        "processes_used": len(values),
        "processes_dropped": 0,
        "rounds_used": 0,
        "rounds_dropped": 0,
        "half_width": math.expm1(trimmed(values).half_width),
        "control_half_width": math.expm1(trimmed(control).half_width),
    }
    return Comparison(**(known | fields))
