"""How much to measure, from how long a call takes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.statistics.plan import FULLEST_SECONDS, LEAST_ROUNDS, calls_in_a_block, plan


@pytest.mark.parametrize(
    ("seconds", "rounds", "least", "most", "allowed"),
    [
        (1e-6, 200, 12, 40, 10),
        (3e-4, 200, 12, 40, 10),
        (7e-4, 150, 12, 40, 10),
        (1e-3, 150, 12, 40, 10),
        (8.6e-3, 30, 12, 40, 20),
        (0.025, 20, 12, 40, 30),
        (0.05, 12, 12, 40, 30),
        (0.1, 6, 12, 40, 60),
        (1.0, 3, 12, 40, 120),
        (1.1, 1, 8, 8, 0),
        (10.0, 1, 8, 8, 0),
        (10.1, 1, 1, 1, 0),
    ],
)
def test_plans(seconds: float, rounds: int, least: int, most: int, allowed: float) -> None:
    arms = [seconds, seconds, seconds / 100]
    found = plan(arms)
    assert (found.rounds, found.least, found.most) == (rounds, least, most)
    assert (found.seconds, found.seed_seconds) == (allowed, max(allowed, 60))
    whole = sum(n * s for n, s in zip(found.calls, arms, strict=True))
    if seconds <= 1:
        planted = found.calls[0] * seconds if found.positive_calls else 0
        primed = sum(s * n for s, n in zip(arms, found.primed, strict=True))
        assert found.warm_up_rounds * (whole + planted + primed) >= 0.1
    assert all(n == 1 or n * s < 1e-3 for n, s in zip(found.calls, arms, strict=True))
    assert found.primed == tuple(2 if s <= 1e-4 else 1 if s <= 3e-4 else 0 for s in arms)
    assert found.target == (0.0025 if seconds <= 1e-3 else 0.005)


def test_a_plan_for_seeds_takes_processes_not_rounds() -> None:
    found = plan([7e-4] * 3, seed_differs=True)
    assert (found.rounds, found.least, found.most) == (20, 40, 40)


@pytest.mark.parametrize(
    ("seconds", "block"),
    [
        ([1e-6] * 3, 1e-4),  # at least 0.1 ms
        ([1e-6, 1e-6, 2e-4], 2e-4),  # as long as the longest call
        ([1e-6, 1e-6, 5e-3], 9e-4),  # but never above 1 ms
        ([1.5e-5] * 3, 1.5e-4),  # so long that a positive control fits in
    ],
)
def test_blocks_are_short_and_alike(seconds: list[float], block: float) -> None:
    found = plan(seconds)
    for calls, taken in zip(found.calls, seconds, strict=True):
        assert calls * taken == pytest.approx(max(block, taken), rel=0.02 + taken / block)


@given(st.lists(st.floats(1e-7, 30), min_size=3, max_size=14), st.floats(1, 100))
def test_a_plan_keeps_to_its_budget(seconds: list[float], budget: float) -> None:
    free, found = plan(seconds), plan(seconds, budget=budget)
    assert found.least <= 8
    assert found.seconds == found.seed_seconds == budget
    assert min(3, free.rounds) <= found.rounds <= free.rounds
    if found.rounds > 3:  # then there is room for 8 processes
        assert 8 * found.process_seconds <= budget * 1.001


def test_what_surrounds_a_call_counts_as_time_and_lets_it_be_called_singly() -> None:
    plain, evicting = plan([1e-5] * 3), plan([1e-5] * 3, around=0.01, singly=True)
    assert evicting.calls == (1, 1, 1)
    assert not any(evicting.primed)
    assert evicting.positive_calls is None
    assert evicting.process_seconds > 200 * 3 * 0.01 > plain.process_seconds


def test_blocks_of_a_multiple_of_calls() -> None:
    assert plan([7e-7] * 3, multiple=100).calls == (100, 100, 100)
    assert plan([7e-7, 7e-7, 1e-4], multiple=100).calls == (100, 100, 1)
    assert plan([3e-7] * 3, multiple=100).calls == (300, 300, 300)


@given(st.floats(2e-8, 5e-4), st.sampled_from([1, 20, 100]))
def test_blocks_are_whole_multiples(seconds: float, multiple: int) -> None:
    """Of so many calls a known share can be left uncounted, and is what it is said to be."""
    for count in calls_in_a_block([seconds] * 3, multiple):
        assert count % multiple == 0 or seconds * multiple > FULLEST_SECONDS


def test_arms_that_take_about_as_long_are_called_equally_often() -> None:
    for seconds in ([1.2e-5, 1.2e-5, 1.6e-5], [1.6e-5, 1.6e-5, 1.2e-5], [2e-6, 2e-6, 1e-6, 2.5e-6]):
        calls = plan(seconds).calls
        longest = max(each for each in seconds if each <= 1.5 * seconds[0])
        assert {calls[0], calls[1], calls[-1]} == {int(max(1e-4, 10 * max(seconds)) / longest)}


@pytest.mark.parametrize(
    ("seconds", "calls"),
    [(1e-6, (100, 105)), (1e-5, (10, 11)), (2e-5, (10, 11)), (3e-5, (3, None)), (7e-4, (1, None))],
)
def test_a_positive_control_needs_short_calls(
    seconds: float, calls: tuple[int, int | None]
) -> None:
    found = plan([seconds] * 3)
    expected, more = calls
    assert found.calls[0] == pytest.approx(expected, abs=1)
    assert (found.positive_calls is None) == (more is None)
    if found.positive_calls is not None:
        assert 1.05 <= found.positive_calls / found.calls[0] <= 1.112


@pytest.mark.parametrize("seconds", [[], [0.0], [1.0, -1.0], [math.nan], [math.inf]])
def test_a_plan_refuses_what_is_no_duration(seconds: list[float]) -> None:
    with pytest.raises(ValueError, match="must take some time"):
        plan(seconds)


def test_what_is_not_timed_takes_seconds_and_not_minutes() -> None:
    making = plan([1e-5] * 4, around=0.3, singly=True)
    assert making.rounds == 5
    assert making.process_seconds < 10
    assert plan([1e-5] * 4, around=30.0, singly=True).rounds == LEAST_ROUNDS
    assert (
        plan([1e-5] * 4, around=0.005, singly=True).rounds == plan([1e-5] * 4, singly=True).rounds
    )


def test_calls_of_more_than_a_second_are_made_once_before_they_are_timed() -> None:
    assert plan([1.2] * 3).warm_up_rounds == plan([1.2, 1.2, 1e-3]).warm_up_rounds == 1
    assert plan([1.2] * 3, singly=True).warm_up_rounds == 0  # each is the first of its kind
    assert plan([11.0] * 3).warm_up_rounds == 0
