"""Verdicts: what is decided and why, and what must not change them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import scipy.stats
from comparisons import LONG
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_clock import QUIET, measure

from nanogpt_rs.records.schema import Comparison
from nanogpt_rs.statistics.blocks import Process
from nanogpt_rs.statistics.trimmed import Trimmed
from nanogpt_rs.statistics.verdict import compare, decide

MIRRORED = {"faster": "slower", "slower": "faster"}


M = math.log1p(0.005)


def t(mean: float, half_width: float = 0.002, processes: int = 12) -> Trimmed:
    """Return a trimmed mean with this interval; both are relative differences."""
    freedom = processes - 2 * (processes // 6) - 1
    return Trimmed(
        math.log1p(mean), half_width / scipy.stats.t.ppf(0.975, freedom), freedom, processes
    )


@pytest.mark.parametrize(
    ("effect", "control", "expected", "because"),
    [
        (t(0.02), t(0), "faster", "clears the margin of 0.5 %"),
        (t(-0.02), t(0), "slower", "clears the margin of 0.5 %"),
        (t(0), t(0), "equivalent", "within the margin of 0.5 %"),
        (t(0.0028), t(0), "equivalent", "within"),
        (t(0.006), t(0), "inconclusive", "does not clear the margin"),
        (t(0.02, 0.03), t(0), "inconclusive", "does not clear the margin"),
        # a control that is off raises the bar for a difference ...
        (t(0.009), t(0), "faster", "margin of 0.5 %"),
        (t(0.009), t(0.008), "inconclusive", "does not clear the 0.8 %"),
        (t(0.012), t(-0.008), "faster", "clears the 0.8"),
        # ... and does not lower it for equality
        (t(0.0055), t(0.008), "inconclusive", "0.8 %"),
        (t(0), t(0.008), "inconclusive", "0.8 %"),
        # a noisy run can tell a large difference, never equality
        (t(0.05), t(0, 0.012), "faster", "clears"),
        (t(0), t(0, 0.012), "inconclusive", "noisy"),
        (t(0), t(0, -0.0), "equivalent", "within"),
        # a baseline that differs from itself tells nothing
        (t(0.5), t(0.013), "invalid", "differed from itself by 1.3 %"),
        (t(0.5), t(-0.013), "invalid", "differed from itself"),
        (t(0.5), t(0.011), "faster", "clears the 1.1 %"),
        # seven processes are too few
        (t(0.5, processes=7), t(0, processes=7), "inconclusive", "7 processes"),
        (t(0.5, processes=8), t(0, processes=8), "faster", "clears"),
    ],
)
def test_decisions(effect: Trimmed, control: Trimmed, expected: str, because: str) -> None:
    said, reason = decide(effect, control, M)
    assert said == expected
    assert because in reason


@pytest.mark.parametrize(
    ("reads", "believed"),
    [(0.05, True), (0.042, True), (0.038, False), (0.0275, False), (0.0, False), (0.065, False)],
)
def test_a_positive_control_must_be_seen(reads: float, believed: bool) -> None:
    planted = -math.log(1.05)
    said, reason = decide(t(0.2), t(0), M, replace_mean(t(0), -math.log1p(reads)), planted)
    assert said == ("faster" if believed else "invalid")
    assert believed or "planted" in reason
    wide = Trimmed(-math.log1p(reads), 0.05, 7, 12)  # an interval that holds what was planted
    assert decide(t(0.2), t(0), M, wide, planted)[0] == "faster"


def replace_mean(trimmed: Trimmed, mean: float) -> Trimmed:
    return trimmed._replace(mean=mean)


def test_one_process_is_never_a_verdict() -> None:
    rng = np.random.default_rng(22)
    found = compare(measure(rng, QUIET, [12, 12, 3], processes=1, rounds=1, warm_up_rounds=0))
    assert found.verdict == "inconclusive"
    assert found.ratio == pytest.approx(4, rel=0.2)
    assert (found.interval, found.half_width, found.p_value, found.resolves) == (None,) * 4


def test_one_round_in_each_of_eight_processes_is() -> None:
    rng = np.random.default_rng(23)
    found = compare(measure(rng, LONG, [2, 2, 1], processes=8, rounds=1, warm_up_rounds=0))
    assert found.verdict == "faster"


def test_p_value_and_interval_say_the_same() -> None:
    rng = np.random.default_rng(24)
    seen = set()
    for effect in np.linspace(0.99, 1.01, 40):
        found = compare(measure(rng, QUIET, [7e-4, 7e-4, 7e-4 * effect]))
        assert found.p_value is not None
        assert (found.p_value < 0.05) == (found.verdict in ("faster", "slower"))
        seen.add(found.verdict)
    assert {"faster", "slower", "inconclusive"} <= seen


def test_a_comparison_is_json() -> None:
    rng = np.random.default_rng(25)
    calls = [900, 900, 900, 945]
    for count in (1, 12):
        processes = measure(rng, QUIET, [1e-6] * 4, processes=count, calls=calls)
        document = json.loads(
            json.dumps(asdict(compare(processes, 2, positive=3)), allow_nan=False)
        )
        assert set(document["control"]) == {"ratio", "interval"}
        assert set(document["positive_control"]) == {"ratio", "interval"}


SEEDS = st.integers(0, 2**32 - 1)


def small(
    seed: int, arms: tuple[float, ...] = (5e-4, 5e-4, 5.05e-4, 5e-4), rounds: int = 20
) -> list[Process]:
    return measure(np.random.default_rng(seed), QUIET, arms, processes=8, rounds=rounds)


def changed(processes: list[Process], change: Callable[[Any], Any]) -> list[Process]:
    return [Process(change(process.blocks.copy())) for process in processes]


def alike(one: Comparison, other: Comparison) -> None:
    """Check that nothing differs but the duration of a call."""
    assert nearly(asdict(replace(one, seconds=None)), asdict(replace(other, seconds=None)))


def nearly(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(nearly(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(nearly, one, other))
    if isinstance(one, float):
        return one == pytest.approx(other, rel=1e-9, abs=1e-9)
    return bool(one == other)


@settings(max_examples=30)
@given(SEEDS, st.floats(0.95, 1.05))
def test_swapping_arms_mirrors(seed: int, effect: float) -> None:
    arms = (5e-4, 5e-4, 5e-4 * effect, 5e-4 * effect)
    # Rounds enough that chance never looks like the hash seed: that rule sees the control, and
    # swapped arms have another.
    processes = small(seed, arms, rounds=80)
    one = compare(processes)
    other = compare(changed(processes, lambda blocks: blocks[[2, 3, 0, 1]]))
    assert one.ratio is not None
    assert one.interval is not None
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert other.interval == pytest.approx((1 / one.interval[1], 1 / one.interval[0]))
    assert other.half_width == pytest.approx(one.half_width)


@given(st.floats(-0.1, 0.1), st.floats(0, 0.05), st.floats(-0.02, 0.02), st.floats(0, 0.02))
def test_verdicts_mirror(mean: float, error: float, control: float, control_error: float) -> None:
    def said(sign: int, control_sign: int) -> str:
        return decide(
            Trimmed(sign * mean, error, 7, 12),
            Trimmed(control_sign * control, control_error, 7, 12),
            M,
        )[0]

    plain = said(1, 1)
    assert said(-1, 1) == said(-1, -1) == MIRRORED.get(plain, plain)
    assert said(1, -1) == plain


@settings(max_examples=30)
@given(SEEDS, SEEDS)
def test_noise_that_a_round_shares_changes_nothing(seed: int, noise: int) -> None:
    rng = np.random.default_rng(noise)

    def shake(blocks: Any) -> Any:
        blocks[:, :, :2] *= np.exp(rng.normal(0, 0.1, (1, blocks.shape[1], 1)))
        return blocks

    alike(compare(changed(small(seed), shake)), compare(small(seed)))


@settings(max_examples=30)
@given(SEEDS, st.floats(0.2, 1.5), st.integers(1, 5))
def test_units_change_nothing(seed: int, scale: float, calls: int) -> None:
    def slower(blocks: Any) -> Any:
        blocks[:, :, :2] *= scale
        blocks[:, :, 4] *= calls
        return blocks

    alike(compare(changed(small(seed), slower)), compare(small(seed)))


@settings(max_examples=30)
@given(SEEDS, st.permutations(range(8)), st.permutations(range(20)))
def test_order_changes_nothing(seed: int, order: list[int], rounds: list[int]) -> None:
    processes = small(seed)
    shuffled = changed([processes[i] for i in order], lambda blocks: blocks[:, rounds])
    first, second = compare(shuffled), compare(processes)
    assert first.ratios == pytest.approx([second.ratios[i] for i in order])
    assert first.control_ratios == pytest.approx([second.control_ratios[i] for i in order])
    alike(*(replace(each, ratios=(), control_ratios=()) for each in (first, second)))


@settings(max_examples=30)
@given(SEEDS, st.floats(0.01, 100))
def test_a_bad_process_barely_moves_anything(seed: int, factor: float) -> None:
    processes = measure(
        np.random.default_rng(seed), QUIET, [5e-4, 5e-4, 5e-4 * 1.05], processes=12, rounds=40
    )
    bad = processes[0].blocks.copy()
    bad[2, :, :2] *= factor
    plain, moved = compare(processes), compare([*processes, Process(bad)])
    assert plain.ratio is not None
    assert plain.half_width is not None
    assert moved.ratio == pytest.approx(plain.ratio, abs=plain.half_width)
    assert moved.verdict == plain.verdict == "slower"
