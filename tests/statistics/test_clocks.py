"""Which clock judges a comparison, and when neither can."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from comparisons import LONG, LONG_SHARED
from simulated_clock import QUIET, SHARED, Machine, measure

from nanogpt_rs.statistics.blocks import Process, effects
from nanogpt_rs.statistics.trimmed import trimmed
from nanogpt_rs.statistics.verdict import compare


def test_wall_time_locks_to_slices_and_is_not_used() -> None:
    rng = np.random.default_rng(3)
    wall, cpu = [], []
    for _ in range(20):
        processes = measure(rng, LONG_SHARED, [8.6e-3, 8.6e-3, 8.6e-3 * 1.05], rounds=30)
        locked = trimmed(-effects(processes, 2, "wall", False).values)
        wall.append(math.expm1(locked.mean))
        found = compare(processes)
        assert (found.clock, found.verdict, found.wall) == ("cpu", "slower", None)
        assert found.ratio is not None
        cpu.append(1 / found.ratio - 1)
    # The trap is there: 5 % reads less than 4 by wall time.
    assert np.mean(wall) < 0.04
    assert all(0.04 < each < 0.06 for each in cpu)


def test_a_core_that_is_never_left_alone_leaves_cpu_time() -> None:
    rng = np.random.default_rng(7)
    found = compare(measure(rng, replace(SHARED, slice_ms=0.1), [3e-4, 3e-4, 3.3e-4]))
    assert (found.clock, found.verdict, found.wall) == ("cpu", "slower", None)
    assert "wall time was" in found.clock_reason
    processes = measure(rng, QUIET, [7e-4, 7e-4, 7.7e-4])
    preempted = []
    for process in processes:
        blocks = process.blocks.copy()
        blocks[:, 10:, 2] = 1
        preempted.append(Process(blocks))
    found = compare(preempted)
    assert (found.clock, found.verdict) == ("cpu", "slower")
    assert "preempted" in found.clock_reason


def test_both_clocks_are_shown_where_both_can_tell() -> None:
    rng = np.random.default_rng(9)
    for seconds, clock in ((4e-4, "wall"), (8.6e-3, "cpu")):
        found = compare(measure(rng, LONG, [seconds, seconds, 2 * seconds], rounds=30))
        assert found.clock == clock
        assert found.wall is not None
        assert found.cpu is not None
        assert found.wall.ratio == pytest.approx(0.5, rel=0.02)
        assert found.cpu.ratio == pytest.approx(0.5, rel=0.02)
        assert found.seconds == pytest.approx((seconds, 2 * seconds), rel=0.1)


@pytest.mark.parametrize(
    ("machine", "seconds"),
    [
        (replace(QUIET, cpu_tick_ns=4e6), 8.6e-3),  # a kernel that counts CPU time at 250 Hz
        (replace(QUIET, cpu_tick_ns=1e9 / 300), 8.6e-3),  # at 300 Hz: no whole number of ns
        (replace(QUIET, cpu_tick_ns=15.625e6), 8.6e-3),  # blocks that read 0
        (replace(QUIET, wall_tick_ns=1e5), 7e-4),
    ],
    ids=["4 ms", "3.3 ms", "15.6 ms", "0.1 ms"],
)
def test_coarse_ticks_are_invalid(machine: Machine, seconds: float) -> None:
    rng = np.random.default_rng(10)
    found = compare(measure(rng, machine, [seconds, seconds, seconds * 1.02], rounds=30))
    assert found.verdict == "invalid"
    assert "too coarse" in found.reason
    assert found.ratio is None


@pytest.mark.parametrize("tick", [41.666, 100.0])
def test_fine_ticks_change_nothing(tick: float) -> None:
    machine = replace(QUIET, wall_tick_ns=tick)
    found = compare(measure(np.random.default_rng(11), machine, [7e-4, 7e-4, 7e-4 * 1.03]))
    plain = compare(measure(np.random.default_rng(11), QUIET, [7e-4, 7e-4, 7e-4 * 1.03]))
    assert found.verdict == plain.verdict == "slower"
    assert found.ratio == pytest.approx(plain.ratio, abs=2e-4)


def test_coarse_cpu_ticks_leave_short_blocks_to_wall_time() -> None:
    machine = replace(QUIET, cpu_tick_ns=15.625e6)
    found = compare(measure(np.random.default_rng(12), machine, [7e-4, 7e-4, 7e-4 * 1.03]))
    assert (found.clock, found.verdict, found.cpu, found.wall_over_cpu) == (
        "wall",
        "slower",
        None,
        None,
    )


def test_threads_and_waiting_are_judged_by_wall_time_or_not_at_all() -> None:
    rng = np.random.default_rng(21)
    true = [8.6e-3, 8.6e-3, 2e-3]
    for how in ({"waiting": [2]}, {}):  # seen to wait, or said to
        wall_only = () if how else (2,)
        quiet = measure(rng, LONG, true, rounds=30, **how)
        found = compare(quiet, wall_only=wall_only)
        assert (found.clock, found.verdict, found.cpu) == ("wall", "faster", None)
        assert found.ratio == pytest.approx(2.15 if how else 4.3, rel=0.05)
        shared = measure(rng, LONG_SHARED, true, rounds=30, **how)
        found = compare(shared, wall_only=wall_only)
        assert (found.verdict, found.ratio, found.wall) == ("invalid", None, None)
        assert "too busy" in found.reason
        others = [Process(process.blocks, others=0.2) for process in quiet]
        found = compare(others, wall_only=wall_only)
        assert (found.verdict, found.ratio) == ("invalid", None)
        assert "others took 20%" in found.reason
    # where the baseline waits too, wall over CPU time says nothing of the machine
    found = compare(measure(rng, LONG, true, rounds=30, waiting=[0, 1, 2]))
    assert (found.clock, found.verdict) == ("wall", "faster")
