"""When a measurement stops: on widths and time, never on the difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from comparisons import LONG, at_most, some
from hypothesis import given
from hypothesis import strategies as st
from simulated_clock import hash_seeds, measure

from nanogpt_rs.records.schema import Comparison
from nanogpt_rs.statistics.plan import Plan, plan
from nanogpt_rs.statistics.trimmed import p_different, trimmed
from nanogpt_rs.statistics.verdict import compare, enough

PLANNED = Plan(
    rounds=150,
    warm_up_rounds=48,
    calls=(1, 1, 1),
    primed=(0, 0, 0),
    positive_calls=None,
    least=12,
    most=40,
    seconds=10.0,
    seed_seconds=60.0,
    target=0.0025,
    process_seconds=0.6,
)


def cells(widths: list[float | None], count: int) -> list[Comparison]:
    return [
        some(half_width=width, control_half_width=0.002, processes_used=count) for width in widths
    ]


def test_stopping_on_width_keeps_what_stopping_on_significance_loses() -> None:
    rng = np.random.default_rng(15)
    planned = replace(plan([7e-4] * 3), least=8, most=24, target=0.005)
    runs, by_width, by_significance, stops = 1000, 0, 0, []
    for _ in range(runs):
        values, control = rng.normal(0, 0.007, (2, 24))
        significant = [(p_different(trimmed(values[:n]), 0.0) or 0.0) < 0.05 for n in range(8, 25)]
        stop = next(n for n in range(8, 25) if enough([some(values[:n], control[:n])], planned))
        stops.append(stop)
        by_width += significant[stop - 8]
        by_significance += any(significant)
    assert len(set(stops)) > 5  # it does decide
    assert at_most(by_width, runs, 0.06), by_width
    assert by_significance > 0.12 * runs, by_significance


def test_where_the_seed_rules_more_processes_are_asked_for() -> None:
    rng = np.random.default_rng(14)
    planned = plan([8.6e-3] * 3)
    seeded = measure(rng, LONG, [8.6e-3] * 3, processes=40, seeds=hash_seeds(rng, 40, 3, 2))
    alike = measure(rng, LONG, [8.6e-3] * 3, processes=40, seeds=None)
    late = planned.seconds + 1
    assert late < planned.seed_seconds
    assert not enough([compare(seeded[:20])], planned, late)
    assert enough([compare(seeded[:20])], planned, planned.seed_seconds)
    assert enough([compare(seeded)], planned, late)
    assert enough([compare(alike[:20])], planned, late)


@given(
    st.floats(0, 0.02),
    st.integers(8, 45),
    st.floats(0.5, 2),
    st.sampled_from(["faster", "slower", "equivalent", "inconclusive"]),
    st.floats(0, 1),
)
def test_stopping_sees_widths_only(
    width: float, count: int, ratio: float, said: Any, p_value: float
) -> None:
    planned = plan([7e-4] * 3)
    plain = some(half_width=width, processes_used=count)
    coloured = replace(plain, ratio=ratio, verdict=said, p_value=p_value, interval=(ratio, ratio))
    assert enough([plain], planned) == enough([coloured], planned)


@pytest.mark.parametrize(
    ("widths", "count", "expected"),
    [
        ([0.001], 11, False),  # too few, however narrow
        ([0.001], 12, True),
        ([0.0025], 12, True),
        ([0.0026], 12, False),
        ([0.001, 0.0026], 12, False),  # every contender must be narrow
        ([0.0026], 39, False),
        ([0.0026], 40, True),  # no more than the most
        ([None], 39, False),  # no interval at all
        ([None], 40, True),
    ],
)
def test_when_to_stop(widths: list[float | None], count: int, expected: bool) -> None:
    assert enough(cells(widths, count), PLANNED) is expected


@pytest.mark.parametrize(
    ("width", "elapsed", "expected"),
    [
        (0.0026, 9.9, False),
        (0.0026, 10.0, True),  # its time is up
        (0.5, 10.0, False),  # the seed rules: only processes help
        (0.5, 59.9, False),
        (0.5, 60.0, True),
    ],
)
def test_when_its_time_is_up(width: float, elapsed: float, expected: bool) -> None:
    assert enough(cells([width], 20), PLANNED, elapsed) is expected
