"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.words import (
    builds_in_words,
    digits,
    duration,
    duration_range,
    percent,
    rate,
    rounded,
    seconds_in_words,
    times,
)

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
PREFIXES = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ns"),
        (22e-9, "22.0 ns"),
        (1e-6, "1.00 us"),
        (-2.5e-3, "-2.50 ms"),
        (0.9996, "1.00 s"),
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
        (0.9994e-3, 1.2e-3, "999 us to 1.20 ms"),
        (1.0, 1.0, "1.00 to 1.00 s"),
        (9e-7, 0.9996e-6, "900 ns to 1.00 us"),
    ],
)
def test_a_range_of_times_names_a_unit_once(shortest: float, longest: float, words: str) -> None:
    assert duration_range(shortest, longest) == words


@pytest.mark.parametrize(
    ("count", "seconds", "words"),
    [
        (1, None, "one build"),
        (16, (1.0, 2.0), "1.00 to 2.00 s in 16 builds"),
        (2, None, "2 builds"),
    ],
)
def test_builds_are_counted_in_words(
    count: int, seconds: tuple[float, float] | None, words: str
) -> None:
    assert builds_in_words(count, seconds) == words


@pytest.mark.parametrize(
    ("per_second", "words"),
    [(18.2e9, "18.2 G"), (999_700, "1.00 M"), (3_338, "3.34 k"), (7.0, "7.00"), (2e12, "2,000 G")],
)
def test_a_rate_has_the_prefix_that_suits_it(per_second: float, words: str) -> None:
    assert rate(per_second) == words


@given(st.floats(-1e15, 1e15), st.integers(1, 9))
def test_digits_are_those_of_the_number(number: float, most: int) -> None:
    words = digits(number, most)
    assert "e" not in words
    assert float(words.replace(",", "")) == float(rounded(number, most))
    assert not ("." in words and words.endswith("0"))


@given(st.floats(1e-9, 1e6))
def test_words_have_the_value_of_the_number(number: float) -> None:
    value, unit = duration(number).split()
    assert float(value.replace(",", "")) * UNITS[unit] == pytest.approx(number, rel=0.00501)
    value, _, prefix = rate(number).partition(" ")
    assert float(value.replace(",", "")) * PREFIXES[prefix] == pytest.approx(number, rel=0.00501)


@pytest.mark.parametrize(
    ("ratio", "interval", "words"),
    [
        (2.19, (1.997, 2.39), "2.19 [2.00, 2.39]"),
        (1.623, (1.4738, 1.788), "1.623 [1.474, 1.788]"),
        (9.996, (8.5, 12.0), "10.0 [8.5, 12.0]"),
        (1399.0, (1317.2, 1485.0), "1,399 [1,317, 1,485]"),
        (0.0481, (0.0466, 0.0496), "0.0481 [0.0466, 0.0496]"),
        (1.0625, None, "1.063"),
        (0.0, (-0.0001, 0.5), "0.000 [0.000, 0.500]"),
    ],
)
def test_an_interval_has_the_digits_of_its_ratio(
    ratio: float, interval: tuple[float, float] | None, words: str
) -> None:
    assert times(ratio, interval) == words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (duration(3.29e-3, (2.9e-3, 3.69e-3)), "3.29 ms [2.90, 3.69]"),
        (duration(0.104, (0.1, 0.108)), "104 ms [100, 108]"),
        (duration(12e-9, (-3e-3, 3e-3)), "0.01 us [-3,000.00, 3,000.00]"),
        (seconds_in_words(9000, (8000, 10_000)), "2.50 h [2.22, 2.78]"),
        (percent(0.0031, (0.0029, 0.00334)), "0.31 % [0.29, 0.33]"),
        (counted(1, "part"), "1 part"),
        (counted(0, "part"), "0 parts"),
        (counted(1234, "process"), "1,234 processes"),
    ],
)
def test_times_shares_and_counts(words: str, expected: str) -> None:
    assert words == expected


BOUND = st.floats(-1e9, 1e9, allow_subnormal=False)


@given(BOUND, BOUND, BOUND)
def test_all_numbers_of_an_interval_have_the_same_places(
    number: float, low: float, high: float
) -> None:
    for words in (
        times(number, (low, high)),
        duration(number, (low, high)),
        seconds_in_words(number, (low, high)),
        percent(number, (low, high)),
    ):
        numbers = [part.strip(",[]") for part in words.split() if part[-1] in "0123456789,]"]
        assert len({len(part.partition(".")[2]) for part in numbers}) == 1, words
        assert "-0." not in words or any(float(part) for part in numbers), words


@given(st.floats(1e-6, 1e6), st.floats(0.01, 1.0), st.floats(1.0, 100.0))
def test_an_interval_holds_its_ratio_in_words_too(ratio: float, below: float, above: float) -> None:
    words = times(ratio, (ratio * below, ratio * above)).replace(",", "")
    value, low, high = (float(part.strip("[]")) for part in words.replace("[", " ").split())
    assert low <= value <= high
    assert value == pytest.approx(ratio, rel=0.005)
