"""What one worker process measures of a first call: its time, and the memory that it takes.

The process has imported what the call needs and made nothing else, so that its peak is the call's.
"""

from __future__ import annotations

import ctypes
import gc
import time
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler import corpora, files, provenance
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import TASKS

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # as proc(5) has it


def cannot() -> str | None:
    """Return why a call's peak cannot be told here, or ``None``."""
    try:
        CLEAR.write_text(RESET_PEAK, encoding="ascii")
        held("VmHWM")
    except (OSError, KeyError):
        return "only Linux's /proc/self tells and resets a process's peak, and here it does not"
    return None


def held(field: str) -> int:
    """Return what this process holds in memory (``VmRSS``), or held at most (``VmHWM``), in bytes.

    Raises:
        OSError, KeyError: this system does not say.
    """
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return int(dict(line.split(":", 1) for line in lines)[field].split()[0]) * 1024


def give_back() -> None:
    """Have the allocator return to the system what it has free: a call would reuse it unseen."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc
        trim(0)


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Make one call, in a process that has made none.

    Args:
        order: ``task``, ``id`` and ``corpus``; ``packages``, as
            ``provenance.package_files`` has them;
            ``uncached``, whether the system must have no copy of the call's files.

    Returns:
        ``seconds`` of the call by the wall clock and ``cpu_seconds`` of the process; ``peak`` and
        ``kept``, by how many bytes the process grew during the call, at most and in the end. The
        result is kept, and so is what allocators do not give back.
    """
    provenance.check_origins(order["packages"])
    task = TASKS[order["task"]]
    # The text goes: a task that reads files gets no other copy of it.
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
    cpu, wall = time.process_time(), time.perf_counter()
    answer = function(*arguments)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    after, peak = held("VmRSS"), held("VmHWM")  # so that the peak is never below it
    del answer
    return {
        "seconds": wall,
        "cpu_seconds": cpu,
        "peak": max(0, peak - before),
        "kept": max(0, after - before),
    }
