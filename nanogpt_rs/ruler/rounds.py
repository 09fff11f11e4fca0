"""What one worker process of a paired comparison measures: rounds of blocks, arm beside arm.

Arm 0 is the baseline and arm 1 the baseline again. Each round times one block of calls of each arm,
in a new random order; a cyclic order, which gives each arm the same predecessor for ever, found
differences between identical arms. The arms are made in a random order too.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable
from functools import cache, partial
from itertools import repeat
from mmap import mmap
from pathlib import Path
from pkgutil import resolve_name
from random import Random
from typing import Any, NamedTuple

from nanogpt_rs.ruler import corpora, files, provenance
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.sides import functions_of
from nanogpt_rs.ruler.surroundings import Surroundings, fork
from nanogpt_rs.ruler.tasks import TASKS, Call, Task
from nanogpt_rs.ruler.texts import repeated
from nanogpt_rs.ruler.worker import NO_ARM

LEAST_WATCHED = 0.02
"""Seconds for which an arm with threads is called to see how many cores it keeps busy."""

try:
    from resource import RUSAGE_THREAD, getrusage

    COUNTS_SWITCHES = True
except ImportError:  # Windows, macOS: nobody says whether a thread was preempted
    COUNTS_SWITCHES = False

    def switches() -> tuple[int, int]:
        """Return no switches, as this system does not count them by thread."""
        return 0, 0

else:

    def switches() -> tuple[int, int]:
        """Return this thread's involuntary and voluntary context switches so far."""
        usage = getrusage(RUSAGE_THREAD)
        return usage.ru_nivcsw, usage.ru_nvcsw


class CallBlock(NamedTuple):
    """What a block of calls of one arm took.

    Attributes:
        wall_ns, cpu_ns: by the wall clock, and of this thread's processor time.
        involuntary, voluntary: context switches of this thread.
        calls: how many calls were made.
    """

    wall_ns: int
    cpu_ns: int
    involuntary: int
    voluntary: int
    calls: int


@cache
def displacing() -> bytearray:
    """Return what is copied to evict: many times a core's own cache, less than large shared ones.

    Made when first asked for, as most who import this module evict nothing.
    """
    return bytearray(32 * 2**20)


Once = Callable[[Call, int], CallBlock]
"""Times a block of calls: with the freeing of what they return, ``warm``, or without, ``kept``."""


def warm(call: Call, calls: int, _task: Task | None = None) -> CallBlock:
    """Time a block of calls on one text object."""
    function, arguments = call
    involuntary, voluntary = switches()
    cpu = time.thread_time_ns()
    wall = time.perf_counter_ns()
    for _call in repeat(None, calls):
        function(*arguments)
    wall = time.perf_counter_ns() - wall
    cpu = time.thread_time_ns() - cpu
    after = switches()
    return CallBlock(wall, cpu, after[0] - involuntary, after[1] - voluntary, calls)


def kept(call: Call, calls: int, _task: Task | None = None) -> CallBlock:
    """Time a block of calls without the freeing of what they return."""
    function, arguments = call
    results: list[object] = [None] * calls
    places = range(calls)
    involuntary, voluntary = switches()
    cpu = time.thread_time_ns()
    wall = time.perf_counter_ns()
    for place in places:
        results[place] = function(*arguments)
    wall = time.perf_counter_ns() - wall
    cpu = time.thread_time_ns() - cpu
    after = switches()
    return CallBlock(wall, cpu, after[0] - involuntary, after[1] - voluntary, calls)


def fresh_str(call: Call, calls: int, task: Task, once: Once = warm) -> CallBlock:
    """Time calls one by one, each on a text object that no call has seen."""
    return total([once(task.renew(call), 1) for _ in range(calls)])


def evicted(call: Call, calls: int, _task: Task, once: Once = warm) -> CallBlock:
    """Time calls one by one, each after other data has displaced the text from the caches."""
    blocks = []
    for _ in range(calls):
        bytes(displacing())
        blocks.append(once(call, 1))
    return total(blocks)


def uncached_file(call: Call, calls: int, task: Task, once: Once = warm) -> CallBlock:
    """Time calls one by one, each after the system has forgotten its copy of the files."""
    assert task.files is not None
    blocks = []
    for _ in range(calls):
        for path in task.files(call):
            files.uncache(path)
        blocks.append(once(call, 1))
    return total(blocks)


def first_call(call: Call, calls: int, _task: Task, once: Once | None = None) -> CallBlock:  # noqa: ARG001
    """Time calls one by one, each in a process forked for it, whose first call it is.

    This process makes none of them before, so that neither memory nor a library is prepared. What
    is returned is kept, as a job keeps it. A fork rather than a new interpreter, since importing
    torch a thousand times would take an hour; ``nanogpt-rs memory`` has a few real ones.
    """
    return total([forked(call) for _ in range(calls)])


def forked(call: Call) -> CallBlock:
    """Return the block of one call in a process forked from this one.

    Raises:
        ChildProcessError: that process ended without an answer.
    """
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        try:
            os.write(writing, json.dumps(kept(call, 1)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:  # noqa: PTH123 - a pipe
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if not said:
        raise ChildProcessError(f"the first call ended with status {status} and no answer")
    return CallBlock(*json.loads(said))


def total(blocks: list[CallBlock]) -> CallBlock:
    """Return blocks of the same arm as one."""
    return CallBlock(*map(sum, zip(*blocks, strict=True)))


Take = Callable[..., CallBlock]
"""Times so many calls of a task; ``once`` says by what, where that is one call after the other."""
BUILD = "build"
"""What stands in a state's place where the building of what is called is timed."""
STATES: dict[str, Take] = {
    "warm": warm,
    "fresh_str": fresh_str,
    "evicted": evicted,
    "uncached_file": uncached_file,
    "first_call": first_call,
}
"""How a call finds its text: the same object each time, which may have its UTF-8 form cached; an
object that no call has seen; the same object, displaced from the core's caches; a file of which the
system has no copy in memory; or the same object or file, in a process that has called nothing."""
SINGLY = frozenset({"evicted", "uncached_file", "first_call"})
"""States whose blocks are a single call: what comes before it is no call's."""


def applies(task: Task, state: str) -> bool:
    """Return whether a task's input can be in a state: a text object, or a file."""
    if state == "fresh_str":
        return task.files is None
    return state != "uncached_file" or task.files is not None


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Measure one process's worth.

    Args:
        order: ``task``, ``corpus`` and ``state``, one of ``STATES`` or ``BUILD``; ``packages``, as
            ``provenance.package_files`` has them; ``rounds`` and ``warm_up_rounds``;
            ``watchful``, whether all surroundings are checked after each block, if need be;
            ``seed`` of the random orders; ``mark``, a file whose one byte says which arm is being
            called; ``arms``, each
            with ``id``, ``calls`` in a block and, if need be, ``primed`` (so many calls before
            each block are not timed, so that no arm works on what another left in the caches),
            ``threads`` (it uses several), ``target`` (what to call instead, with the same
            arguments), ``method`` (of what would be called, to call instead), ``kept`` (what calls
            return is freed after the clock has stopped), ``characters`` (its text is repeated or
            cut to so many), ``side`` (the folder of the wheel that its function comes from) and
            ``name`` (which the answer calls it by, instead of its id) and ``echoes`` (so many
            blocks besides in each round, at random places of it, which are not timed).

    Returns:
        ``blocks``, by arm and round as in ``CallBlock``; ``others``, the share of the machine's
        processor time that other processes took meanwhile, or ``None``; ``seconds`` that the
        rounds took, all in all; ``cores``, by name how many an arm with threads kept busy;
        ``wrong``, by name what a contender's last answer lacked: it was right when it was verified.
    """
    arms = order["arms"]
    if not all("side" in arm for arm in arms):  # of those, each is held to its own wheel
        provenance.check_origins(order["packages"])
    task, corpus = TASKS[order["task"]], corpora.load(order["corpus"])
    random = Random(order["seed"])  # noqa: S311
    indices = range(len(arms))
    mark = marks(order["mark"])
    texts = [text_of(task, arm, corpus.text) for arm in arms]
    functions = sided(task, arms, random)
    made: dict[int, Call] = {}
    for index in random.sample(indices, len(arms)):
        mark[0] = index
        made[index] = call_of(task, arms[index], functions[index], texts[index], order["state"])
    calls = [made[index] for index in indices]
    take = STATES.get(order["state"], warm)
    keep = kept if take is warm else partial(take, once=kept)
    blocks: list[list[CallBlock]] = [[] for _ in arms]
    slots = [
        (index, place == 0)
        for index, arm in enumerate(arms)
        for place in range(1 + arm.get("echoes", 0))
    ]
    surroundings = Surroundings()
    look = surroundings.check if order.get("watchful") else surroundings.glance
    gc.collect()
    gc.disable()
    for round in range(-order["warm_up_rounds"], order["rounds"]):
        if round == 0:
            watch, start = CallWatch(), time.perf_counter()
        for index, timed in random.sample(slots, len(slots)):
            call, arm = calls[index], arms[index]
            mark[0] = index
            for _ in range(arm.get("primed", 0)):
                call[0](*call[1])
            block = (keep if arm.get("kept") else take)(call, arm["calls"], task)
            look()
            if round >= 0 and timed:
                blocks[index].append(block)
    seconds = time.perf_counter() - start
    others = watch.others()
    gc.enable()
    mark[0] = NO_ARM
    surroundings.check()
    cores, wrong = {}, {}
    expected = {text: task.oracle(text) for text in set(texts)}
    for name, index in {name_of(arm): index for index, arm in enumerate(arms)}.items():
        arm, call = arms[index], calls[index]
        mark[0] = index
        if arm.get("threads"):
            cores[name] = cores_used(call)
        if order["state"] == BUILD or arm.keys() & {"target", "method"} or is_limit(task, arm):
            continue  # gives no answer to the task
        if difference := task.difference(task.answer(call), expected[texts[index]]):
            wrong[name] = f"right at first, then wrong: {difference}"
    return {
        "blocks": blocks,
        "others": others,
        "seconds": seconds,
        "cores": cores,
        "wrong": wrong,
    }


def marks(path: str) -> mmap:
    """Return a byte of memory that outlives this process, however it ends."""
    with Path(path).open("r+b") as file:
        return mmap(file.fileno(), 1)


def name_of(arm: dict[str, Any]) -> str:
    """Return what an answer calls an arm by."""
    return str(arm.get("name", arm["id"]))


def sided(task: Task, arms: list[dict[str, Any]], random: Random) -> list[Any]:
    """Return for each arm its side's function, ``None`` where it has no side but the installed one.

    The sides are loaded in a random order.
    """
    wanted: dict[str, set[str]] = {}
    for arm in arms:
        if "side" in arm:
            row = find(task.name, arm["id"])
            row.import_needs()
            wanted.setdefault(arm["side"], set()).update((row.target, *row.given))
    loaded = {
        side: functions_of(side, wanted[side]) for side in random.sample(list(wanted), len(wanted))
    }

    def of(arm: dict[str, Any]) -> Any:
        row, found = find(task.name, arm["id"]), loaded[arm["side"]]
        return row.with_given(found[row.target], found.__getitem__)

    return [of(arm) if "side" in arm else None for arm in arms]


def call_of(task: Task, arm: dict[str, Any], function: Any, text: str, state: str) -> Call:
    """Return what is timed for an arm: its registry row's call, or one with the same arguments.

    Args:
        task: the task.
        arm: as ordered.
        function: what its side has, ``None`` for what is installed.
        text: the arm's own.
        state: of ``STATES``, or ``BUILD``.
    """
    implementation = function or find(task.name, arm["id"]).resolve()
    if state == BUILD:
        assert task.build is not None
        return task.build(implementation, text)
    function, arguments = task.call(implementation, text)
    if "target" in arm:
        function = resolve_name(arm["target"])
    elif "method" in arm:
        function = getattr(function, arm["method"])
    return function, arguments


def is_limit(task: Task, arm: dict[str, Any]) -> bool:
    """Return whether an arm is a limit, which has no answer to be right or wrong."""
    return "limit" in find(task.name, arm["id"]).marks


def text_of(task: Task, arm: dict[str, Any], text: str) -> str:
    """Return an arm's own copy of the text, repeated or cut to its ``characters`` if it has any.

    What reads files is given none, so that a gigabyte need not be there once for each arm.
    """
    if "characters" in arm:
        text = repeated(text, arm["characters"])
    return corpora.own_copy(text) if task.files is None else text


def cores_used(call: Call) -> float:
    """Return how many cores a call keeps busy: processor time of all threads over wall time."""
    function, arguments = call
    cpu, wall = time.process_time(), time.perf_counter()
    while time.perf_counter() - wall < LEAST_WATCHED:
        function(*arguments)
    return (time.process_time() - cpu) / (time.perf_counter() - wall)


class CallWatch:
    """Tells how much of the machine other processes used since it was made."""

    def __init__(self) -> None:
        self.start = self.read()

    @staticmethod
    def read() -> tuple[float, float, float] | None:
        """Return busy and all ticks of the machine's processors, and our own CPU seconds.

        Ours are also those of processes that we forked and waited for.
        """
        try:
            fields = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()[1:9]
        except OSError:  # not Linux
            return None
        ticks = list(map(int, fields))
        idle = ticks[3] + ticks[4]
        return sum(ticks) - idle, sum(ticks), time.process_time() + sum(os.times()[2:4])

    def others(self) -> float | None:
        """Return the share, 0 to 1, of the machine's processor time that others took."""
        end = self.read()
        if self.start is None or end is None or end[1] == self.start[1]:
            return None
        busy, all_, own = (after - before for after, before in zip(end, self.start, strict=True))
        ticks_a_second = 100  # what Linux shows to processes, on every architecture in use
        return min(1.0, max(0.0, (busy - own * ticks_a_second) / all_))
