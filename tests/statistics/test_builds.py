"""Builds as replicates: one value for each build, and an interval from how far builds differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.statistics.blocks import CONTROL_ARM, Effects, Process
from nanogpt_rs.statistics.builds import trimmed_over_builds, units_of
from nanogpt_rs.statistics.trimmed import LEVEL, p_different, trimmed
from nanogpt_rs.statistics.verdict import compare

MARGIN = math.log1p(0.005)
MODES = np.log([1.0, 1.0, 1.19, 1.55])
"""What builds of one function were seen to do: most lie in its fastest mode, some in a slower."""


def effects_of(values: np.ndarray, builds: np.ndarray) -> Effects:
    return Effects(values, tuple(builds.tolist()), 0, 0, 0)


@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(1, 6)), min_size=1, max_size=30))
def test_a_unit_is_the_mean_of_a_build_unless_there_is_one_build(
    processes: list[tuple[float, int]],
) -> None:
    values, builds = (np.array(column) for column in zip(*processes, strict=True))
    naive = [
        np.mean([value for value, other in processes if other == build])
        for build in sorted({build for _, build in processes})
    ]
    if len(naive) == 1:
        naive = list(values)
    assert units_of(values, builds) == pytest.approx(naive)


def test_one_build_and_a_build_for_each_process_leave_the_process_as_the_unit() -> None:
    values = np.random.default_rng(1).normal(0, 0.01, 12)
    for builds in (np.full(12, 3), np.arange(12)):
        assert trimmed_over_builds(effects_of(values, builds)) == trimmed(values)


@pytest.mark.parametrize("spread", [1.0, 5.0])
def test_estimate_and_error_are_those_of_a_mixed_model(spread: float) -> None:
    """For the same number of processes in each build, untrimmed: restricted maximum likelihood.

    In per cent: statsmodels takes a variance below 0.01 for a bound of its parameter.
    """
    from statsmodels.regression.mixed_linear_model import MixedLM

    rng = np.random.default_rng(2)
    builds = np.repeat(np.arange(10), 4)
    values = 2 + rng.normal(0, spread, 10)[builds] + rng.normal(0, 0.5, builds.size)
    model = MixedLM(values, np.ones((values.size, 1)), groups=builds).fit(reml=True)
    ours = trimmed_over_builds(effects_of(values, builds), share=0)
    assert ours.mean == pytest.approx(model.fe_params[0], abs=1e-9)
    assert ours.error == pytest.approx(model.bse_fe[0], rel=1e-3)
    assert (ours.freedom, ours.processes) == (9, 40)


@pytest.mark.parametrize(("builds", "processes"), [(8, 12), (8, 40), (16, 12), (16, 40)])
def test_equal_sources_are_not_called_different_although_builds_are(
    builds: int, processes: int
) -> None:
    """The older and the newer side have builds of their own, each in a mode by chance."""
    rng = np.random.default_rng(builds * processes)
    numbers = np.arange(processes) % builds
    runs, over_builds, over_processes = 400, 0, 0
    for _ in range(runs):
        layouts = rng.choice(MODES, builds) - rng.choice(MODES, builds)
        values = layouts[numbers] + rng.normal(0, 0.004, processes)
        ours = trimmed_over_builds(effects_of(values, numbers), share=0)
        over_builds += (p_different(ours, MARGIN) or 0.0) < LEVEL
        over_processes += (p_different(trimmed(values, share=0), MARGIN) or 0.0) < LEVEL
    # The t test of a mean is a little liberal for values in few modes: 6 % at worst.
    assert over_builds <= scipy.stats.binom.ppf(0.999, runs, 0.07)
    if processes > 2 * builds:  # which is why a build is the unit
        assert over_processes > 2 * over_builds


@pytest.mark.parametrize(("true", "least"), [(0.05, 0.95), (0.02, 0.8)])
def test_a_true_difference_is_found_where_builds_differ_by_less_than_2_percent(
    true: float, least: float
) -> None:
    rng = np.random.default_rng(3)
    numbers = np.arange(16)
    runs = 300
    found = 0
    for _ in range(runs):
        layouts = rng.uniform(0, 0.015, 16) - rng.uniform(0, 0.015, 16)
        values = true + layouts + rng.normal(0, 0.004, 16)
        effect = trimmed_over_builds(effects_of(values, numbers))
        found += (p_different(effect, MARGIN) or 1.0) < LEVEL
    assert found >= least * runs


def processes_of(
    layouts: np.ndarray, builds: np.ndarray, rng: np.random.Generator
) -> list[Process]:
    """Processes in which arm 2 takes as long as its build makes it."""
    made = []
    for build in builds:
        blocks = np.zeros((3, 30, 5))
        blocks[:, :, 0] = 300_000 * np.exp(rng.normal(0, 0.002, (3, 30)))
        blocks[2, :, 0] *= np.exp(layouts[build])
        blocks[:, :, 1] = blocks[:, :, 0]
        blocks[:, :, 4] = 1
        made.append(Process(blocks, build=int(build) + 1))
    return made


def test_the_interval_of_a_comparison_covers_how_far_builds_differ() -> None:
    rng = np.random.default_rng(4)
    layouts = np.array([0.0, 0.3, 0.0, 0.3, 0.0, 0.3, 0.0, 0.3])
    several = compare(processes_of(layouts, np.arange(24) % 8, rng), 2)
    single = compare(processes_of(layouts, np.full(24, 1), rng), 2)
    assert single.verdict == "slower"
    assert single.half_width is not None
    assert single.half_width < 0.005
    assert several.interval is not None
    low, high = several.interval
    assert low < math.exp(-0.15) < high
    assert high / low > 1.2
    # The control is the same code in the same build, so that builds do not widen it.
    assert several.control_half_width is not None
    assert several.control_half_width < 0.005
    assert CONTROL_ARM == 1
