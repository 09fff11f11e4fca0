"""Verdicts before the planned precision: when there may be one, and that it is rarely wrong."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

import numpy as np
import pytest
from comparisons import at_most
from early_looks import MACHINES, Machine, run_many, simulate
from simulated_clock import QUIET, measure

from nanogpt_rs.records.schema import Comparison
from nanogpt_rs.statistics import looks
from nanogpt_rs.statistics.looks import Look, Stage, all_differ, look_at
from nanogpt_rs.statistics.plan import plan
from nanogpt_rs.statistics.trimmed import LEVEL, p_different, trimmed
from nanogpt_rs.statistics.verdict import compare, look_to_stop_at, settled

EARLY = Look(looks.EARLY_LEVEL, early=True)
SHORT = replace(EARLY, margin=looks.SHORT_MARGIN)


def test_all_looks_together_spend_no_more_than_is_announced() -> None:
    for builds in (1, 16):
        stages = [Stage(count, short, builds) for short in (True, False) for count in range(1, 41)]
        levels = [look.level for look in map(look_at, stages) if look is not None]
        assert len(levels) > 4
        assert sum(levels) + looks.LAST.level <= LEVEL


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("builds", [1, 16])
def test_no_look_comes_before_processes_could_disagree(short: bool, builds: int) -> None:
    first = next(count for count in range(1, 41) if look_at(Stage(count, short, builds)))
    assert first >= (12 if builds > 1 else 8)
    assert 2 * 0.5**first <= 0.01


def test_a_run_that_is_to_be_precise_has_no_early_look() -> None:
    assert not any(look_at(Stage(count, may_stop_early=False)) for count in range(1, 41))


def test_a_p_value_of_a_look_clears_5_percent_just_where_its_interval_clears_the_margin() -> None:
    rng = np.random.default_rng(3)
    agree = 0
    for _ in range(500):
        effect = trimmed(rng.normal(0.03, 0.01, 8))._replace(level=looks.EARLY_LEVEL)
        clears = effect.low > 0.005 or effect.high < -0.005
        assert clears == ((p_different(effect, 0.005) or 0.0) < LEVEL)
        agree += clears
    assert 50 < agree < 450


@pytest.mark.parametrize("ratio", [2.0, 1.5, 1 / 1.5])
def test_a_large_difference_is_settled_by_eight_short_processes(ratio: float) -> None:
    rng = np.random.default_rng(4)
    processes = measure(rng, QUIET, [7e-4, 7e-4, 7e-4 / ratio], processes=8, rounds=40)
    found = compare(processes, look=SHORT)
    assert settled(found, 1), found.reason
    assert settled(found, 60), found.reason
    assert found.early
    assert found.verdict == ("faster" if ratio > 1 else "slower")
    assert found.interval is not None
    assert found.interval[0] < ratio < found.interval[1]
    assert "stopped early, after 8 processes" in found.reason


def test_equals_are_not_settled() -> None:
    rng = np.random.default_rng(5)
    processes = measure(rng, QUIET, [7e-4] * 3, processes=10, rounds=150)
    assert not settled(compare(processes, look=EARLY), 1)


def test_a_control_that_is_not_sound_settles_nothing() -> None:
    rng = np.random.default_rng(6)
    sound = measure(rng, QUIET, [7e-4, 7e-4, 7.7e-4], processes=10, rounds=150)
    assert settled(compare(sound, look=EARLY), 1)
    rng = np.random.default_rng(6)
    off = measure(rng, QUIET, [7e-4, 7.2e-4, 7.7e-4], processes=10, rounds=150)
    found = compare(off, look=EARLY)
    assert found.verdict == "invalid"
    assert not settled(found, 1)


def test_an_early_verdict_clears_all_by_which_the_baseline_may_differ_from_itself() -> None:
    rng = np.random.default_rng(7)
    processes = measure(rng, QUIET, [7e-4, 7e-4, 7.2e-4], processes=10, rounds=40)
    found = compare(processes, look=EARLY)
    assert found.control is not None
    assert found.control.interval is not None
    low, high = found.control.interval
    assert math.log1p(found.margin) == pytest.approx(
        max(math.log1p(0.005), -math.log(low), math.log(high))
    )


def test_one_contender_that_is_uncertain_keeps_all_from_stopping() -> None:
    rng = np.random.default_rng(8)
    processes = measure(rng, QUIET, [7e-4, 7e-4, 3e-4, 7e-4], processes=10, rounds=150)

    def compared(arms: list[int], look: Look) -> list[Comparison]:
        return [compare(processes, arm, look=look) for arm in arms]

    planned = replace(plan([7e-4] * 3), least=12)
    stage = Stage(len(processes))
    certain = look_to_stop_at(lambda look: compared([2], look), stage, planned)
    assert certain is not None
    assert certain.early
    assert look_to_stop_at(lambda look: compared([2, 3], look), stage, planned) is None


def test_a_difference_that_changes_while_it_is_measured_settles_nothing() -> None:
    rng = np.random.default_rng(10)
    runs = 1000
    steady = sum(looks.wanders(rng.normal(0.02, 0.003, 10).tolist()) for _ in range(runs))
    assert at_most(steady, runs, 0.06), steady
    drift = np.linspace(0.02, 0.03, 10)
    drifting = sum(looks.wanders((drift + rng.normal(0, 0.002, 10)).tolist()) for _ in range(runs))
    assert drifting > 0.9 * runs
    assert not looks.wanders([0.1] * 8)


def test_short_processes_are_tried_only_where_all_differ_by_far() -> None:
    assert all_differ([(2.0, 1.0), (1.0, 1.2)], looks.WORTH_A_TRY)
    assert not all_differ([(2.0, 1.0), (1.0, 1.02)], looks.WORTH_A_TRY)


@pytest.mark.parametrize("far", [True, False])
@pytest.mark.parametrize("seconds", [1e-6, 7e-4, 0.01, 0.05, 0.5])
def test_short_processes_take_at_most_two_thirds_of_the_time(seconds: float, far: bool) -> None:
    planned = plan([seconds] * 3)
    shortened = planned.shortened(far=far)
    if shortened is None:
        assert planned.rounds <= 6
    else:
        assert 3 * shortened.process_seconds <= 2 * planned.process_seconds
        assert shortened.rounds >= (3 if far else 5)
        assert shortened.calls == planned.calls


def test_a_plan_with_too_few_processes_for_a_verdict_has_no_short_ones() -> None:
    planned = plan([7e-4] * 3)
    assert planned.shortened() is not None
    assert replace(planned, most=7).shortened() is None


def test_peeking_without_a_divided_level_is_what_the_looks_prevent() -> None:
    rng = np.random.default_rng(9)
    runs, peeking, divided = 2000, 0, 0
    counts = [count for count in range(8, 41) if look_at(Stage(count))]
    for _ in range(runs):
        values = rng.normal(0, 0.01, 40)
        effects = [trimmed(values[:count], 0) for count in counts]
        peeking += any((p_different(effect, 0.0) or 0.0) < LEVEL for effect in effects)
        levels = [effect._replace(level=looks.EARLY_LEVEL) for effect in effects]
        divided += any((p_different(effect, 0.0) or 0.0) < LEVEL for effect in levels)
    assert peeking > 0.1 * runs
    assert at_most(divided, runs, len(counts) * looks.EARLY_LEVEL), divided


@pytest.mark.parametrize("machine", MACHINES, ids=[machine.name for machine in MACHINES])
def test_the_screen_of_the_simulation_changes_nothing(machine: Machine) -> None:
    runs = 2 if machine.contenders > 1 else 8
    for true in (0.0, math.log(1.5)):
        screened, judged = (
            run_many(np.random.default_rng(1), machine, true, runs, screened=screened)
            for screened in (True, False)
        )
        assert screened == judged


TELLABLE = [machine for machine in MACHINES if not machine.beyond]


@pytest.mark.parametrize("machine", TELLABLE, ids=[machine.name for machine in TELLABLE])
def test_equals_are_called_different_no_more_often_than_announced(machine: Machine) -> None:
    runs = 100 if machine.contenders > 1 else 400
    outcomes = simulate(machine, 0.0, runs)
    assert at_most(outcomes.wrong, runs, LEVEL), outcomes
    if machine.steady:
        assert at_most(math.ceil(outcomes.missed), runs, 0.06), outcomes


@pytest.mark.parametrize("machine", MACHINES[:3], ids=[machine.name for machine in MACHINES[:3]])
def test_a_factor_of_two_takes_eight_processes(machine: Machine) -> None:
    outcomes = simulate(machine, math.log(2), 100)
    assert outcomes.found == outcomes.early == 100
    assert median(outcomes.processes) == 8
