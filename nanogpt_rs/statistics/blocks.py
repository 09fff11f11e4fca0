"""Blocks of time, as a worker process measures them, and one arm's effect within a process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nanogpt_rs.records.schema import Clock

BASELINE, CONTROL_ARM = 0, 1
SHORT_NS = 1_000_000
"""Blocks up to 1 ms are mostly run in one piece; above 3 ms wall time locks to the scheduler's
slices: a true 5 % read 2.75 %, with a clean control and a small interval."""
LEAST_CLEAN = 0.2
"""The share of rounds that must be left of a process after the unclean ones are dropped."""
Floats = NDArray[np.float64]


class Block(NamedTuple):
    """What one arm took in one round, over all its calls.

    Attributes:
        wall_ns: wall-clock time, in ns.
        cpu_ns: CPU time of the calling thread, in ns.
        involuntary: involuntary context switches of that thread (``ru_nivcsw``): it was preempted.
        voluntary: its voluntary ones (``ru_nvcsw``): it waited, for a disk, a lock or its threads.
        calls: how many calls were made.
    """

    wall_ns: float
    cpu_ns: float
    involuntary: int
    voluntary: int
    calls: int


@dataclass(frozen=True, eq=False)
class Process:
    """What one fresh worker process measured.

    Attributes:
        blocks: shape (arms, rounds, 5), the last as in ``Block``; nested lists, as a worker writes
            them in JSON, become an array. The same round index means the same round.
        others: the share of the whole machine's CPU time, 0 to 1, that others took meanwhile;
            ``None`` if unknown. It is used only where threads were measured by wall time.

    Raises:
        ValueError: a block is missing, or holds what no clock says.
    """

    blocks: Floats
    others: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", checked(self.blocks))
        if self.others is not None and not 0 <= self.others <= 1:
            raise ValueError(f"others is {self.others}, not a share between 0 and 1")

    def seconds(self, arm: int, clock: Clock) -> Floats:
        """Return for each round the time of one call, in s."""
        block = self.blocks[arm]
        return np.asarray(block[:, 0 if clock == "wall" else 1] / block[:, 4] / 1e9)


class Effects(NamedTuple):
    """One arm's log(baseline / arm), per call: one value for each process that has one."""

    values: Floats
    processes_dropped: int
    rounds_used: int
    rounds_dropped: int


def length_ns(processes: Sequence[Process], contender: int) -> float:
    """Return the longer of the baseline's and the contender's median block, in ns by wall clock."""
    return max(
        float(np.median(np.concatenate([each.blocks[arm, :, 0] for each in processes])))
        for arm in (BASELINE, contender)
    )


def effects(processes: Sequence[Process], arm: int, clock: Clock, clean_only: bool) -> Effects:
    """Return what each process says about one arm.

    A round is unclean where the thread was preempted in either block: that rule cannot see the
    outcome, and cut the SD of a pair from 10.5 to 0.6 %. Above 1 ms no round would be left, and CPU
    time needs no such rule.
    """
    values, dropped, used, unclean = [], 0, 0, 0
    for process in processes:
        baseline, contender = process.seconds(BASELINE, clock), process.seconds(arm, clock)
        switches = process.blocks[[BASELINE, arm], :, 2].sum(axis=0)
        keep = switches == 0 if clean_only else np.full(baseline.size, True)
        unclean += int(keep.size - keep.sum())
        if keep.sum() < max(1, LEAST_CLEAN * keep.size):
            dropped += 1
            continue
        used += int(keep.sum())
        values.append(float(np.median(np.log(baseline[keep] / contender[keep]))))
    return Effects(np.array(values), dropped, used, unclean)


def planted_in(processes: Sequence[Process], positive: int) -> float:
    """Return what the positive control should read by the time of a whole block: a log-ratio.

    Raises:
        ValueError: it makes no more calls than the baseline.
    """
    calls = [each.blocks[BASELINE, :, 4] / each.blocks[positive, :, 4] for each in processes]
    planted = math.log(float(np.median(np.concatenate(calls))))
    if planted >= 0:
        raise ValueError("the positive control makes no more calls in a block than the baseline")
    return planted


def typical_seconds(processes: Sequence[Process], arm: int, clock: Clock) -> float:
    """Return the median over processes of their median times of one call, in s."""
    return float(np.median([np.median(each.seconds(arm, clock)) for each in processes]))


def checked(blocks: ArrayLike) -> Floats:
    """Return the blocks of one process as an array of shape (arms, rounds, 5).

    Raises:
        ValueError: a block is missing, or holds what no clock says.
    """
    try:
        array = np.array(blocks, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a block is missing or no number: {error}") from error
    if array.ndim != 3 or array.shape[2] != len(Block._fields) or not array.size:
        raise ValueError(
            f"blocks have the shape {array.shape}, not (arms, rounds, {len(Block._fields)})"
        )
    if len(array) <= CONTROL_ARM:
        raise ValueError("a process needs the baseline and the baseline again, and has one arm")
    for column, least in enumerate((1, 0, 0, 0, 1)):
        bad = np.argwhere(~(np.isfinite(array[:, :, column]) & (array[:, :, column] >= least)))
        if bad.size:
            arm, round = (int(index) for index in bad[0])
            raise ValueError(
                f"{Block._fields[column]} is {array[arm, round, column]:g} in arm {arm}, "
                f"round {round}"
            )
    return array


def check_arms(processes: Sequence[Process], contender: int, positive: int | None) -> None:
    """Check that the indices are arms that every process has.

    Raises:
        ValueError: they are not.
    """
    if not processes:
        raise ValueError("there is no process to compare in")
    if len({len(process.blocks) for process in processes}) > 1:
        raise ValueError("processes differ in how many arms they have")
    arms = len(processes[0].blocks)
    for name, arm in (("contender", contender), ("positive", positive)):
        if arm is not None and not CONTROL_ARM < arm < arms:
            raise ValueError(f"{name} is {arm}, and must be an arm from 2 to {arms - 1}")
    if contender == positive:
        raise ValueError("the positive control cannot be the contender")
