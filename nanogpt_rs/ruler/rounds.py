"""The rounds that one worker process of a paired comparison measures.

Arm 0 is the baseline, and arm 1 is the baseline measured a second time. Each round times one block
of calls of each arm, in a new random order. A cyclic order, which gives each arm the same
predecessor in every round, found differences between identical arms. The arms are made in a random
order too.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from operator import attrgetter
from pkgutil import resolve_name
from random import Random
from typing import Any, NotRequired

from nanogpt_rs.ruler import corpora, files, provenance
from nanogpt_rs.ruler.new_text import UsedEncoder
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.sides import functions_of
from nanogpt_rs.ruler.surroundings import Surroundings, fork, importing
from nanogpt_rs.ruler.tasks import TASKS, Call, Task
from nanogpt_rs.ruler.texts import repeated
from nanogpt_rs.ruler.timing import (
    Answer,
    CallBlock,
    Extent,
    Once,
    TimedArm,
    cores_used,
    kept,
    marks,
    measure,
    total,
    warm,
)
from nanogpt_rs.ruler.worker import NO_ARM


@cache
def displacing() -> bytearray:
    """Return the data that is copied to evict a text from the caches.

    It is many times larger than a core's own cache, but smaller than large shared ones. It is made
    at the first call, because most processes that import this module evict nothing.
    """
    return bytearray(32 * 2**20)


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


def new_text(call: Call, calls: int, _task: Task, once: Once = warm) -> CallBlock:
    """Time calls one by one, each of an encoder that was used before on a text new to it."""
    used, _ = call
    assert isinstance(used, UsedEncoder)
    return total([once(used.call_on_new_text(), 1) for _ in range(calls)])


def first_call(call: Call, calls: int, _task: Task, once: Once | None = None) -> CallBlock:  # noqa: ARG001
    """Time calls one by one, each as the first call of a process that is forked for it.

    This process makes none of them before, so that neither memory nor a library is prepared. The
    result of a call is kept, as a job keeps it. The process is forked rather than started anew,
    because importing torch a thousand times would take an hour. ``profile memory`` starts a few
    real ones.
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
    with open(reading, "rb") as pipe:  # noqa: PTH123 - not a path
        block = pipe.read()
    _, status = os.waitpid(child, 0)
    if not block:
        raise ChildProcessError(f"the first call ended with status {status} and no answer")
    return CallBlock(*json.loads(block))


Take = Callable[..., CallBlock]
"""Times a number of calls of a task. States that time calls one by one take ``once`` besides, which
times a single call."""
BUILD = "build"
"""Stands in the place of a state where the building of an encoder or decoder is timed."""
NEW_TEXT = "new_text"
"""The state of texts that are new to an encoder, which was used before."""
STATES: dict[str, Take] = {
    "warm": warm,
    "fresh_str": fresh_str,
    "evicted": evicted,
    "uncached_file": uncached_file,
    "first_call": first_call,
    NEW_TEXT: new_text,
}
"""The states in which a call can find its text. ``warm``: the same object each time, which may have
its UTF-8 form cached. ``fresh_str``: an object that no call has seen. ``evicted``: the same object,
displaced from the core's caches. ``uncached_file``: a file of which the system has no copy in
memory. ``first_call``: the same object or file, in a process that has called nothing. ``new_text``:
the second half of the text, for an encoder that has encoded the first half and nothing else."""
SINGLY = frozenset({"evicted", "uncached_file", "first_call", NEW_TEXT})
"""States whose blocks are a single call, because work that is not timed comes before every call."""


def applies(task: Task, state: str) -> bool:
    """Return whether a task's input, a text object or files, can be in a state."""
    if state == "fresh_str":
        return task.files is None
    if state == NEW_TEXT:
        return task.used is not None
    return state != "uncached_file" or task.files is not None


class ArmOrder(TimedArm):
    """One arm of an order.

    Attributes:
        id: The implementation's id.
        threads: Whether the implementation uses several threads (default: no).
        target: The name of a function to call instead, with the same arguments.
        method: The name of a method to call instead, of the object that would be called.
        kept: Whether the results of calls are freed only after the clock has stopped.
        characters: The length to which the arm's text is repeated or cut.
        side: The folder of the wheel that the function comes from (default: what is installed).
        name: The arm's name in the answer (default: its id).
    """

    id: str
    threads: NotRequired[bool]
    target: NotRequired[str]
    method: NotRequired[str]
    kept: NotRequired[bool]
    characters: NotRequired[int]
    side: NotRequired[str]
    name: NotRequired[str]


class Order(Extent):
    """An order to measure rounds.

    Attributes:
        task: The task's name.
        corpus: The name that the corpus is loaded by.
        state: A state of ``STATES``, or ``BUILD``.
        packages: The files of the measured packages, as ``provenance.package_files`` returns them.
        watchful: Whether all surroundings are checked after each block (default: only what takes a
            microsecond).
        seed: The seed of the random orders.
        arms: The arms, the baseline first.
        builds: The folder of the build of the Rust module to load, for each side. The empty string
            is the side of what is installed. A side without a build loads the module of its own.
        package_builds: The folder of the build to load, for each of third parties' packages.
        mark: The path of a file whose single byte is the index of the arm that is being called;
            ``run_worker`` adds it.
    """

    task: str
    corpus: str
    state: str
    packages: dict[str, str | None]
    watchful: NotRequired[bool]
    seed: int
    arms: Sequence[ArmOrder]
    builds: NotRequired[dict[str, str]]
    package_builds: NotRequired[dict[str, str]]
    mark: NotRequired[str]


def answer(order: Order) -> Answer:
    """Measure the rounds that are ordered, in a worker process."""
    arms = order["arms"]
    builds = order.get("builds", {})
    if not all("side" in arm for arm in arms):  # an arm with a side is checked against its wheel
        packages = order["packages"]
        if build := builds.get(""):
            sys.path.insert(0, build)
            packages = {**packages, **provenance.files_of_build(build)}
        provenance.check_origins(packages)
        if build:
            provenance.check_linked(build, importlib.import_module("rust_impls"))
    for package, folder in order.get("package_builds", {}).items():
        sys.path.insert(0, folder)
        provenance.check_package_build(package, folder)
    task, corpus = TASKS[order["task"]], corpora.load(order["corpus"])
    random = Random(order["seed"])  # noqa: S311
    mark = marks(order["mark"])
    texts = [text_of(task, arm, corpus.text) for arm in arms]
    functions = functions_by_side(task, arms, random, builds)
    made: dict[int, Call] = {}
    for index in random.sample(range(len(arms)), len(arms)):
        mark[0] = index
        with importing():
            made[index] = call_of(task, arms[index], functions[index], texts[index], order["state"])
    calls = [made[index] for index in range(len(arms))]
    surroundings = Surroundings()
    look = surroundings.check if order.get("watchful") else surroundings.glance
    gc.collect()
    gc.disable()
    state = STATES.get(order["state"], warm)
    state_kept = kept if state is warm else partial(state, once=kept)

    def take(index: int) -> CallBlock:
        in_state = state_kept if arms[index].get("kept") else state
        return in_state(calls[index], arms[index]["calls"], task)

    blocks, others, seconds = measure(order, arms, calls, take, mark, random, look)
    gc.enable()
    mark[0] = NO_ARM
    surroundings.check()
    cores: dict[str, float] = {}
    wrong: dict[str, str] = {}
    expected = {text: task.oracle(text) for text in set(texts)}
    for name, index in {name_of(arm): index for index, arm in enumerate(arms)}.items():
        arm, call = arms[index], calls[index]
        mark[0] = index
        if arm.get("threads"):
            cores[name] = cores_used(call)
        if order["state"] == BUILD or arm.keys() & {"target", "method"} or is_limit(task, arm):
            continue  # its result is no answer to the task
        if difference := task.difference(task.answer(call), expected[texts[index]]):
            wrong[name] = f"right at first, then wrong: {difference}"
    return {
        "blocks": blocks,
        "others": others,
        "seconds": seconds,
        "cores": cores,
        "wrong": wrong,
    }


def name_of(arm: ArmOrder) -> str:
    """Return an arm's name in the answer."""
    return arm.get("name", arm["id"])


def functions_by_side(
    task: Task, arms: Sequence[ArmOrder], random: Random, builds: Mapping[str, str]
) -> list[Any]:
    """Return each arm's function of its side, ``None`` for an arm without a side.

    The sides are loaded in a random order.

    Args:
        task: The task.
        arms: The arms' orders.
        random: The source of that order.
        builds: The folder of the build of the Rust module to load, by side.
    """
    names: dict[str, set[str]] = {}
    for arm in arms:
        if "side" in arm:
            row = find(task.name, arm["id"])
            row.import_needs()
            names.setdefault(arm["side"], set()).update(row.names())
    loaded = {
        side: functions_of(side, names[side], builds.get(side))
        for side in random.sample(list(names), len(names))
    }

    def function_of(arm: ArmOrder) -> Any:
        row, functions = find(task.name, arm["id"]), loaded[arm["side"]]
        return row.with_given(functions[row.target], functions.__getitem__)

    return [function_of(arm) if "side" in arm else None for arm in arms]


def call_of(task: Task, arm: ArmOrder, function: Any, text: str, state: str) -> Call:
    """Return the call that is timed for an arm: its implementation's, or one of its arguments.

    Args:
        task: The task.
        arm: The arm's order.
        function: The function of the arm's side, ``None`` for the installed one.
        text: The arm's own text.
        state: A state of ``STATES``, or ``BUILD``.
    """
    implementation = function or find(task.name, arm["id"]).resolve()
    if state == BUILD:
        assert task.build is not None
        return task.build(implementation, text)
    if state == NEW_TEXT:
        assert task.used is not None
        used, reach = task.used(implementation, text), reach_of(arm)
        return used.reaching(reach) if reach else used, used.arguments(text)
    function, arguments = task.call(implementation, text)
    reach = reach_of(arm)
    return reach(function) if reach else function, arguments


def reach_of(arm: ArmOrder) -> Callable[[Any], Any] | None:
    """Return what finds the function that an arm calls instead of its own, ``None`` for its own."""
    if "target" in arm:
        target = resolve_name(arm["target"])
        return lambda _function: target
    return attrgetter(arm["method"]) if "method" in arm else None


def is_limit(task: Task, arm: ArmOrder) -> bool:
    """Return whether an arm is a limit, whose answer is neither right nor wrong."""
    return "limit" in find(task.name, arm["id"]).marks


def text_of(task: Task, arm: ArmOrder, text: str) -> str:
    """Return an arm's own copy of the text, repeated or cut to ``characters`` if these are given.

    Arms that read files share the text, so that a gigabyte is not held once for each arm.
    """
    if "characters" in arm:
        text = repeated(text, arm["characters"])
    return corpora.own_copy(text) if task.files is None else text
