"""Predictions of cost: lines fit, intervals hold the next run, and bounds are respected."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from nanogpt_rs.predicting.cost_prediction import (
    STAGES,
    WIDEST,
    Line,
    Resources,
    fit,
    predict,
)

SIZES = [10**6, 10**7, 10**8, 10**9, 4 * 10**9]
EXACT = {
    name: Line(0.001, per_byte, 0.0, (0.0, 0.0, 0.0), 25, SIZES[-1])
    for name, per_byte in zip(STAGES, (2e-10, 4e-10, 2e-9, 5e-10), strict=True)
}
sizes = st.floats(1e3, 1e14)
speeds = st.floats(1e6, 1e12)
resources = st.builds(
    Resources,
    machines=st.integers(1, 1000),
    cores=st.integers(2, 256),  # a single one reads less: it hashes what it has just read
    read=speeds,
    write=speeds,
    network=st.none() | speeds,
    start_up=st.floats(0, 100),
    overhead=st.floats(0, 1),
)


def runs(fixed: float, per_byte: float, noise: float, seed: int) -> list[tuple[int, float]]:
    random = np.random.default_rng(seed)
    return [
        (size, (fixed + per_byte * size) * math.exp(noise * random.standard_normal()))
        for size in SIZES
        for _ in range(5)
    ]


@given(st.floats(0, 1), st.floats(1e-11, 1e-6))
def test_a_line_without_noise_is_fitted_exactly(fixed: float, per_byte: float) -> None:
    line = fit(runs(fixed, per_byte, 0.0, 0))
    for size in (*SIZES, 10**13):
        estimate = line.at(size)
        assert estimate.seconds == pytest.approx(fixed + per_byte * size, rel=1e-6)
        assert estimate.low <= estimate.seconds <= estimate.high
        assert estimate.high / estimate.low == pytest.approx(1, rel=1e-5)


def test_runs_without_growth_give_the_widest_interval() -> None:
    # Of 1 and 10 MB, where one of 1 MB was interrupted for longer than either takes.
    line = fit([(10**6, 0.0004), (10**6, 0.0044), (10**7, 0.0015), (10**7, 0.0016)])
    assert line.per_byte == 0
    prediction = line.at(10**13)
    assert prediction.high / prediction.seconds == pytest.approx(WIDEST)
    assert prediction.seconds / prediction.low == pytest.approx(WIDEST)


@pytest.mark.parametrize("size", [10**6, 10**9, 10**11, 10**13])
def test_intervals_hold_the_next_run(size: int) -> None:
    random = np.random.default_rng(size)
    tries, held = 400, 0
    for seed in range(tries):
        prediction = fit(runs(0.05, 5e-10, 0.05, seed)).at(size)
        truth = (0.05 + 5e-10 * size) * math.exp(0.05 * random.standard_normal())
        held += prediction.low <= truth <= prediction.high
    assert binom.ppf(0.001, tries, 0.95) <= held <= binom.ppf(0.999, tries, 0.95)


def test_too_few_runs_for_a_line_are_refused() -> None:
    with pytest.raises(ValueError, match="there are 3"):
        fit([(1, 1.0), (2, 2.0), (3, 3.0)])
    with pytest.raises(ValueError, match="two sizes"):
        fit([(1, 1.0)] * 9)


def test_one_core_does_the_stages_one_after_another() -> None:
    prediction = predict(EXACT, Resources(), 1e9)
    assert prediction.total.seconds == pytest.approx(0.004 + 3.1, rel=1e-6)
    assert [stage.bound for stage in prediction.stages] == ["processor"] * 3 + ["one writer"]


def test_digests_are_two_streams_however_many_cores_there_are() -> None:
    """For each byte of the text, 3 bytes are hashed, of which 2 are the shards'."""
    many = predict(EXACT, Resources(machines=100, cores=64), 1e12)
    assert many.stages[2].bound == "one stream"
    assert many.total.seconds == pytest.approx(2e-9 * 1e12 * 2 / 3, rel=1e-3)
    slow = predict(EXACT, Resources(machines=100, cores=64, read=1e9), 1e12)
    assert slow.stages[2].bound == "disk"
    assert slow.total.seconds == pytest.approx(3e12 / 1e9)


def test_stages_that_need_each_other_follow_one_another() -> None:
    """Ids are written once the vocabulary is known, and hashed on one machine last of all."""
    lines = {name: replace(line, fixed=0.0) for name, line in EXACT.items()}
    one = predict(lines, Resources(cores=2), 1e12)
    vocabulary, encoding, hashing, writing = (stage.estimate.seconds for stage in one.stages)
    assert encoding < writing
    assert one.total.seconds == pytest.approx(vocabulary + writing + hashing)
    # A machine that leads others hashes meanwhile.
    slow = {**lines, "vocabulary": replace(lines["vocabulary"], per_byte=4e-9)}
    many = predict(slow, Resources(machines=2, cores=2), 1e12)
    vocabulary, encoding, hashing, writing = (stage.estimate.seconds for stage in many.stages)
    assert hashing == pytest.approx(1333.3, rel=1e-4)
    assert many.total.seconds == pytest.approx(vocabulary + hashing)
    fast = {**slow, "hashing": replace(lines["hashing"], per_byte=1e-12)}
    assert predict(fast, Resources(machines=2, cores=2), 1e12).total.seconds == pytest.approx(
        vocabulary + writing, rel=1e-3
    )


def test_encoding_and_writing_share_the_cores() -> None:
    lines = {**EXACT, "encoding": replace(EXACT["encoding"], per_byte=3e-9)}
    lines["writing"] = replace(EXACT["writing"], per_byte=2e-9)
    prediction = predict(lines, Resources(cores=2), 1e12)
    vocabulary, _, hashing, _ = (stage.estimate.seconds for stage in prediction.stages)
    assert prediction.total.seconds == pytest.approx(vocabulary + 2500 + hashing, rel=1e-3)


def test_a_file_takes_one_writer_at_a_time() -> None:
    lines = {**EXACT, "writing": replace(EXACT["writing"], per_byte=1e-8)}
    prediction = predict(lines, Resources(cores=64), 1e12)
    vocabulary, _, hashing, writing = (stage.estimate.seconds for stage in prediction.stages)
    assert prediction.stages[3].bound == "one writer"
    assert writing == pytest.approx(1e-8 * 1e12, rel=1e-3)
    assert prediction.total.seconds == pytest.approx(vocabulary + writing + hashing)


def test_all_stages_of_a_machine_share_its_disk() -> None:
    """For each byte of text it reads five, to look up, to encode and to hash, and writes two."""
    prediction = predict(EXACT, Resources(cores=64, read=1e8, write=1e8), 1e12)
    assert prediction.total.seconds == pytest.approx(7e12 / 1e8)


def test_all_stages_of_a_machine_share_its_network() -> None:
    """Seven bytes for each byte of text; if other machines read and write, hashing has three."""
    prediction = predict(EXACT, Resources(cores=64, network=1e8), 1e12)
    assert prediction.total.seconds == pytest.approx(7e12 / 1e8)
    prediction = predict(EXACT, Resources(machines=8, cores=64, network=1e8), 1e12)
    assert [stage.estimate.seconds for stage in prediction.stages] == pytest.approx(
        [share * 1e12 / 1e8 for share in (1 / 8, 1 / 8, 3, 2 / 8)]
    )
    assert prediction.total.seconds == pytest.approx(3e12 / 1e8)


def test_the_scarce_resource_is_named() -> None:
    prediction = predict(EXACT, Resources(machines=4, cores=8, network=1e8, start_up=5), 1e11)
    assert [stage.bound for stage in prediction.stages] == ["network"] * 4
    assert prediction.total.seconds == pytest.approx(5 + 3e11 / 1e8)
    prediction = predict(EXACT, Resources(machines=4, cores=8, overhead=1.0), 1e11)
    assert prediction.stages[0].bound == "engine"


@given(resources, sizes)
def test_more_of_anything_is_never_slower(given: Resources, size: float) -> None:
    before = predict(EXACT, given, size).total.seconds
    more = [
        replace(given, cores=2 * given.cores),
        replace(given, read=2 * given.read, write=2 * given.write),
        replace(given, network=2 * given.network if given.network else None),
    ]
    if given.machines > 1:
        more.append(replace(given, machines=2 * given.machines))
    for richer in more:
        assert predict(EXACT, richer, size).total.seconds <= before * (1 + 1e-9)
    assert predict(EXACT, given, 2 * size).total.seconds >= before


@given(resources, sizes)
def test_intervals_contain_their_estimates(given: Resources, size: float) -> None:
    noisy = {name: replace(line, spread=0.1) for name, line in EXACT.items()}
    prediction = predict(noisy, given, size)
    for estimate in (prediction.total, *(stage.estimate for stage in prediction.stages)):
        assert estimate.low <= estimate.seconds <= estimate.high
