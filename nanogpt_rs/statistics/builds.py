"""Builds of the same sources as replicates: what is said of a function must outlast a rebuild.

A build puts code and data at addresses of its own, and that alone was seen to change a function's
time by half. All processes that load one build share its addresses, so they are not independent,
however many there are. The independent unit is then the build: its processes are averaged, and the
interval comes from how far builds differ. If they differ by more than processes do, only more
builds narrow it.

For the same number of processes in each build, this is the estimate and the interval that a mixed
model with a random effect of the build gives. Where each process loads a build of its own, or all
load the same one, a process is the unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nanogpt_rs.statistics.blocks import Effects, Floats
from nanogpt_rs.statistics.trimmed import CUT, Trimmed, trimmed

LEAST_REPEATED = 6
"""Processes beyond the first of each build that it takes to tell builds from processes."""


def units_of(values: Floats, builds: Sequence[int]) -> Floats:
    """Return one value for each independent unit.

    Args:
        values: One value for each process, shape (processes,).
        builds: The number of the build that each process loaded.

    Returns:
        The mean of each build's values, shape (builds,), in the order of the builds' numbers. The
        values as they are if all processes loaded the same build.
    """
    numbers = np.asarray(builds)
    distinct = np.unique(numbers)
    if distinct.size < 2:
        return values
    return np.array([values[numbers == build].mean() for build in distinct])


def trimmed_over_builds(effects: Effects, share: float = CUT) -> Trimmed:
    """Return the trimmed mean of an arm's effect over builds; ``processes`` counts processes.

    Args:
        effects: One arm's effects.
        share: The share of the units to cut off at each end.
    """
    units = units_of(effects.values, effects.builds)
    return trimmed(units, share)._replace(processes=effects.values.size)


def share_between(effects: Effects) -> float | None:
    """Return the share of the interval's width that any number of processes would leave, 0 to 1.

    Builds that were loaded more than once show how far processes of one build differ. What is left
    of the spread lies between builds, and only more builds narrow it. For the same number of
    processes in each build, these are the components of a one-way analysis of variance.

    Args:
        effects: One arm's effects.

    Returns:
        The share; ``None`` with one build, or with too few builds that were loaded more than once.
    """
    numbers = np.asarray(effects.builds)
    distinct, counts = np.unique(numbers, return_counts=True)
    freedom = numbers.size - distinct.size
    if distinct.size < 2 or freedom < LEAST_REPEATED:
        return None
    means = units_of(effects.values, effects.builds)
    residuals = effects.values - means[np.searchsorted(distinct, numbers)]
    within = float(np.sum(residuals**2)) / freedom * float(np.mean(1 / counts))
    whole = float(np.var(means, ddof=1))
    return math.sqrt(max(0.0, 1 - within / whole)) if whole > 0 else 0.0
