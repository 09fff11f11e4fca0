"""The paired comparison: fresh worker processes measure all arms side by side, round by round.

``ruler.rounds`` is what one process does, and ``statistics.verdict`` judges a set of processes.
This module stands between the two: it decides how much to measure, and when to stop.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol, cast

import numpy as np

from nanogpt_rs.measuring.builds import LinkedBuild
from nanogpt_rs.measuring.measured import Measured, Pair
from nanogpt_rs.ruler import provenance, rounds, timing
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.rounds import SINGLY
from nanogpt_rs.ruler.worker import run_worker
from nanogpt_rs.statistics import blocks, looks, plan

PADDING_LIMIT = 4096
"""Processes differ by up to this many bytes of environment, so that each stack starts elsewhere."""
PILOT_ROUNDS = 3
LEAST_DEADLINE = 60.0
"""Seconds that any worker may take; one with a longer plan may take 20 times what is planned."""
TOO_SHORT_FOR_ONE = 0.00002
"""A pilot times single calls; if the shortest takes fewer seconds, it runs again with blocks."""
ECHOED_SECONDS = 0.01
"""Calls up to this many seconds are so short that it matters how often their code runs."""
PILOT_SECONDS = 3.0
"""Seconds that a pilot is expected to take for each arm, when nothing is known of it yet."""

Announce = Callable[[str], None]
"""Called with the phase, ``pilot`` or ``measure``, before each worker process is started."""


@dataclass(frozen=True)
class Arm:
    """Something that is called in every round.

    Attributes:
        id: The implementation's id.
        threads: Whether it uses several threads, so that only wall time can judge it.
        target: A function to call instead of the implementation, with the same arguments, as
            ``module:name``.
        method: A method of the implementation's callable to call instead.
        kept: Whether the results of the calls are freed only after the clock has stopped.
        characters: Length of its text: the corpus, repeated or cut. ``None``: the corpus as it is.
        uncounted: A known slow-down: the share of calls that it makes beyond those counted.
        side: Folder of the wheel that it is loaded from. ``None``: the installed packages.
        name: The name that answers use for it instead of its id.
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

    def order(self, calls: int, primed: int = 0, echoes: int = 0) -> rounds.ArmOrder:
        """Return the arm's part of a worker's order.

        Args:
            calls: Number of calls in a block that are counted.
            primed: Number of calls before each block that are not timed.
            echoes: Number of further blocks in each round that are not timed.
        """
        fields = {
            "threads": self.threads,
            "target": self.target,
            "method": self.method,
            "kept": self.kept,
            "characters": self.characters,
            "side": self.side,
            "name": self.name,
            "primed": primed,
            "echoes": echoes,
        }
        order: rounds.ArmOrder = {"id": self.id, "calls": calls + round(calls * self.uncounted)}
        return cast(rounds.ArmOrder, order | {key: value for key, value in fields.items() if value})


def arm_of(row: Implementation) -> Arm:
    """Return the arm that calls an implementation."""
    return Arm(row.id, threads="parallel" in row.marks)


@dataclass(frozen=True)
class Setting:
    """The task, the corpus and the state that all arms of a comparison share.

    Attributes:
        task: The task's name.
        corpus: The id or path that the corpus was requested by, so that workers find it too.
        state: One of ``nanogpt_rs.ruler.rounds.STATES``, or ``BUILD``.
        watchful: Whether a worker looks after every block at everything that a call must leave
            alone. Otherwise it looks only at what takes a microsecond to check. The full check
            takes ten, and displaces more of what calls stand on.
        builds: The builds of the Rust module that processes draw from, for each side; the empty
            string is the side of what is installed. Without any, all processes load the same build.
        package_builds: The folders of builds of third parties' packages, by package.
    """

    task: str
    corpus: str
    state: str
    watchful: bool = False
    builds: Mapping[str, Sequence[LinkedBuild]] = field(default_factory=dict)
    package_builds: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def run(
        self,
        arms: Sequence[rounds.ArmOrder],
        timed_rounds: int,
        warm_up_rounds: int,
        seconds: float,
        build: int | None = None,
    ) -> timing.Answer:
        """Have one fresh process measure these rounds, and return its answer.

        Args:
            arms: The arms' parts of the order, see ``Arm.order``.
            timed_rounds: Number of rounds to time.
            warm_up_rounds: Number of rounds before them that are not timed.
            seconds: Seconds that the process is expected to take; its deadline depends on them.
            build: Place of the build to load among each side's builds. ``None``: what is installed.

        Raises:
            WorkerError: The process gave no answer.
        """
        order: rounds.Order = {
            "task": self.task,
            "corpus": self.corpus,
            "state": self.state,
            "packages": measured_packages(),
            "arms": arms,
            "rounds": timed_rounds,
            "warm_up_rounds": warm_up_rounds,
            "watchful": self.watchful,
            "seed": random.randrange(2**32),  # noqa: S311
        }
        if build is not None:
            folders = {side: str(builds[build].folder) for side, builds in self.builds.items()}
            order["builds"] = folders
            order["package_builds"] = {
                package: places[build] for package, places in self.package_builds.items()
            }
        return in_fresh_process("rounds", order, seconds)

    @property
    def build_count(self) -> int:
        """The number of builds that processes draw from; 1 where all load what is installed."""
        lists = (*self.builds.values(), *self.package_builds.values())
        return max(1, min(map(len, lists), default=1))

    def drawn_builds(self) -> Iterator[int | None]:
        """Yield for one process after the other the place of the build that it loads, for ever.

        Each build is used once, in a random order, before any is used again. Both sides of a
        ``diff`` load the builds at the same place of their lists, so that one number of a build
        tells which processes belong together.
        """
        places = range(self.build_count if self.builds or self.package_builds else 0)
        while places:
            yield from random.sample(places, len(places))
        while True:
            yield None


def in_fresh_process(worker: str, order: Mapping[str, object], seconds: float) -> timing.Answer:
    """Have one fresh process with a layout and a hash seed of its own measure rounds.

    Args:
        worker: Name of the module of the ruler that measures.
        order: Its order.
        seconds: Seconds that the process is expected to take; its deadline depends on them.

    Raises:
        WorkerError: The process gave no answer.
    """
    environment = {
        "NANOGPT_RS_PADDING": "x" * random.randrange(PADDING_LIMIT),  # noqa: S311
        "PYTHONHASHSEED": str(random.randrange(2**32)),  # noqa: S311
    }
    answer: timing.Answer = run_worker(
        worker, order, max(LEAST_DEADLINE, 20 * seconds), environment
    )
    return answer


class Measurable(Protocol):
    """What all arms of a comparison share, and what has a fresh process measure them.

    It is a ``Setting`` for rows of the registry; ``measuring.callables`` has another for callables
    that no registry knows.
    """

    @property
    def state(self) -> str:
        """Which state a call finds its input in."""

    @property
    def build_count(self) -> int:
        """The number of builds that processes draw from."""

    def drawn_builds(self) -> Iterator[int | None]:
        """Yield the place of the build that each process loads, for ever."""

    def run(
        self,
        arms: Sequence[rounds.ArmOrder],
        timed_rounds: int,
        warm_up_rounds: int,
        seconds: float,
        build: int | None = None,
    ) -> timing.Answer:
        """Have one fresh process measure these rounds, as ``Setting.run`` does."""


@cache
def measured_packages() -> dict[str, str | None]:
    """Return where the measured packages are imported from, looked up once."""
    return provenance.package_files()


@dataclass(frozen=True)
class Pilot:
    """How long calls take, according to a first short process.

    Attributes:
        seconds: Seconds for one call of each arm; arms that call the same have the same value.
        around: Seconds that each call costs beyond its own time, such as displacing its text.
    """

    seconds: tuple[float, ...]
    around: float


def run_pilot(setting: Measurable, arms: Sequence[Arm]) -> Pilot:
    """Find out how long calls take.

    Raises:
        WorkerError: The process gave no answer.
    """
    calls = (1,) * len(arms)
    while True:
        orders = [arm.order(count) for arm, count in zip(arms, calls, strict=True)]
        build = next(setting.drawn_builds())
        answer = setting.run(orders, PILOT_ROUNDS, 1, PILOT_SECONDS * len(arms), build)
        shortest: dict[Arm, float] = {}
        for arm, arm_blocks, count in zip(arms, answer["blocks"], calls, strict=True):
            # A thread's CPU time leaves out the turns of other threads, and the time that it
            # waited.
            times = (block[0 if arm.threads or block[3] else 1] for block in arm_blocks)
            least = max(1, min(times)) / count / 1e9
            same = replace(arm, side=None, name=None)
            shortest[same] = min(least, shortest.get(same, least))
        seconds = tuple(shortest[replace(arm, side=None, name=None)] for arm in arms)
        if setting.state in SINGLY or set(calls) != {1} or min(seconds) > TOO_SHORT_FOR_ONE:
            break
        calls = plan.calls_in_a_block(seconds)
    timed = sum(block[0] for arm_blocks in answer["blocks"] for block in arm_blocks) / 1e9
    around = max(0.0, answer["seconds"] - timed) / (PILOT_ROUNDS * sum(calls))
    return Pilot(seconds, around)


def echoes_of(arms: Sequence[Arm], seconds: Sequence[float], controlled: bool) -> tuple[int, ...]:
    """Return how many blocks of each arm a round runs without timing them.

    Code that runs more often finds more of itself in caches and branch predictors. A baseline runs
    two or three times a round: the same function of another build, run once, read 0.5 to 1.2 %
    slower at 1 to 3 us. Where branches depend on the text it read 3.4 % slower at 150 us, and still
    0.8 % at 2.5 ms. An arm that takes about as long as an arm that runs more often is therefore run
    as often.

    Args:
        arms: The arms in their order.
        seconds: Seconds for one call of each arm.
        controlled: Whether a positive control, which runs the baseline's code, is added to them.
    """
    codes = [code_of(arm) for arm in arms]
    runs = Counter(codes)
    runs[codes[0]] += controlled
    echoes = []
    for index, (code, call_seconds) in enumerate(zip(codes, seconds, strict=True)):
        alike = [
            runs[other]
            for other, other_seconds in zip(codes, seconds, strict=True)
            if 1 / plan.ALIKE <= call_seconds / other_seconds <= plan.ALIKE
        ]
        first = codes.index(code) == index
        echoes.append(max(alike) - runs[code] if first and call_seconds <= ECHOED_SECONDS else 0)
    return tuple(echoes)


def code_of(arm: Arm) -> Arm:
    """Return an arm reduced to the code that it runs, whatever its text and number of calls."""
    return Arm(arm.id, target=arm.target, method=arm.method, side=arm.side)


def measure(
    setting: Measurable,
    arms: Sequence[Arm],
    is_done: Callable[[Measured], bool],
    announce: Announce,
    *,
    plan_for: int | None = None,
    budget: float | None = None,
    multiple: int = 1,
    early: Sequence[Pair] = (),
    always_short: bool = False,
) -> Measured:
    """Run worker processes until ``is_done`` agrees, but at least as many as the plan demands.

    Args:
        setting: The task, corpus and state.
        arms: The baseline, the baseline a second time, and the contenders.
        is_done: Returns whether to stop; called after each process, for the first time after as
            many as the plan demands. Where the run may stop early, it must leave that to
            ``Measured.enough``.
        announce: Called before each process.
        plan_for: Plan for the first so many arms alone, and let the others run along.
        budget: Seconds to take at most. ``None``: chosen from the length of a call.
        multiple: Calls per block are rounded to a multiple of this where they are as many.
        early: Comparisons whose certain verdicts may end the run before the planned precision.
        always_short: Whether to try short processes even if the pilot saw no large difference.

    Raises:
        WorkerError: A process gave no answer.
    """
    start = time.perf_counter()
    announce("pilot")
    pilot = run_pilot(setting, arms)
    singly = setting.state in SINGLY

    def planned(count: int | None, echoes: Sequence[int] = ()) -> plan.Plan:
        return plan.plan(
            pilot.seconds[:count],
            around=pilot.around,
            singly=singly,
            budget=budget,
            multiple=multiple,
            echoes=echoes[:count],
            builds=setting.build_count,
        )

    controlled = planned(None).positive_calls is not None
    echoes = (0,) * len(arms) if singly else echoes_of(arms, pilot.seconds, controlled)
    plan_of_first, plan_of_all = planned(plan_for, echoes), planned(None, echoes)
    orders = [
        arm.order(calls, primed=primed, echoes=echo)
        for arm, calls, primed, echo in zip(
            arms, plan_of_all.calls, plan_of_all.primed, echoes, strict=True
        )
    ]
    positive = None
    if plan_of_all.positive_calls is not None:
        positive = len(arms)
        orders.append({**orders[0], "calls": plan_of_all.positive_calls, "echoes": 0})
    threads = tuple(index for index, arm in enumerate(arms) if arm.threads)
    along = plan_of_all.process_seconds / plan_of_first.process_seconds
    measured = Measured(plan_of_first, along, positive, threads, [], {}, {}, 0.0)
    measured.may_stop_early, measured.builds = bool(early), setting.build_count
    times = [(pilot.seconds[first], pilot.seconds[arm]) for arm, first in early]
    far = looks.all_differ(times, looks.FAR)
    shortened = plan_of_first.shortened(far=far) if early else None
    if shortened is not None and (always_short or looks.all_differ(times, looks.WORTH_A_TRY)):
        measured.short = True
        seconds = plan_of_all.process_seconds * shortened.process_seconds
        work = Work(setting, orders, shortened, seconds / plan_of_first.process_seconds, start)
        if run_processes(measured, work, plan_of_all.calls, is_done, announce):
            return measured
        measured.short = False
        measured.processes.clear()
        measured.cores.clear()
    work = Work(setting, orders, plan_of_first, plan_of_all.process_seconds, start)
    run_processes(measured, work, plan_of_all.calls, is_done, announce)
    return measured


@dataclass(frozen=True)
class Work:
    """What the processes of one length have to do.

    Attributes:
        setting: The task, corpus and state.
        orders: The arms' parts of each process's order.
        plan: How many rounds each of them measures.
        seconds: Seconds that one is expected to take with all arms.
        start: The time at which measuring began, of ``time.perf_counter``.
    """

    setting: Measurable
    orders: Sequence[rounds.ArmOrder]
    plan: plan.Plan
    seconds: float
    start: float


def run_processes(
    measured: Measured,
    work: Work,
    calls: Sequence[int],
    is_done: Callable[[Measured], bool],
    announce: Announce,
) -> bool:
    """Run processes of one length until ``is_done`` agrees or they are short and were enough.

    Args:
        measured: What has been measured; their blocks are added to it.
        work: What they have to do.
        calls: Number of calls that count in a block of each arm.
        is_done: Returns whether to stop.
        announce: Called before each process.

    Returns:
        Whether ``is_done`` agreed.

    Raises:
        WorkerError: A process gave no answer.
    """
    for build in work.setting.drawn_builds():
        announce("measure")
        answer = work.setting.run(
            work.orders, work.plan.rounds, work.plan.warm_up_rounds, work.seconds, build
        )
        measured.wrong |= answer["wrong"]
        for name, cores in answer["cores"].items():
            measured.cores.setdefault(name, []).append(cores)
        array, number = np.asarray(answer["blocks"], float), 0 if build is None else build + 1
        measured.processes.append(blocks.Process(array, answer["others"], number))
        for arm, count in enumerate(calls):
            # The uncounted calls of a planted slow-down must not count as calls.
            measured.processes[-1].blocks[arm, :, 4] = count
        measured.seconds = time.perf_counter() - work.start
        done = len(measured.processes)
        waits = done < measured.plan.least and not measured.may_stop_early
        if not waits and is_done(measured):
            return True
        if measured.short and done >= looks.short_processes(measured.builds):
            return False
    raise AssertionError("builds are drawn for ever")
