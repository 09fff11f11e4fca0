"""The memory that this process holds, and has held at most, as Linux tells it."""

from __future__ import annotations

import ctypes
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # see proc(5)


def cannot() -> str | None:
    """Return the reason why a call's peak memory cannot be measured here, ``None`` if it can."""
    try:
        CLEAR.write_text(RESET_PEAK, encoding="ascii")
        held("VmHWM")
    except (OSError, KeyError):
        return "only Linux's /proc/self tells and resets a process's peak, and here it does not"
    return None


def held(field: str) -> int:
    """Return how many bytes of memory this process holds, or has held at most.

    Args:
        field: ``VmRSS`` for the present memory, ``VmHWM`` for the peak.

    Raises:
        OSError, KeyError: this system does not tell.
    """
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return int(dict(line.split(":", 1) for line in lines)[field].split()[0]) * 1024


def give_back() -> None:
    """Have the allocator return its free memory to the system: a call would reuse it unnoticed."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc
        trim(0)
