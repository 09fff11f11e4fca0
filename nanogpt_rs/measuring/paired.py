"""The paired comparison: fresh worker processes, rounds of blocks, and what may be said of them.

``ruler.rounds`` measures one process's worth; ``statistics.verdict`` says what a set of them
means. Between the two this module decides how much to measure, and stops.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from nanogpt_rs.records import schema
from nanogpt_rs.ruler import provenance, rounds
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.rounds import SINGLY
from nanogpt_rs.ruler.worker import run_worker
from nanogpt_rs.statistics import blocks, clocks, plan, verdict

PADDING_LIMIT = 4096
"""Bytes of environment, at most, by which processes differ: the stack starts elsewhere in each."""
PILOT_ROUNDS = 3
MOST_CONTENDERS = 12
"""More would spread a round over too long a time, and give chance too many tries."""
LEAST_DEADLINE = 60.0
"""Seconds that a worker may take at least; many times what was planned for it."""
TOO_SHORT_FOR_ONE = 0.00002
"""Seconds below which a pilot that timed single calls is run again with blocks."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the time of a call, that a record keeps."""
ECHOED_SECONDS = 0.00002
"""Calls up to here are so short that it matters how often their code runs."""
PILOT_SECONDS = 3.0
"""For each arm, what a pilot may be expected to take: nothing is known yet."""

UNCOUNTED = (
    "this system does not say whether a thread was preempted, so that only wall time is left"
)

Advance = Callable[[str, float], None]
"""Called with what is being done and the share, 0 to 1, that is."""


@dataclass(frozen=True)
class Arm:
    """What is called in a round.

    Attributes:
        id: an implementation's.
        threads: it uses several, so that only wall time can judge it.
        target: what is called instead of the implementation, with the same arguments.
        method: of what would be called, to be called instead.
        kept: what calls return is freed after the clock has stopped.
        characters: its text is the corpus, repeated or cut to so many.
        uncounted: the share of calls that it makes beyond those counted: a known slow-down.
        side: the folder of the wheel that it comes from, instead of what is installed.
        name: which answers call it by, instead of its id.
    """

    id: str
    threads: bool = False
    target: str | None = None
    method: str | None = None
    kept: bool = False
    characters: int | None = None
    uncounted: float = 0.0
    side: str | None = None
    name: str | None = None

    def order(self, calls: int, **more: Any) -> dict[str, Any]:
        """Return the arm as a worker is told of it, to count so many calls in a block."""
        own = {
            "threads": self.threads,
            "target": self.target,
            "method": self.method,
            "kept": self.kept,
            "characters": self.characters,
            "side": self.side,
            "name": self.name,
        }
        told = {key: value for key, value in own.items() if value}
        return {"id": self.id, **told, "calls": calls + round(calls * self.uncounted), **more}


def arm_of(row: Implementation) -> Arm:
    """Return the arm that calls an implementation."""
    return Arm(row.id, threads="parallel" in row.marks)


@dataclass(frozen=True)
class Course:
    """What all arms of a comparison are run on.

    Attributes:
        task: the task's name.
        corpus: what the corpus was asked for by, so that workers find it too.
        state: of ``nanogpt_rs.ruler.rounds.STATES``, or ``BUILD``.
        watchful: after each block all is looked at that a call has to leave alone, not only what
            takes a microsecond each; the rest takes ten, and displaces more of what calls stand on.
    """

    task: str
    corpus: str
    state: str
    watchful: bool = False

    def run(
        self, arms: Sequence[dict[str, Any]], rounds: int, warm_up_rounds: int, seconds: float
    ) -> dict[str, Any]:
        """Have one fresh process carry out rounds; it is expected to take so many seconds.

        Raises:
            WorkerError: it gave no answer.
        """
        order = {
            "task": self.task,
            "corpus": self.corpus,
            "state": self.state,
            "rooms": rooms(),
            "arms": arms,
            "rounds": rounds,
            "warm_up_rounds": warm_up_rounds,
            "watchful": self.watchful,
            "seed": random.randrange(2**32),  # noqa: S311
        }
        environment = {
            "NANOGPT_RS_PADDING": "x" * random.randrange(PADDING_LIMIT),  # noqa: S311
            "PYTHONHASHSEED": str(random.randrange(2**32)),  # noqa: S311
        }
        return run_worker("rounds", order, max(LEAST_DEADLINE, 20 * seconds), environment)


@cache
def rooms() -> dict[str, str | None]:
    """Return where the measured rooms are, looked up once."""
    return provenance.rooms()


@dataclass(frozen=True)
class Pilot:
    """What a first short process found.

    Attributes:
        seconds: one call of each arm; arms of the same thing have the same.
        around: what each call takes beside that, such as displacing its text, in s.
    """

    seconds: tuple[float, ...]
    around: float


def pilot(course: Course, arms: Sequence[Arm]) -> Pilot:
    """Find out how long calls take.

    Raises:
        WorkerError: the process gave no answer.
    """
    calls = (1,) * len(arms)
    while True:
        orders = [arm.order(count) for arm, count in zip(arms, calls, strict=True)]
        answer = course.run(orders, PILOT_ROUNDS, 1, PILOT_SECONDS * len(arms))
        shortest: dict[Arm, float] = {}
        for arm, mine, count in zip(arms, answer["blocks"], calls, strict=True):
            # A thread's CPU time does not count the turns that others had; nor what it waited for.
            taken = (block[0 if arm.threads or block[3] else 1] for block in mine)
            least = max(1, min(taken)) / count / 1e9
            same = replace(arm, side=None, name=None)
            shortest[same] = min(least, shortest.get(same, least))
        seconds = tuple(shortest[replace(arm, side=None, name=None)] for arm in arms)
        if course.state in SINGLY or set(calls) != {1} or min(seconds) > TOO_SHORT_FOR_ONE:
            break
        calls = plan.calls_in_a_block(seconds)
    timed = sum(block[0] for mine in answer["blocks"] for block in mine) / 1e9
    around = max(0.0, answer["seconds"] - timed) / (PILOT_ROUNDS * sum(calls))
    return Pilot(seconds, around)


@dataclass
class Measured:
    """What worker processes have measured so far.

    Attributes:
        plan: by which; as for the first arms alone, where others only run along.
        along: what a process takes with all arms over what it takes with the planned ones.
        positive: index of the positive control, an arm after those asked for, or ``None``.
        wall_only: indices of arms that use threads.
        processes: one for each.
        cores: by name how many cores an arm with threads kept busy, a value for each process.
        wrong: by name what was wrong in the end with an answer that had been right.
        seconds: that it took, pilot and all.
    """

    plan: plan.Plan
    along: float
    positive: int | None
    wall_only: tuple[int, ...]
    processes: list[blocks.Process]
    cores: dict[str, list[float]]
    wrong: dict[str, str]
    seconds: float

    def enough(self, comparisons: Sequence[schema.Comparison]) -> bool:
        """Return whether these are told well enough, or have taken all their time."""
        return verdict.enough(comparisons, self.plan, self.seconds / self.along)

    def compare(self, contender: int, baseline: int = 0) -> schema.Comparison:
        """Return what may be said of an arm beside a baseline, whose control is the next arm."""
        wall_only = self.wall_only
        if not rounds.COUNTS_SWITCHES:
            wall_only = tuple(range(self.processes[0].blocks.shape[0]))
        if baseline == blocks.BASELINE:
            found = verdict.compare(
                self.processes, contender, positive=self.positive, wall_only=wall_only
            )
        else:
            chosen = [baseline, baseline + 1, contender]
            found = verdict.compare(
                [blocks.Process(each.blocks[chosen], each.others) for each in self.processes],
                wall_only=[index for index, arm in enumerate(chosen) if arm in wall_only],
            )
        return found if rounds.COUNTS_SWITCHES else replace(found, clock_reason=UNCOUNTED)

    def seconds_of(self, arm: int) -> float:
        """Return how long a call of an arm takes, in s, by the clock that suits it."""
        clock = self.clock_of(arm)
        return blocks.typical_seconds(self.processes, arm, clock) or self.wall_of(arm)

    def quantiles_of(self, arm: int) -> tuple[float, ...]:
        """Return ``QUANTILES`` of a call of an arm over all rounds, in s, by the same clock."""
        seconds = np.concatenate([each.seconds(arm, self.clock_of(arm)) for each in self.processes])
        return tuple(np.quantile(seconds, QUANTILES).tolist())

    def wall_of(self, arm: int) -> float:
        """Return how long a call of an arm takes by wall clock, in s."""
        return blocks.typical_seconds(self.processes, arm, "wall")

    def clock_of(self, arm: int) -> schema.Clock:
        """Return the clock that suits an arm's blocks."""
        calls = float(self.processes[0].blocks[arm, 0, 4])
        short = self.wall_of(arm) * calls * 1e9 <= blocks.SHORT_NS
        waits = arm in self.wall_only or clocks.waits(self.processes, arm)
        return "wall" if short or waits or not rounds.COUNTS_SWITCHES else "cpu"


def echoes_of(arms: Sequence[Arm], seconds: Sequence[float], controlled: bool) -> tuple[int, ...]:
    """Return how many blocks of each arm a round has besides the timed one.

    Code that runs more often finds more of itself in caches and branch predictors. A baseline runs
    two or three times a round: the same function of another build, run once, read 0.5 to 1.2 %
    slower at 1 to 3 us, and 0.1 % at 16 us. What is short and takes about as long as an arm that
    runs more often is therefore run as often.

    Args:
        arms: in their order.
        seconds: one call of each.
        controlled: there is a positive control besides, which is the baseline's code.
    """
    codes = [code_of(arm) for arm in arms]
    runs = Counter(codes)
    runs[codes[0]] += controlled
    echoes = []
    for index, (code, taken) in enumerate(zip(codes, seconds, strict=True)):
        alike = [
            runs[other]
            for other, theirs in zip(codes, seconds, strict=True)
            if 1 / plan.ALIKE <= taken / theirs <= plan.ALIKE
        ]
        first = codes.index(code) == index
        echoes.append(max(alike) - runs[code] if first and taken <= ECHOED_SECONDS else 0)
    return tuple(echoes)


def code_of(arm: Arm) -> Arm:
    """Return what an arm runs, whatever on and however often."""
    return Arm(arm.id, target=arm.target, method=arm.method, side=arm.side)


def measure(
    course: Course,
    arms: Sequence[Arm],
    done: Callable[[Measured], bool],
    advance: Advance,
    *,
    found: Pilot | None = None,
    plan_for: int | None = None,
    budget: float | None = None,
    multiple: int = 1,
) -> Measured:
    """Run workers until ``done`` says so, once the plan's least has been measured.

    Args:
        course: what to run on.
        arms: the baseline, the baseline again, contenders.
        done: whether to stop; asked after each process.
        advance: told of the progress.
        found: what a pilot found of these arms; ``None`` has one run.
        plan_for: plan as for so many of the arms, and let the others run along.
        budget: seconds to take at most, instead of what the calls deserve.
        multiple: where a block has that many calls, it has a multiple of so many.

    Raises:
        WorkerError: a process gave no answer.
    """
    start = time.perf_counter()
    if found is None:
        advance("pilot", 0.0)
        found = pilot(course, arms)
    singly = course.state in SINGLY

    def planned(count: int | None, echoes: Sequence[int] = ()) -> plan.Plan:
        assert found is not None
        return plan.plan(
            found.seconds[:count],
            around=found.around,
            singly=singly,
            budget=budget,
            multiple=multiple,
            echoes=echoes[:count],
        )

    controlled = planned(None).positive_calls is not None
    echoes = (0,) * len(arms) if singly else echoes_of(arms, found.seconds, controlled)
    chosen, all_arms = planned(plan_for, echoes), planned(None, echoes)
    orders = [
        arm.order(calls, primed=primed, echoes=echo)
        for arm, calls, primed, echo in zip(
            arms, all_arms.calls, all_arms.primed, echoes, strict=True
        )
    ]
    positive = None
    if all_arms.positive_calls is not None:
        positive = len(arms)
        orders.append({**orders[0], "calls": all_arms.positive_calls, "echoes": 0})
    threads = tuple(index for index, arm in enumerate(arms) if arm.threads)
    along = all_arms.process_seconds / chosen.process_seconds
    measured = Measured(chosen, along, positive, threads, [], {}, {}, 0.0)
    while True:
        advance("measure", min(1.0, len(measured.processes) / chosen.least))
        answer = course.run(orders, chosen.rounds, chosen.warm_up_rounds, all_arms.process_seconds)
        measured.wrong |= answer["wrong"]
        for name, cores in answer["cores"].items():
            measured.cores.setdefault(name, []).append(cores)
        measured.processes.append(blocks.Process(answer["blocks"], answer["others"]))
        for arm, calls in enumerate(all_arms.calls):
            measured.processes[-1].blocks[arm, :, 4] = calls
        measured.seconds = time.perf_counter() - start
        if len(measured.processes) >= chosen.least and done(measured):
            return measured
