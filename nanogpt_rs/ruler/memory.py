"""Measures a first call in a worker process: its time, and the memory that it takes.

The process has imported what the call needs and has done nothing else, so that its peak memory is
the call's.
"""

from __future__ import annotations

import gc
from time import perf_counter, process_time
from typing import TypedDict

from nanogpt_rs.ruler import corpora, files, provenance
from nanogpt_rs.ruler.held import CLEAR, RESET_PEAK, give_back, held
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import TASKS


class Order(TypedDict):
    """An order to measure a first call.

    Attributes:
        task: The task's name.
        id: The implementation's id.
        corpus: The name that the corpus is loaded by.
        packages: The files of the measured packages, as ``provenance.package_files`` returns them.
        uncached: Whether the system must have no copy of the call's files in memory.
    """

    task: str
    id: str
    corpus: str
    packages: dict[str, str | None]
    uncached: bool


class Answer(TypedDict):
    """What a first call took.

    Attributes:
        seconds: Seconds of wall-clock time.
        cpu_seconds: Seconds of the process's processor time.
        peak: Bytes by which the process had grown at most during the call.
        kept: Bytes by which the process had grown after the call. The result is among them, and so
            is what allocators do not give back.
    """

    seconds: float
    cpu_seconds: float
    peak: int
    kept: int


def answer(order: Order) -> Answer:
    """Make one call, in a worker process that has made none."""
    provenance.check_origins(order["packages"])
    task = TASKS[order["task"]]
    # The text itself is not kept in memory by a task that reads files.
    call = task.call(find(task.name, order["id"]).resolve(), corpora.load(order["corpus"]).text)
    function, arguments = call
    if order["uncached"]:
        assert task.files is not None
        for path in task.files(call):
            files.uncache(path)
    gc.collect()
    give_back()
    CLEAR.write_text(RESET_PEAK, encoding="ascii")
    before = held("VmRSS")
    cpu, wall = process_time(), perf_counter()
    result = function(*arguments)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    after, peak = held("VmRSS"), held("VmHWM")  # in this order the peak is never below the other
    del result
    return {
        "seconds": wall,
        "cpu_seconds": cpu,
        "peak": max(0, peak - before),
        "kept": max(0, after - before),
    }
