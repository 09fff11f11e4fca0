"""The answer for a job that a user describes: pure functions, and the command itself."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.predicting.job import (
    Rate,
    TrainingJob,
    answer,
    does_not_fit,
    extrapolation,
    gain,
    percent,
    sentence,
    worth_from,
)
from nanogpt_rs.predicting.quantities import QuantityError, parse_size, parse_speed, parse_time
from nanogpt_rs.words import seconds_in_words, size_in_words

Run = Callable[..., subprocess.CompletedProcess[str]]
RATE = Rate(reference=3e-9, gained=2e-9, interval=(1.5e-9, 2.5e-9), size=1_000_000)
HOUR = TrainingJob(size=1e9, steps=180_000, step_seconds=0.02)


def test_a_gain_counts_all_bytes_of_all_runs() -> None:
    gained = gain(RATE, TrainingJob(size=1e9, steps=100, step_seconds=0.07, runs=3))
    assert gained.seconds == pytest.approx(6)
    assert gained.interval == pytest.approx((4.5, 7.5))
    assert gained.job == pytest.approx(30)
    assert gained.prepare == pytest.approx(9)
    assert gained.share == pytest.approx(0.2)
    assert gained.share_interval == pytest.approx((0.15, 0.25))
    assert gained.stretched == pytest.approx(1000)
    assert gained.answer == "worth it"


def test_a_gain_that_is_not_worth_it_says_from_which_size_it_is() -> None:
    gained = gain(RATE, HOUR)
    assert gained.answer == "not worth it"
    text = sentence(gained, HOUR, "rust/toy", "python/toy")
    assert text.startswith(
        "Don't bother: rust/toy saves 2 s of 60 min against python/toy, 0.056 % ["
    )
    assert text.endswith("it would gain 1 % from 18.3 GB on, with the same training.")
    assert text.count(". ") == 0  # one sentence
    explanation = extrapolation(gained, RATE, HOUR)
    assert (
        "measured on 1 MB and is extrapolated in a straight line to 1 GB, 1,000 times that"
        in explanation
    )
    assert "180,000 steps of 20 ms" in explanation


def test_too_small_a_gain_is_worth_it_at_no_size() -> None:
    tiny = Rate(3e-9, 2e-11, (1e-11, 3e-11), 1_000_000)
    assert worth_from(tiny, HOUR) is None
    text = sentence(gain(tiny, HOUR), HOUR, "rust/toy", "python/toy")
    assert text.endswith("it would gain 1 % at no size, with the same training.")


def test_a_loss_is_called_a_loss() -> None:
    slower = Rate(3e-9, -1e-9, (-2e-9, -0.5e-9), 1_000_000)
    gained = gain(slower, HOUR)
    assert gained.answer == "not worth it"
    assert sentence(gained, HOUR, "rust/toy", "python/toy").startswith(
        "Don't bother: rust/toy loses 1 s of 60 min"
    )
    assert gained.worth_from is None


def test_an_inconclusive_answer_says_on_which_side_the_middle_lies() -> None:
    for gained, word in ((2e-9, "saves"), (-2e-9, "loses")):
        rate = Rate(3e-9, gained, (gained - 5e-9, gained + 5e-9), 1_000_000)
        job = TrainingJob(size=1e9, steps=100, step_seconds=0.02)
        text = sentence(gain(rate, job), job, "rust/toy", "python/toy")
        assert text.startswith(f"Inconclusive: by the middle of the interval, rust/toy {word} 2 s")
        nothing_around = gain(replace(rate, interval=None), job)
        text = sentence(nothing_around, job, "rust/toy", "python/toy")
        assert text.startswith(f"Inconclusive: without an interval, rust/toy {word} 2 s")


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((0.02, 0.03), "worth it"),
        ((0.01, 0.03), "worth it"),
        ((0.0, 0.0099), "not worth it"),
        ((-0.2, -0.1), "not worth it"),
        ((0.005, 0.02), "inconclusive"),
        (None, "inconclusive"),
    ],
)
def test_the_whole_interval_must_lie_on_one_side(
    shares: tuple[float, float] | None, expected: str
) -> None:
    assert answer(shares, 0.01) == expected


@given(
    reference=st.floats(1e-12, 1e-6),
    part=st.floats(-1, 1),
    size=st.floats(1, 1e15),
    steps=st.integers(1, 10**9),
    worth=st.floats(0.001, 0.5),
)
def test_at_the_size_that_is_named_the_gain_is_just_worth_it(
    reference: float, part: float, size: float, steps: int, worth: float
) -> None:
    rate = Rate(reference, part * reference, None, 1_000_000)
    job = TrainingJob(size, steps, 0.02, worth=worth)
    named = worth_from(rate, job)
    if named is None:
        assert part <= worth * (1 + 1e-9)
        return
    there = gain(rate, TrainingJob(named, steps, 0.02, worth=worth))
    assert math.isclose(there.share, worth, rel_tol=1e-6)
    assert gain(rate, TrainingJob(2 * named, steps, 0.02, worth=worth)).share > worth


def test_sizes_near_the_measured_one_are_not_called_extrapolated() -> None:
    near = TrainingJob(5e6, 10, 0.02)
    assert "extrapolated" not in extrapolation(gain(RATE, near), RATE, near)
    far = TrainingJob(1e4, 10, 0.02)
    explanation = extrapolation(gain(RATE, far), RATE, far)
    assert "extrapolated in a straight line to 10 kB, 1/100 of that" in explanation


def test_ids_that_do_not_fit_into_memory_are_reported() -> None:
    assert does_not_fit(1e9, 16 * 10**9) is None
    assert "800 GB" in str(does_not_fit(1e11, 16 * 10**9))


def test_sizes_and_times() -> None:
    assert [parse_size(size) for size in ("100GB", "1.1 MB", "64MiB", "7", "2e3 kB", "3KB")] == [
        1e11, 1.1e6, 64 * 2**20, 7, 2e6, 3e3,
    ]  # fmt: skip
    assert [parse_time(time) for time in ("20ms", "1.5 s", "300us", "2min", "1h")] == pytest.approx(
        [0.02, 1.5, 3e-4, 120, 3600]
    )
    for wrong in ("", "GB", "-1GB", "1 parsec", "0B", "1e999GB", "nan", "1GB more", "1.2.3GB"):
        with pytest.raises(QuantityError, match="is not a size"):
            parse_size(wrong)
    with pytest.raises(QuantityError, match="is not a time, such as 20ms"):
        parse_time("20")
    assert parse_speed("2GB/s") == 2e9
    with pytest.raises(QuantityError, match="is not a speed, such as 2GB/s"):
        parse_speed("2GB")
    assert [size_in_words(size) for size in (1e11, 1_115_394, 12)] == ["100 GB", "1.12 MB", "12 B"]
    assert [seconds_in_words(time) for time in (9000, 90, -0.02, 3e-6)] == [
        "2.5 h", "90 s", "-20 ms", "3 us",
    ]  # fmt: skip


def test_numbers_in_words_have_no_exponent() -> None:
    assert [size_in_words(size) for size in (999_700, 2e15, 0.0)] == ["1 MB", "2,000 TB", "0 B"]
    assert [seconds_in_words(time) for time in (0.9997, 119.97, 402.5, 4.5e6, 1e-12)] == [
        "1 s", "120 s", "6.71 min", "1,250 h", "0.000001 us",
    ]  # fmt: skip
    assert [percent(share) for share in (1.0, -12.3, 0.0123, 1e-7)] == [
        "100 %", "-1,200 %", "1.2 %", "0.000010 %",
    ]  # fmt: skip


@given(st.floats(1e-15, 1e15), st.floats(1e-15, 1e15))
def test_no_sentence_has_an_exponent(corpus: float, step: float) -> None:
    job = TrainingJob(corpus, 10, step)
    gained = gain(RATE, job)
    for text in (sentence(gained, job, "rust/toy", "python/toy"), extrapolation(gained, RATE, job)):
        assert not re.search(r"[0-9]e[+-]?[0-9]", text)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--corpus-size=big", "--steps=1", "--step-time=1s"), "'big' is not a size"),
        (("--corpus-size=1GB", "--steps=1", "--step-time=soon"), "'soon' is not a time"),
        (("--corpus-size=1GB", "--steps=1", "--step-time=1s", "--id=rust/no"), "'rust/no'"),
        (
            (
                *("--corpus-size=1GB", "--steps=1", "--step-time=1s", "--measure=30MB"),
                "--id=python/list_comprehension",
            ),
            "python/bytes_translate alone is left to measure",
        ),
    ],
)
def test_a_job_that_cannot_be_is_refused(
    forked: Run, arguments: tuple[str, ...], says: str
) -> None:
    done = forked("job", "predict", *arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr


@pytest.mark.slow("measures the preparation of files")
def test_the_command(nanogpt_rs: Run) -> None:
    done = nanogpt_rs(
        *("job", "predict", "--corpus-size=100GB", "--steps=1000"),
        *("--step-time=20ms", "--seconds=1"),
        *("--corpus=english-64k-ascii", "--id=rust/two_passes", "--measure=64kB", "--json"),
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {answer["role"] for answer in document["answers"]} == {"lecture", "strongest"}
    ours = [answer for answer in document["answers"] if answer["id"] == "rust/two_passes"]
    assert [answer["role"] for answer in ours] == ["lecture", "strongest"]
    for gained in ours:
        if gained["interval"] is None:  # a second on a busy machine can be too little for one
            assert gained["verdict"] in {"invalid", "inconclusive"}
            assert gained["answer"] == "inconclusive"
        else:
            low, high = gained["interval"]
            assert low <= gained["seconds"] <= high
        assert "64 kB and is extrapolated in a straight line to 100 GB" in gained["extrapolation"]
        assert "rust/two_passes" in gained["sentence"]
    assert "800 GB" in document["does_not_fit"]
