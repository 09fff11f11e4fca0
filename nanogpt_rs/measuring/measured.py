"""What the worker processes of a paired comparison have measured, and whether it is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nanogpt_rs.records import schema
from nanogpt_rs.ruler import timing
from nanogpt_rs.statistics import blocks, clocks, looks, plan, verdict

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""The quantiles of a call's time that a record keeps."""
Pair = tuple[int, int]
"""A comparison to make: the contender's arm and the baseline's."""
NO_SWITCH_COUNTS = (
    "this system does not say whether a thread was preempted, so that only wall time is left"
)


@dataclass
class Measured:
    """Everything that the worker processes have measured so far.

    Attributes:
        plan: How much to measure; planned for the first arms alone where others only run along.
        along: A process's time with all arms, divided by its time with the planned arms alone.
        positive: Index of the positive control, an arm after the requested ones, or ``None``.
        wall_only: Indices of arms that use threads, which only wall time can judge.
        processes: The blocks of each process.
        cores: For each arm with threads, by name, how many cores it kept busy in each process.
        wrong: For each arm, by name, why its last answer was wrong after it had been right.
        seconds: Seconds that measuring has taken so far, the pilot included.
        may_stop_early: Whether a verdict that is certain may end the run before the planned
            precision.
        short: Whether the processes are short ones. Those of the planned length never count
            together with them.
        builds: Number of builds that the processes draw from.
        look: What a verdict demanded when the run stopped.
    """

    plan: plan.Plan
    along: float
    positive: int | None
    wall_only: tuple[int, ...]
    processes: list[blocks.Process]
    cores: dict[str, list[float]]
    wrong: dict[str, str]
    seconds: float
    may_stop_early: bool = False
    short: bool = False
    builds: int = 1
    look: looks.Look = looks.ONLY

    @property
    def build_count(self) -> int:
        """The number of builds of the Rust module that the processes loaded."""
        return len({process.build for process in self.processes})

    def seconds_by_build(self, arm: int) -> tuple[float, ...]:
        """Return the seconds for one call of an arm in each build, in the order of their seeds.

        Nothing is returned where all processes loaded the same build.
        """
        by_build: dict[int, list[blocks.Process]] = {}
        for process in self.processes:
            by_build.setdefault(process.build, []).append(process)
        if len(by_build) < 2:
            return ()
        clock = self.clock_of(arm)
        return tuple(
            blocks.typical_seconds(by_build[build], arm, clock) for build in sorted(by_build)
        )

    @property
    def block_arrays(self) -> list[blocks.Floats]:
        """The blocks of each process, as arrays of shape (arms, rounds, 5)."""
        return [process.blocks for process in self.processes]

    def enough(self, pairs: Sequence[Pair], tests: int | None = None) -> bool:
        """Return whether these comparisons need no more processes.

        They do not where all are precise enough or their time is up. Where the run may stop early,
        it also stops at an early look at which all are certain. ``compare`` then returns what this
        look says.

        Args:
            pairs: The comparisons to make.
            tests: Number of tests that will be adjusted together. ``None``: these alone.
        """
        stage = looks.Stage(len(self.processes), self.short, self.builds, self.may_stop_early)
        stop_at = verdict.look_to_stop_at(
            lambda look: [self.compare(*pair, look=look) for pair in pairs],
            stage,
            self.plan,
            self.seconds / self.along,
            tests,
        )
        if stop_at is None:
            return False
        self.look = stop_at
        return True

    def compare(
        self, contender: int, baseline: int = 0, *, look: looks.Look | None = None
    ) -> schema.Comparison:
        """Compare an arm with a baseline, whose control is the arm after the baseline.

        Args:
            contender: Index of the arm.
            baseline: Index of the baseline's arm.
            look: What a verdict demands. ``None``: what it demanded when the run stopped.
        """
        look = look or self.look
        wall_only = self.wall_only
        if not timing.COUNTS_SWITCHES:
            wall_only = tuple(range(self.processes[0].blocks.shape[0]))
        if baseline == blocks.BASELINE:
            comparison = verdict.compare(
                self.processes,
                contender,
                positive=self.positive,
                wall_only=wall_only,
                look=look,
            )
        else:
            chosen = [baseline, baseline + 1, contender]
            comparison = verdict.compare(
                [
                    blocks.Process(process.blocks[chosen], process.others, process.build)
                    for process in self.processes
                ],
                wall_only=[index for index, arm in enumerate(chosen) if arm in wall_only],
                look=look,
            )
        return (
            comparison
            if timing.COUNTS_SWITCHES
            else replace(comparison, clock_reason=NO_SWITCH_COUNTS)
        )

    def seconds_of(self, arm: int) -> float:
        """Return the seconds for one call of an arm, by the clock that suits it."""
        clock = self.clock_of(arm)
        return blocks.typical_seconds(self.processes, arm, clock) or self.wall_of(arm)

    def quantiles_of(self, arm: int) -> tuple[float, ...]:
        """Return the ``QUANTILES`` of one call's seconds over all rounds, by the same clock."""
        clock = self.clock_of(arm)
        seconds = np.concatenate([process.seconds(arm, clock) for process in self.processes])
        return tuple(np.quantile(seconds, QUANTILES).tolist())

    def wall_of(self, arm: int) -> float:
        """Return the seconds for one call of an arm, by wall clock."""
        return blocks.typical_seconds(self.processes, arm, "wall")

    def clock_of(self, arm: int) -> schema.Clock:
        """Return the clock that suits an arm's blocks."""
        calls = float(self.processes[0].blocks[arm, 0, 4])
        short = self.wall_of(arm) * calls * 1e9 <= blocks.SHORT_NS
        waits = arm in self.wall_only or clocks.waits(self.processes, arm)
        return "wall" if short or waits or not timing.COUNTS_SWITCHES else "cpu"
