"""False alarms and power, on a simulated machine whose truth is known."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats
from comparisons import LONG, LONG_SHARED, at_least, at_most
from simulated_clock import QUIET, SHARED, Machine, hash_seeds, measure

from nanogpt_rs.statistics.blocks import Process, effects
from nanogpt_rs.statistics.plan import plan
from nanogpt_rs.statistics.trimmed import p_different, smallest_found, trimmed
from nanogpt_rs.statistics.verdict import compare, enough

EFFECTS = (0.0, 0.01, 0.02, 0.05, -0.02)
"""By how much longer each contender truly takes. The first is the baseline a third time."""


CONDITIONS: dict[str, tuple[Machine, float, dict[str, Any], int, dict[float, float]]] = {
    "1 us": (QUIET, 1e-6, {"calls": 900}, 100, {0.02: 0.95, -0.02: 0.95, 0.05: 0.99}),
    "0.7 ms, 8 processes": (QUIET, 7e-4, {"processes": 8}, 300, {0.02: 0.99, -0.02: 0.99}),
    "0.7 ms, 24 processes": (QUIET, 7e-4, {"processes": 24}, 100, {0.01: 0.95, 0.02: 0.99}),
    "0.7 ms, core shared": (SHARED, 7e-4, {}, 300, {0.02: 0.99, -0.02: 0.99, 0.05: 0.99}),
    "0.7 ms, all at its worst": (
        Machine(noise=0.05, spikes=0.1, wander=0.1, drift=0.1, first_slot=0.01, slice_ms=4),
        7e-4,
        {"processes": 16, "warm_up_rounds": 0},
        100,
        {0.05: 0.99},
    ),
    "8.6 ms": (LONG, 8.6e-3, {"rounds": 30, "warm_up_rounds": 3}, 100, {0.02: 0.95, 0.05: 0.99}),
    "8.6 ms, core shared": (
        LONG_SHARED,
        8.6e-3,
        {"rounds": 30, "warm_up_rounds": 3},
        100,
        {0.02: 0.95, 0.05: 0.99},
    ),
    "25 ms": (LONG, 0.025, {"rounds": 20, "warm_up_rounds": 1}, 100, {0.02: 0.85, 0.05: 0.99}),
    "50 ms, core shared": (
        LONG_SHARED,
        0.05,
        {"rounds": 12, "warm_up_rounds": 1},
        100,
        {0.05: 0.95},
    ),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_false_alarms_and_power(condition: str) -> None:
    machine, seconds, how, groups, powers = CONDITIONS[condition]
    rng = np.random.default_rng(1)
    true = [seconds, seconds] + [seconds * (1 + effect) for effect in EFFECTS]
    verdicts: dict[float, Counter[str]] = {effect: Counter() for effect in EFFECTS}
    missed: Counter[float] = Counter()
    for _ in range(groups):
        processes = measure(rng, machine, true, **how)
        for arm, effect in enumerate(EFFECTS, start=2):
            found = compare(processes, arm)
            assert found.interval is not None, found.reason
            verdicts[effect][found.verdict] += 1
            missed[effect] += not found.interval[0] <= 1 / (1 + effect) <= found.interval[1]
    same = verdicts[0.0]
    assert at_most(same["faster"] + same["slower"], groups, 1 / 300), verdicts
    for effect in EFFECTS:
        assert at_most(missed[effect], groups, 0.05), f"intervals at {effect}: {missed}"
        assert at_least(missed[effect], groups, 0.05), f"intervals at {effect}: {missed}"
        if abs(effect) >= 0.02:
            assert not verdicts[effect]["faster" if effect > 0 else "slower"], verdicts
            assert not verdicts[effect]["equivalent"], verdicts
    for effect, power in powers.items():
        found_right = verdicts[effect]["slower" if effect > 0 else "faster"]
        assert at_least(found_right, groups, power), f"power at {effect}: {verdicts}"


def test_equals_are_called_equivalent_once_measured_to_the_planned_width() -> None:
    rng = np.random.default_rng(2)
    planned = replace(plan([7e-4] * 3), most=40)
    verdicts: Counter[str] = Counter()
    for _ in range(40):
        processes = measure(rng, QUIET, [7e-4] * 3, processes=planned.most, rounds=planned.rounds)
        count = next(
            count
            for count in range(planned.least, planned.most + 1)
            if enough([compare(processes[:count])], planned)
        )
        verdicts[compare(processes[:count]).verdict] += 1
    assert verdicts["equivalent"] >= 36, verdicts
    assert not verdicts["faster"] + verdicts["slower"]


def test_the_simulated_machine_punishes_a_cyclic_order() -> None:
    """It is a rule for those who measure; here it proves that the slot bias bites."""
    machine = replace(QUIET, predecessor=0.006)
    alarms = {}
    for order in ("random", "cyclic"):
        rng = np.random.default_rng(4)
        groups = [measure(rng, machine, [7e-4] * 3 + [9e-4], order=order) for _ in range(60)]
        alarms[order] = sum(p < 0.05 for p in map(p_without_margin, groups))
    assert at_most(alarms["random"], 60, 0.05), alarms
    assert alarms["cyclic"] > 20, alarms


def p_without_margin(processes: list[Process]) -> float:
    values = effects(processes, 2, "wall", True).values
    return float(p_different(trimmed(values), 0.0) or 0.0)


def test_intervals_hold_the_mean_over_hash_seeds() -> None:
    rng = np.random.default_rng(13)
    held = 0
    for _ in range(200):
        processes = measure(
            rng,
            LONG,
            [8.6e-3] * 3,
            processes=40,
            rounds=20,
            warm_up_rounds=1,
            seeds=hash_seeds(rng, 40, 3, hashing=2),
        )
        low, high = compare(processes).interval or (0, 0)
        held += low <= 1 <= high
    assert at_least(held, 200, 0.95), held
    assert held >= 180


def test_where_the_seed_rules_nothing_is_trimmed() -> None:
    rng = np.random.default_rng(26)
    seeds = hash_seeds(rng, 40, 3, hashing=2)
    processes = measure(rng, LONG, [8.6e-3] * 3, processes=40, rounds=20, seeds=seeds)
    values = effects(processes, 2, "cpu", False).values
    assert compare(processes).ratio == pytest.approx(math.exp(values.mean()))
    # One mad process is no seed: where the others agree, it is cut off.
    mad = measure(rng, LONG, [8.6e-3] * 3, processes=12, rounds=20)
    blocks = mad[0].blocks.copy()
    blocks[2, :, :2] *= 3
    found = compare([Process(blocks), *mad[1:]])
    assert found.ratio == pytest.approx(1, abs=0.01)


def test_one_mad_process_costs_no_power() -> None:
    rng = np.random.default_rng(16)
    runs, kept, lost = 300, 0, 0
    for _ in range(runs):
        values = rng.normal(0.012, 0.003, 12)
        values[0] = rng.choice([-0.3, 0.3])
        effect = trimmed(values)
        kept += effect.low > 0.005
        lost += scipy.stats.ttest_1samp(values, 0.005, alternative="greater").pvalue < 0.025
    assert kept > 0.95 * runs
    assert lost < 0.1 * runs


def test_what_a_run_resolves_is_found_by_four_runs_of_five() -> None:
    rng = np.random.default_rng(17)
    runs, bar = 1000, math.log1p(0.005)
    resolved = np.mean(
        [smallest_found(trimmed(rng.normal(0, 0.004, 12)), bar) for _ in range(runs)]
    )
    found = sum(trimmed(rng.normal(resolved, 0.004, 12)).low > bar for _ in range(runs))
    assert at_least(found, runs, 0.78), found
    assert at_most(found, runs, 0.84), found
