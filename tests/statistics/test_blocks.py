"""Blocks of time: which rounds and processes count, and which blocks are refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from simulated_clock import QUIET, SHARED, measure

from nanogpt_rs.statistics.blocks import Process
from nanogpt_rs.statistics.plan import plan
from nanogpt_rs.statistics.verdict import compare


def test_preempted_rounds_are_dropped_from_short_blocks_only() -> None:
    rng = np.random.default_rng(5)
    short = compare(measure(rng, SHARED, [7e-4] * 3))
    assert short.clock == "wall"
    assert 0.1 < short.rounds_dropped / (short.rounds_used + short.rounds_dropped) < 0.6
    long = compare(measure(rng, SHARED, [8.6e-3] * 3, rounds=30))
    assert (long.clock, long.rounds_dropped, long.rounds_used) == ("cpu", 0, 12 * 30)


def test_a_process_with_too_few_clean_rounds_is_dropped() -> None:
    rng = np.random.default_rng(8)
    processes = measure(rng, QUIET, [7e-4] * 3)
    blocks = processes[0].blocks.copy()
    blocks[2, 20:, 2] = 1
    found = compare([Process(blocks), *processes[1:]])
    assert (found.processes_used, found.processes_dropped) == (11, 1)


def test_positive_controls_are_read_from_calls() -> None:
    rng = np.random.default_rng(20)
    planned = plan([1e-6] * 4)
    calls = [*planned.calls[:3], planned.positive_calls or 0]
    processes = measure(rng, QUIET, [1e-6] * 4, calls=calls)
    found = compare(processes, 2, positive=3)
    assert found.verdict != "invalid"
    assert found.planted == pytest.approx(1 / 1.05)
    assert found.positive_control is not None
    assert found.positive_control.ratio == pytest.approx(1 / 1.05, abs=0.01)
    # a machine that swallows half of what was planted
    processes = measure(rng, QUIET, [1e-6, 1e-6, 1e-6, 1.025e-6 / 1.05], calls=calls)
    found = compare(processes, 2, positive=3)
    assert (found.verdict, "planted" in found.reason) == ("invalid", True)


def poisoned(column: int, value: Any, arm: int = 1, round: int = 2) -> Any:
    blocks = np.full((3, 4, 5), 5.0).tolist()
    blocks[arm][round][column] = value
    return blocks


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (poisoned(0, 0), "wall_ns is 0 in arm 1, round 2"),
        (poisoned(0, -5), "wall_ns is -5 in arm 1, round 2"),
        (poisoned(0, math.nan), "wall_ns is nan in arm 1, round 2"),
        (poisoned(0, math.inf), "wall_ns is inf"),
        (poisoned(0, None), "wall_ns is nan"),
        (poisoned(0, "fast"), "a block is missing or no number"),
        (poisoned(1, -1), "cpu_ns is -1"),
        (poisoned(2, -1), "involuntary is -1"),
        (poisoned(3, math.nan), "voluntary is nan"),
        (poisoned(4, 0), "calls is 0"),
        ([[[5] * 5] * 3, [[5] * 5] * 2], "a block is missing"),
        ([[[5] * 5, [5] * 4]] * 2, "a block is missing"),
        ([[[5] * 4] * 3] * 3, r"shape \(3, 3, 4\)"),
        ([], "shape"),
        ([[], []], "shape"),
        ([[[5] * 5] * 3], "has one arm"),
    ],
)
def test_bad_blocks_are_refused(blocks: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Process(blocks)


@pytest.mark.parametrize("others", [-0.1, 1.1, math.nan])
def test_a_share_is_a_share(others: float) -> None:
    with pytest.raises(ValueError, match="others"):
        Process(np.full((3, 4, 5), 5.0), others)


def test_bad_arms_are_refused() -> None:
    three, four = Process(np.full((3, 4, 5), 5.0)), Process(np.full((4, 4, 5), 5.0))
    for contender in (0, 1, 3, -1):
        with pytest.raises(ValueError, match="from 2 to 2"):
            compare([three], contender)
    with pytest.raises(ValueError, match="no process"):
        compare([])
    with pytest.raises(ValueError, match="how many arms"):
        compare([three, four])
    with pytest.raises(ValueError, match="cannot be the contender"):
        compare([four], 3, positive=3)
    with pytest.raises(ValueError, match="no more calls"):
        compare([four], 2, positive=3)
