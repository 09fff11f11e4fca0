"""Student's t, against scipy and by what defines it."""

from __future__ import annotations

import math

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.statistics.student import cdf, quantile

freedoms = st.integers(1, 400)


@given(freedoms, st.floats(-1e6, 1e6))
def test_probabilities_are_scipys(freedom: int, t: float) -> None:
    assert cdf(freedom, t) == pytest.approx(scipy.stats.t.cdf(t, freedom), rel=1e-10, abs=1e-300)


@given(freedoms, st.floats(1e-9, 1 - 1e-9))
def test_quantiles_are_scipys(freedom: int, probability: float) -> None:
    expected = scipy.stats.t.ppf(probability, freedom)
    assert quantile(freedom, probability) == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_one_degree_of_freedom_is_cauchys() -> None:
    for t in (-3.0, -0.5, 0.0, 0.5, 3.0):
        assert cdf(1, t) == pytest.approx(0.5 + math.atan(t) / math.pi, rel=1e-13)
    assert quantile(1, 0.75) == pytest.approx(1.0, rel=1e-13)
    assert (cdf(5, -math.inf), cdf(5, math.inf)) == (0.0, 1.0)
    assert quantile(7, 0.5) == 0.0
