"""Times blocks of calls, and watches the machine meanwhile. A worker imports it quickly."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import repeat
from mmap import mmap
from pathlib import Path
from random import Random

# Bound here: what a contender does to the module ``time`` must change no measurement.
from time import perf_counter, perf_counter_ns, process_time, thread_time_ns
from typing import NamedTuple, NotRequired, TypedDict

Call = tuple[Callable[..., object], tuple[object, ...]]
"""A function and its arguments. Exactly this is timed, with no code of ours in between."""
MOST_CONTENDERS = 12
"""Contenders in one comparison. More would spread a round over too long a time, and would give
chance too many tries."""
LEAST_WATCHED = 0.02
"""Seconds for which an arm with threads is called to find out how many cores it keeps busy."""

try:
    from resource import RUSAGE_THREAD, getrusage

    COUNTS_SWITCHES = True
except ImportError:  # Windows and macOS do not tell whether a thread was preempted
    COUNTS_SWITCHES = False

    def switches() -> tuple[int, int]:
        """Return no switches, because this system does not count them by thread."""
        return 0, 0

else:

    def switches() -> tuple[int, int]:
        """Return the numbers of this thread's involuntary and voluntary context switches so far."""
        usage = getrusage(RUSAGE_THREAD)
        return usage.ru_nivcsw, usage.ru_nvcsw


class CallBlock(NamedTuple):
    """The measurement of a block of calls of one arm.

    Attributes:
        wall_ns: Nanoseconds of wall-clock time.
        cpu_ns: Nanoseconds of this thread's processor time.
        involuntary: Number of involuntary context switches of this thread.
        voluntary: Number of voluntary context switches of this thread.
        calls: Number of calls.
    """

    wall_ns: int
    cpu_ns: int
    involuntary: int
    voluntary: int
    calls: int


Once = Callable[[Call, int], CallBlock]
"""Times a block of calls, either with the freeing of their results (``warm``) or without it
(``kept``)."""


def warm(call: Call, calls: int, _task: object | None = None) -> CallBlock:
    """Time a block of calls on one text object."""
    function, arguments = call
    involuntary, voluntary = switches()
    cpu = thread_time_ns()
    wall = perf_counter_ns()
    for _call in repeat(None, calls):
        function(*arguments)
    wall = perf_counter_ns() - wall
    cpu = thread_time_ns() - cpu
    after = switches()
    return CallBlock(wall, cpu, after[0] - involuntary, after[1] - voluntary, calls)


def kept(call: Call, calls: int, _task: object | None = None) -> CallBlock:
    """Time a block of calls without the freeing of their results."""
    function, arguments = call
    results: list[object] = [None] * calls
    places = range(calls)
    involuntary, voluntary = switches()
    cpu = thread_time_ns()
    wall = perf_counter_ns()
    for place in places:
        results[place] = function(*arguments)
    wall = perf_counter_ns() - wall
    cpu = thread_time_ns() - cpu
    after = switches()
    return CallBlock(wall, cpu, after[0] - involuntary, after[1] - voluntary, calls)


def total(blocks: list[CallBlock]) -> CallBlock:
    """Return the sum of blocks of the same arm, as one block."""
    return CallBlock(*map(sum, zip(*blocks, strict=True)))


def marks(path: str) -> mmap:
    """Return a byte of memory, mapped from a file, that outlives this process however it ends."""
    with Path(path).open("r+b") as file:
        return mmap(file.fileno(), 1)


def cores_used(call: Call) -> float:
    """Return the number of cores that a call keeps busy: all threads' time over wall time."""
    function, arguments = call
    cpu, wall = process_time(), perf_counter()
    while perf_counter() - wall < LEAST_WATCHED:
        function(*arguments)
    return (process_time() - cpu) / (perf_counter() - wall)


class CallWatch:
    """Tells how much of the machine other processes have used since this was made."""

    def __init__(self) -> None:
        self.start = self.read()

    @staticmethod
    def read() -> tuple[float, float, float] | None:
        """Return busy and all ticks of the machine's processors, and our own processor seconds.

        Our own include those of processes that we forked and waited for.
        """
        try:
            fields = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()[1:9]
        except OSError:  # not Linux
            return None
        ticks = list(map(int, fields))
        idle = ticks[3] + ticks[4]
        return sum(ticks) - idle, sum(ticks), process_time() + sum(os.times()[2:4])

    def others(self) -> float | None:
        """Return the share, 0 to 1, of the machine's processor time that others took."""
        end = self.read()
        if self.start is None or end is None or end[1] == self.start[1]:
            return None
        busy, all_, own = (after - before for after, before in zip(end, self.start, strict=True))
        ticks_per_second = 100  # as Linux shows them to processes, on every architecture in use
        return min(1.0, max(0.0, (busy - own * ticks_per_second) / all_))


class TimedArm(TypedDict):
    """What is timed of one arm.

    Attributes:
        calls: Number of calls in a block.
        primed: Number of calls before each block that are not timed, so that no arm works on what
            another arm left in the caches (default: none).
        echoes: Number of further blocks in each round, at random places, which are not timed.
    """

    calls: int
    primed: NotRequired[int]
    echoes: NotRequired[int]


class Extent(TypedDict):
    """How much is measured.

    Attributes:
        rounds: Number of rounds that are timed.
        warm_up_rounds: Number of rounds before them that are not timed.
    """

    rounds: int
    warm_up_rounds: int


class Answer(TypedDict):
    """The measurements of one process.

    Attributes:
        blocks: By arm and round, the fields of a ``CallBlock``.
        others: The share of the machine's processor time, 0 to 1, that other processes took
            meanwhile. ``None`` where the system does not tell.
        seconds: Seconds that all rounds took together.
        cores: By name, the number of cores that an arm with threads kept busy.
        wrong: By name, the fault in the last answer of a contender whose first answer was right.
    """

    blocks: list[list[CallBlock]]
    others: float | None
    seconds: float
    cores: dict[str, float]
    wrong: dict[str, str]


def measure(
    extent: Extent,
    arms: Sequence[TimedArm],
    calls: Sequence[Call],
    take: Callable[[int], CallBlock],
    mark: mmap,
    random: Random,
    look: Callable[[], None],
) -> tuple[list[list[CallBlock]], float | None, float]:
    """Time the rounds.

    Args:
        extent: How many.
        arms: What is timed of each arm.
        calls: The arms' calls.
        take: Times a block of the arm of this index.
        mark: Its byte is set to the index of the arm that is being called.
        random: Decides the order of the arms in each round.
        look: Checks the surroundings after each block.

    Returns:
        The blocks by arm and round, the share of the machine that other processes took, and the
        seconds that all took together.
    """
    blocks: list[list[CallBlock]] = [[] for _ in arms]
    slots = [
        (index, place == 0)
        for index, arm in enumerate(arms)
        for place in range(1 + arm.get("echoes", 0))
    ]
    for round in range(-extent["warm_up_rounds"], extent["rounds"]):
        if round == 0:
            watch, start = CallWatch(), perf_counter()
        for index, timed in random.sample(slots, len(slots)):
            function, arguments = calls[index]
            mark[0] = index
            for _ in range(arms[index].get("primed", 0)):
                function(*arguments)
            block = take(index)
            look()
            if round >= 0 and timed:
                blocks[index].append(block)
    seconds = perf_counter() - start
    return blocks, watch.others(), seconds
