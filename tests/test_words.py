"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.words import builds_in_words, digits, duration, duration_range, rate

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
PREFIXES = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ns"),
        (22e-9, "22 ns"),
        (1e-6, "1 us"),
        (-2.5e-3, "-2.5 ms"),
        (0.9996, "1 s"),
        (0.9994, "999 ms"),
        (999.7, "1,000 s"),
        (7264.0, "7,260 s"),
        (1.234e-14, "0.0000123 ns"),
    ],
)
def test_a_time_has_the_unit_that_suits_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("shortest", "longest", "words"),
    [
        (180e-6, 281e-6, "180 to 281 us"),
        (0.9994e-3, 1.2e-3, "999 us to 1.2 ms"),
        (1.0, 1.0, "1 to 1 s"),
        (9e-7, 0.9996e-6, "900 ns to 1 us"),
    ],
)
def test_a_range_of_times_names_a_unit_once(shortest: float, longest: float, words: str) -> None:
    assert duration_range(shortest, longest) == words


@pytest.mark.parametrize(
    ("count", "seconds", "words"),
    [(1, None, "one build"), (16, (1.0, 2.0), "1 to 2 s in 16 builds"), (2, None, "2 builds")],
)
def test_builds_are_counted_in_words(
    count: int, seconds: tuple[float, float] | None, words: str
) -> None:
    assert builds_in_words(count, seconds) == words


@pytest.mark.parametrize(
    ("per_second", "words"),
    [(18.2e9, "18.2 G"), (999_700, "1 M"), (3_338, "3.34 k"), (7.0, "7"), (2e12, "2,000 G")],
)
def test_a_rate_has_the_prefix_that_suits_it(per_second: float, words: str) -> None:
    assert rate(per_second) == words


@given(st.floats(-1e15, 1e15), st.integers(1, 9))
def test_digits_are_those_of_the_number(number: float, most: int) -> None:
    words = digits(number, most)
    assert "e" not in words
    assert float(words.replace(",", "")) == float(f"{number:.{most}g}")


@given(st.floats(1e-9, 1e6))
def test_words_have_the_value_of_the_number(number: float) -> None:
    value, unit = duration(number).split()
    assert float(value.replace(",", "")) * UNITS[unit] == pytest.approx(number, rel=0.00501)
    value, _, prefix = rate(number).partition(" ")
    assert float(value.replace(",", "")) * PREFIXES[prefix] == pytest.approx(number, rel=0.00501)
