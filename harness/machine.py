"""What can be said about the machine, and what of it spoils a measurement."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The machine now. Fields are ``None`` where this system does not tell.

    Attributes:
        cpu: model name of the processor.
        cores: processors this process may use.
        governor: frequency governor of the first processor (Linux).
        load: mean number of runnable processes over the last minute.
        steal: share of processor time that the hypervisor gave to others, over a short sample.
        memory: available memory, in bytes.
        python: implementation, version and build of this interpreter.
        system: operating system and machine type.
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
    """Look at the machine; takes a quarter of a second."""
    import psutil

    steal = getattr(psutil.cpu_times_percent(interval=0.25), "steal", None)
    return Machine(
        cpu=cpu_model(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        governor=read_line(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        steal=None if steal is None else steal / 100,
        memory=psutil.virtual_memory().available,
        python=python_build(),
        system=f"{platform.system()} {platform.machine()}",
    )


def cpu_model() -> str:
    """Return the processor's model name, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def python_build() -> str:
    """Return implementation and version of this Python, and whether it is an unusual build."""
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
