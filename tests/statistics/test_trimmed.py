"""The trimmed mean, its interval and Holm's adjustment, against scipy and by definition."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from comparisons import at_least, at_most
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.statistics.trimmed import Trimmed, holm, p_different, trimmed


@pytest.mark.parametrize("count", [2, 5, 8, 12, 17, 40])
def test_trimmed_t_is_scipys(count: int) -> None:
    values = np.random.default_rng(count).normal(0.3, 1, count)
    found = trimmed(values)
    # Yuen's test of a sample against its mirror image is that of the sample against 0.
    reference = scipy.stats.ttest_ind(
        values, -values, equal_var=False, trim=(count // 6 + 0.5) / count if count > 5 else 0
    )
    assert found.mean / found.error == pytest.approx(reference.statistic / math.sqrt(2))
    kept = scipy.stats.trim_mean(values, (count // 6 + 0.5) / count if count > 5 else 0)
    assert found.mean == pytest.approx(kept)
    assert found.freedom == count - 2 * (count // 6) - 1
    assert found.half_width == pytest.approx(found.error * scipy.stats.t.ppf(0.975, found.freedom))
    margin = 0.1
    assert p_different(found, margin) == pytest.approx(
        min(1, 2 * scipy.stats.t.sf((abs(found.mean) - margin) / found.error, found.freedom))
    )


def test_untrimmed_it_is_students() -> None:
    values = [0.1, 0.4, 0.2, 0.35, -0.1]
    found, reference = trimmed(values), scipy.stats.ttest_1samp(values, 0)
    assert p_different(found, 0.0) == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(reference.confidence_interval()))


@pytest.mark.parametrize("cut", [(8, 1), (12, 2), (40, 6)])
def test_what_is_trimmed(cut: tuple[int, int]) -> None:
    count, each = cut
    values = np.zeros(count)
    values[:each], values[-each:] = -1e6, 1e6
    assert trimmed(values) == Trimmed(0.0, 0.0, count - 2 * each - 1, count)
    values[each] = 1e6
    assert trimmed(values).mean > 0


DRAWS: dict[str, Callable[[Any, int], Any]] = {
    "normal": lambda rng, count: rng.normal(0, 1, count),
    "heavy tails": lambda rng, count: rng.standard_t(3, count),
    "two humps": lambda rng, count: rng.normal(0, 1, count) + rng.choice([-2, 2], count),
}


@pytest.mark.parametrize(
    ("shape", "count", "missed_at_most"),
    [
        *((shape, count, 0.05) for shape in ("normal", "heavy tails") for count in (8, 12, 40)),
        # Humps four times as far apart as they are wide: the price of trimming, paid by few
        # processes. Humps that both arms share, as of the machine, cancel and cost nothing.
        ("two humps", 8, 0.09),
        ("two humps", 12, 0.075),
        ("two humps", 40, 0.05),
    ],
)
def test_intervals_cover(shape: str, count: int, missed_at_most: float) -> None:
    rng = np.random.default_rng(18)
    runs = 2000
    drawn = (trimmed(DRAWS[shape](rng, count)) for _ in range(runs))
    missed = sum(not each.low <= 0 <= each.high for each in drawn)
    assert at_most(missed, runs, missed_at_most), missed
    assert at_least(missed, runs, 0.035), missed


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closed_test_by_bonferroni(p_values: list[float]) -> None:
    """A hypothesis falls if every set of hypotheses with it falls to the smallest of its p."""
    everyone = range(len(p_values))
    for index, adjusted in enumerate(holm(p_values)):
        closed = max(
            min(1.0, len(members) * min(p_values[i] for i in members))
            for size in range(1, len(p_values) + 1)
            for members in itertools.combinations(everyone, size)
            if index in members
        )
        assert adjusted == pytest.approx(closed)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_false_discovery_control_and_bonferroni(p_values: list[float]) -> None:
    discovery = scipy.stats.false_discovery_control(p_values)
    for mild, ours, p in zip(discovery, holm(p_values), p_values, strict=True):
        assert mild <= ours * (1 + 1e-12)
        assert ours <= min(1, p * len(p_values)) * (1 + 1e-12)


@given(
    st.lists(st.floats(-1, 1), min_size=7, max_size=45),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6),
)
def test_a_value_cannot_carry_the_trimmed_mean_beyond_the_others(
    values: list[float], wild: float
) -> None:
    found, spread = trimmed([*values, wild]), max(values) - min(values)
    assert min(values) - 1e-9 <= found.mean <= max(values) + 1e-9
    assert found.error <= spread / math.sqrt(found.freedom) + 1e-9
