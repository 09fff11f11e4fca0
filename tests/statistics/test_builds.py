"""Builds as replicates: one value for each build, and an interval from how far builds differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.statistics.blocks import CONTROL_ARM, Effects, Process
from nanogpt_rs.statistics.builds import (
    LEAST_REPEATED,
    share_between,
    trimmed_over_builds,
    units_of,
)
from nanogpt_rs.statistics.plan import plan
from nanogpt_rs.statistics.trimmed import LEVEL, p_different, trimmed
from nanogpt_rs.statistics.verdict import compare, enough

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


@pytest.mark.parametrize("between", [0.5, 2.0, 20.0])
def test_the_share_of_the_spread_that_lies_between_builds_is_that_of_a_mixed_model(
    between: float,
) -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    rng = np.random.default_rng(5)
    builds = np.repeat(np.arange(12), 3)
    values = rng.normal(0, between, 12)[builds] + rng.normal(0, 2, builds.size)
    model = MixedLM(values, np.ones((values.size, 1)), groups=builds).fit(reml=True)
    component = float(np.asarray(model.cov_re)[0, 0])
    expected = math.sqrt(component / (component + model.scale / 3))
    share = share_between(effects_of(values, builds))
    assert share == pytest.approx(expected, abs=0.05)


def test_the_share_is_unknown_until_enough_builds_were_loaded_again() -> None:
    rng = np.random.default_rng(6)
    for processes in range(1, 30):
        builds = np.arange(processes) % 16
        share = share_between(effects_of(rng.normal(0, 1, processes), builds))
        assert (share is None) == (processes < 16 + LEAST_REPEATED)
    assert share_between(effects_of(rng.normal(0, 1, 30), np.zeros(30, int))) is None
    assert share_between(effects_of(np.zeros(30), np.arange(30) % 16)) == 0.0


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


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_measuring_stops_where_only_more_builds_would_narrow_the_interval(spread: float) -> None:
    """Processes differ by too much to reach the target: only they are worth repeating."""
    rng = np.random.default_rng(7)
    planned = plan([3e-4] * 3, builds=16)
    assert planned.least == 16
    layouts = rng.normal(0, spread, 16)
    order = np.concatenate([rng.permutation(16) for _ in range(3)])
    made = []
    for process in processes_of(layouts, order, rng):
        process.blocks[2, :, :2] *= math.exp(rng.normal(0, 0.015))
        made.append(process)
        if len(made) >= planned.least and enough([compare(made, 2)], planned):
            break
    comparison = compare(made, 2)
    assert (len(made) < 30) == (spread > 0)
    assert comparison.build_half_width is not None
    assert comparison.half_width is not None
    if spread:
        assert comparison.build_half_width > 0.8 * comparison.half_width
        assert comparison.reason.endswith("only more builds would narrow it")
    else:
        assert len(made) == planned.most
        assert "more builds" not in comparison.reason


@given(st.floats(1e-7, 0.9), st.integers(1, 40), st.none() | st.floats(1, 100))
def test_a_plan_loads_each_build_in_about_the_same_time(
    seconds: float, builds: int, budget: float | None
) -> None:
    one = plan([seconds] * 3, budget=budget)
    several = plan([seconds] * 3, budget=budget, builds=builds)
    assert several.least >= one.least
    if budget is None:
        assert several.least == max(one.least, min(builds, 16))
        rounds = several.least * several.rounds  # rounded up for each process
        assert rounds - several.least < one.least * one.rounds <= rounds or several.rounds == 3
    elif several.least > one.least:
        assert several.least * several.process_seconds <= budget
