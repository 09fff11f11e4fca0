"""Describes the machine, and watches what on it can spoil a measurement."""

from __future__ import annotations

import math
import os
import platform
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nanogpt_rs.ruler import control_groups, free_memory

if TYPE_CHECKING:
    from nanogpt_rs.records.schema import Meanwhile


@dataclass(frozen=True)
class Machine:
    """The machine as it is now. A field is ``None`` where this system does not report it.

    Attributes:
        cpu: Model name of the processor.
        cores: Number of processors that this process may use.
        governor: Frequency governor of the first processor (Linux).
        load: Mean number of runnable processes over the last minute.
        steal: Share of processor time that the hypervisor gave to others, over a short sample.
        memory: Memory that this process may still take, in bytes.
        python: Implementation, version and build of this interpreter.
        system: Operating system and machine type.
    """

    cpu: str
    cores: int
    governor: str | None
    load: float | None
    steal: float | None
    memory: int
    python: str
    system: str


def examine() -> Machine:
    """Examine the machine; this takes a quarter of a second."""
    import psutil

    steal = getattr(psutil.cpu_times_percent(interval=0.25), "steal", None)
    return Machine(
        cpu=cpu_model(),
        cores=cores(),
        governor=read_line(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        steal=None if steal is None else steal / 100,
        memory=free_bytes(),
        python=python_build(),
        system=f"{platform.system()} {platform.machine()}",
    )


def free_bytes() -> int:
    """Return how many bytes of memory this process may still take, by all limits that it has."""
    if (left := free_memory.left()) is not None:
        return left.bytes
    import psutil

    return int(psutil.virtual_memory().available)


def cores() -> int:
    """Return how many processors this process may use, by all limits that it has."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    share = control_groups.processors()
    return count if share is None else max(1, min(count, math.ceil(share)))


class MachineWatch:
    """Watches the machine from the moment that this object is created."""

    def __init__(self) -> None:
        self.start = self.read()

    @staticmethod
    def read() -> tuple[float, float | None, float, float | None, float]:
        """Return the time, the load, and the machine's idle, stolen and total processor seconds."""
        import psutil

        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        # Linux counts guests' time within user time as well.
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        return time.monotonic(), load, idle, getattr(times, "steal", None), total

    def so_far(self) -> Meanwhile:
        """Return what happened on the machine since then."""
        began, load, idle, stolen, total = self.start
        now, load_now, idle_now, stolen_now, total_now = self.read()
        ticks = total_now - total
        from nanogpt_rs.records.schema import Meanwhile  # with all records, which takes long

        return Meanwhile(
            seconds=now - began,
            load=None if load is None or load_now is None else (load, load_now),
            steal=None
            if stolen is None or stolen_now is None or not ticks
            else (stolen_now - stolen) / ticks,
            busy=1 - (idle_now - idle) / ticks if ticks else None,
        )


def cpu_model() -> str:
    """Return the processor's model name, or its architecture if the system reports no name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def python_build() -> str:
    """Return this Python's implementation and version, and in what way its build is unusual."""
    words = [platform.python_implementation(), platform.python_version()]
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        words.append("free-threaded")
    if hasattr(sys, "gettotalrefcount"):
        words.append("debug build")
    return " ".join(words)


def read_line(path: Path) -> str | None:
    """Return the text of a small file, or ``None`` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
