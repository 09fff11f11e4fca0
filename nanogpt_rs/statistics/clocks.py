"""Which clock can judge a comparison, and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from nanogpt_rs.records.schema import Clock
from nanogpt_rs.statistics.blocks import (
    BASELINE,
    CONTROL_ARM,
    SHORT_NS,
    Process,
    effects,
    length_ns,
)

STRETCH = 1.05
"""Wall-clock time over CPU time above which a single-threaded arm's wall time is no evidence."""
COARSE = 0.001
"""Share of a block above which a clock's ticks can hide a difference. This is a choice: a fifth of
the smallest margin."""
WAITS = "an arm uses threads or waits, which only wall time can judge"


def choose_clock(
    processes: Sequence[Process],
    contender: int,
    wall_only: Collection[int] = (),
    positive: int | None = None,
) -> tuple[Clock, str, str | None]:
    """Return which clock can judge, why, and why even that one cannot be trusted.

    Args:
        processes: All processes.
        contender: Index of the contender's arm.
        wall_only: Indices of the arms that use threads or wait, which only wall time can judge.
        positive: Index of the positive control's arm.

    Returns:
        The clock, the reason for it in words, and the reason for distrust; ``None`` for trust.
    """
    arms = [BASELINE, CONTROL_ARM, contender] + ([] if positive is None else [positive])
    waiting = {arm for arm in arms if arm in wall_only or waits(processes, arm)}
    distrust = None
    clock: Clock = "cpu"
    if waiting:
        clock, why = "wall", WAITS
        distrust = too_busy(processes, [arm for arm in arms if arm not in waiting])
    elif length_ns(processes, contender) > SHORT_NS:
        why = "blocks are longer than 1 ms, where wall time locks to the scheduler's slices"
    else:
        stretch = wall_over_cpu(processes, (BASELINE, contender), clean_only=True)
        if stretch is not None and stretch > STRETCH:
            why = f"wall time was {stretch:.2f} times CPU time, so it is no evidence"
        elif effects(processes, contender, "wall", True).processes_dropped > len(processes) / 2:
            why = "most processes were preempted in most rounds"
        else:
            clock, why = "wall", "blocks are at most 1 ms long"
    if not distrust and coarse(processes, arms, clock):
        distrust = f"the {clock} clock's ticks are too coarse for blocks this short"
    return clock, why, distrust


def waits(processes: Sequence[Process], arm: int) -> bool:
    """Return whether an arm waited in most of its blocks."""
    return bool(np.median(np.concatenate([process.blocks[arm, :, 3] for process in processes])) > 0)


def too_busy(processes: Sequence[Process], single_threaded: Sequence[int]) -> str | None:
    """Return why wall time cannot judge threads here; ``None`` where it can.

    It looks at totals and not at medians: a short block is rarely preempted, but the work that it
    stands for is.

    Args:
        processes: All processes.
        single_threaded: Indices of the arms that neither use threads nor wait.
    """
    others = [process.others for process in processes if process.others is not None]
    if others and (share := float(np.median(others))) > STRETCH - 1:
        return (
            f"others took {share:.0%} of the machine, and only wall time can judge an arm that "
            "uses threads or waits"
        )
    if not single_threaded:
        return None
    arms = list(single_threaded)
    wall, cpu = (
        np.array([process.blocks[arms, :, column].sum() for process in processes])
        for column in (0, 1)
    )
    if (cpu > 0).all() and (stretch := float(np.median(wall / cpu))) > STRETCH:
        return (
            f"the machine was too busy: a single thread took {stretch:.2f} times its CPU time, and "
            "only wall time can judge an arm that uses threads or waits"
        )
    return None


def wall_over_cpu(
    processes: Sequence[Process], arms: Sequence[int], clean_only: bool
) -> float | None:
    """Return the median of wall-clock time over CPU time, of the arm where it is largest.

    Args:
        processes: All processes.
        arms: Indices of the arms.
        clean_only: Whether to leave out blocks in which the thread was preempted, where others
            remain.

    Returns:
        The median; ``None`` where the CPU clock did not advance during a block.
    """
    worst = 0.0
    for arm in arms:
        blocks = np.concatenate([process.blocks[arm] for process in processes])
        if clean_only and (blocks[:, 2] == 0).any():
            blocks = blocks[blocks[:, 2] == 0]
        if not blocks[:, 1].all():
            return None
        worst = max(worst, float(np.median(blocks[:, 0] / blocks[:, 1])))
    return worst


def coarse(processes: Sequence[Process], arms: Sequence[int], clock: Clock) -> bool:
    """Return whether a clock's ticks are long enough to hide a difference.

    Long ticks show as gaps between readings while most readings coincide. Gaps of up to 2 ns are
    the rounding of ticks that are not a whole number of ns.

    Args:
        processes: All processes.
        arms: Indices of the arms.
        clock: The clock.
    """
    column = 0 if clock == "wall" else 1
    for arm in arms:
        readings = np.concatenate([process.blocks[arm, :, column] for process in processes])
        if not readings.all():
            return True
        distinct = np.unique(readings)
        gaps = np.diff(distinct)
        gaps = gaps[gaps > 2]
        coincide = distinct.size < readings.size / 2
        if coincide and gaps.size and gaps.min() > COARSE * np.median(readings):
            return True
    return False
