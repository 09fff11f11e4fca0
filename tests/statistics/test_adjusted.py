"""Tests that are adjusted together."""

from __future__ import annotations

import numpy as np
import pytest
from comparisons import at_most, some

from nanogpt_rs.statistics.trimmed import holm, p_different, trimmed
from nanogpt_rs.statistics.verdict import adjust


def test_adjusting_takes_back_what_does_not_survive() -> None:
    cells = [
        some(verdict="faster", p_value=0.001, interval=(1.01, 1.02)),
        some(verdict="slower", p_value=0.03, interval=(0.8, 0.9)),
        some(verdict="equivalent", p_value=1.0, interval=(0.999, 1.001)),
        some(verdict="invalid", p_value=0.0),
        some(verdict="inconclusive", p_value=None),
    ]
    after = adjust(cells)
    assert [each.verdict for each in after] == [
        "faster",
        "inconclusive",
        "equivalent",
        "invalid",
        "inconclusive",
    ]
    assert [each.p_adjusted for each in after] == [
        pytest.approx(0.003),
        pytest.approx(0.06),
        1.0,
        None,
        None,
    ]
    assert "3 tests" in after[1].reason
    assert [each.interval for each in after] == [each.interval for each in cells]


def test_many_equal_cells_rarely_hold_one_false_alarm() -> None:
    """Without a margin, 20 equals would hold one in 64 % of runs; adjusted, in 5 %."""
    rng = np.random.default_rng(19)
    runs, plain, adjusted = 400, 0, 0
    for _ in range(runs):
        p_values = [
            p_different(trimmed(values), 0.0) or 0.0 for values in rng.normal(0, 1, (20, 12))
        ]
        plain += min(p_values) < 0.05
        adjusted += min(holm(p_values)) < 0.05
    assert plain > 0.5 * runs
    assert at_most(adjusted, runs, 0.05), adjusted
