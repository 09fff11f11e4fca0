"""Blocks of time, as a worker process measures them, and one arm's effect within a process.

The words that all statistics here share:

- An *arm* is one function that is called. Arm 0 is the baseline. Arm 1 is the baseline a second
  time: the difference between these two is no difference at all, so they are the live control, and
  they are never averaged. Contenders are the arms from 2 on.
- A *block* is a number of calls of one arm, which are timed together.
- A *round* times one block of each arm, in a random order.
- A *process* is a fresh worker process with a hash seed and a memory layout of its own, which
  measures many rounds. Rounds of one process are not independent, so the process is the unit of all
  statistics, unless several processes load the same build of compiled code: see ``builds``.

Within a process, an arm's effect is the median over rounds of log(baseline / arm), both per call.
Differences are kept as logarithms, so that swapping two arms changes nothing but the sign.
"""

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
"""Least share of a process's rounds that must be clean for the process to count."""
Floats = NDArray[np.float64]


class Block(NamedTuple):
    """One block: all calls of one arm in one round.

    Attributes:
        wall_ns: Wall-clock time of the block in ns.
        cpu_ns: CPU time of the calling thread in ns.
        involuntary: Number of involuntary context switches of that thread (``ru_nivcsw``): how
            often it was preempted.
        voluntary: Number of its voluntary context switches (``ru_nvcsw``): how often it waited for
            a disk, a lock or its threads.
        calls: Number of calls in the block.
    """

    wall_ns: float
    cpu_ns: float
    involuntary: int
    voluntary: int
    calls: int


@dataclass(frozen=True, eq=False)
class Process:
    """The measurements of one fresh worker process.

    Attributes:
        blocks: Array of shape (arms, rounds, 5), whose last axis is as in ``Block``. Nested lists,
            as a worker writes them in JSON, become an array. The same round index means the same
            round.
        others: Share of the whole machine's CPU time, 0 to 1, that other programs took meanwhile;
            ``None`` if unknown. It is used only where threads were measured by wall time.
        build: Number of the build of the Rust module that it loaded. Processes with the same number
            loaded the same build.

    Raises:
        ValueError: A block is missing, or holds a value that no clock can give.
    """

    blocks: Floats
    others: float | None = None
    build: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", checked(self.blocks))
        if self.others is not None and not 0 <= self.others <= 1:
            raise ValueError(f"others is {self.others}, not a share between 0 and 1")

    def seconds(self, arm: int, clock: Clock) -> Floats:
        """Return the seconds of one call in each round, shape (rounds,)."""
        block = self.blocks[arm]
        return np.asarray(block[:, 0 if clock == "wall" else 1] / block[:, 4] / 1e9)


class Effects(NamedTuple):
    """One arm's effect over processes.

    Attributes:
        values: log(baseline / arm) per call, one value for each process that counts.
        builds: Number of the build that each of these processes loaded.
        processes_dropped: Number of processes without enough clean rounds.
        rounds_used: Number of rounds that count, over all processes.
        rounds_dropped: Number of unclean rounds, over all processes.
    """

    values: Floats
    builds: tuple[int, ...]
    processes_dropped: int
    rounds_used: int
    rounds_dropped: int


def length_ns(processes: Sequence[Process], contender: int) -> float:
    """Return the wall-clock ns of the median block, the baseline's or the contender's if longer.

    Args:
        processes: All processes.
        contender: Index of the contender's arm.
    """
    return max(
        float(np.median(np.concatenate([process.blocks[arm, :, 0] for process in processes])))
        for arm in (BASELINE, contender)
    )


def effects(processes: Sequence[Process], arm: int, clock: Clock, clean_only: bool) -> Effects:
    """Return one arm's effect in each process.

    A round is unclean where the thread was preempted in the baseline's block or the arm's. That
    rule cannot see the outcome, and cut the SD of a pair from 10.5 to 0.6 %. For blocks above 1 ms
    no round would be left, and CPU time does not need the rule.

    Args:
        processes: All processes.
        arm: Index of the arm.
        clock: Clock to read.
        clean_only: Whether to drop unclean rounds.
    """
    values, builds, dropped, used, unclean = [], [], 0, 0, 0
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
        builds.append(process.build)
    return Effects(np.array(values), tuple(builds), dropped, used, unclean)


def planted_in(processes: Sequence[Process], positive: int) -> float:
    """Return the log-ratio that the positive control should read by the time of a whole block.

    Args:
        processes: All processes.
        positive: Index of the positive control's arm: the baseline with more calls in a block.

    Raises:
        ValueError: It makes no more calls than the baseline.
    """
    calls = [
        process.blocks[BASELINE, :, 4] / process.blocks[positive, :, 4] for process in processes
    ]
    planted = math.log(float(np.median(np.concatenate(calls))))
    if planted >= 0:
        raise ValueError("the positive control makes no more calls in a block than the baseline")
    return planted


def typical_seconds(processes: Sequence[Process], arm: int, clock: Clock) -> float:
    """Return the seconds of one call of an arm: the median over processes of their medians."""
    return float(np.median([np.median(process.seconds(arm, clock)) for process in processes]))


def checked(blocks: ArrayLike) -> Floats:
    """Return the blocks of one process as an array of shape (arms, rounds, 5).

    Raises:
        ValueError: A block is missing, or holds a value that no clock can give.
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
        raise ValueError("a process needs the baseline and its control, and has one arm")
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
    """Check that every process has these arms.

    Args:
        processes: All processes.
        contender: Index of the contender's arm.
        positive: Index of the positive control's arm; ``None`` if there is none.

    Raises:
        ValueError: There is no process, they differ in their arms, or an index is not an arm's.
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
