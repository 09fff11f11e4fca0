"""Where a training step in Python spends its time: samples of the instruction that runs.

The process is stopped a thousand times a second, and the library that its main thread runs in is
noted. That is what ``perf`` does, without its permission: Linux lets a process look at a child that
it started itself. Time in Python's interpreter and in torch's Python layer is what a loop in
another language could save; time in torch's own libraries, in matrix products and in the allocator
it would spend as well.
"""

from __future__ import annotations

import bisect
import ctypes
import math
import os
import platform
import selectors
import sys
import time
from pathlib import Path

from nanogpt_rs.records.races import PythonShare
from nanogpt_rs.training.arm_process import ArmProcess

EVERY = 0.001
"""Seconds between two samples."""
SEIZE, INTERRUPT, CONTINUE, DETACH, REGISTERS = 0x4206, 0x4207, 7, 17, 0x4204
"""Requests of ptrace(2), from linux/ptrace.h."""
GENERAL = 1
"""The set of general registers, NT_PRSTATUS of elf.h."""
PROGRAM_COUNTERS = {"x86_64": 16, "aarch64": 32}
"""Place of the program counter among these registers, by machine."""


class IoVector(ctypes.Structure):
    """Where ptrace writes registers: struct iovec of uio.h."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Libraries:
    """The libraries that a process has loaded, by address.

    Args:
        pid: Number of the process.
    """

    def __init__(self, pid: int) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.paths: list[str] = []
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
            fields = line.split(maxsplit=5)
            first, _, last = fields[0].partition("-")
            if "x" in fields[1]:
                self.starts.append(int(first, 16))
                self.ends.append(int(last, 16))
                self.paths.append(fields[5] if len(fields) > 5 else "")

    def path_at(self, address: int) -> str:
        """Return the path of the library at an address, empty where there is none."""
        place = bisect.bisect_right(self.starts, address) - 1
        return self.paths[place] if place >= 0 and address < self.ends[place] else ""


def is_python(path: str) -> bool:
    """Return whether a library is Python's interpreter or the layer of torch that serves it."""
    name = Path(path).name
    return name.startswith(("python", "libpython", "libtorch_python")) or ".cpython-" in name


def cannot_sample() -> str | None:
    """Return why this system shows no samples, in words; ``None`` if it may."""
    if sys.platform != "linux":
        return f"samples take Linux, and this is {sys.platform}"
    if platform.machine() not in PROGRAM_COUNTERS:
        return f"the registers of {platform.machine()} are not known here"
    return None


def sampled_steps(arm: ArmProcess, steps: int) -> PythonShare | None:
    """Have an arm in Python take steps, and return the share of them that its Python takes.

    Args:
        arm: The arm, which waits for a command.
        steps: Number of steps.

    Returns:
        The share; ``None`` where the system does not let a process look at its child.

    Raises:
        nanogpt_rs.training.arm_process.ArmError: The arm died or hung.
    """
    if cannot_sample():
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.restype = ctypes.c_long
    pid = arm.process.pid
    if libc.ptrace(SEIZE, pid, None, None):
        return None
    addresses: list[int] = []
    try:
        arm.send(f"steps {steps}")
        deadline = time.monotonic() + arm.patience
        with selectors.DefaultSelector() as selector:
            assert arm.process.stdout is not None
            selector.register(arm.process.stdout, selectors.EVENT_READ)
            while not selector.select(EVERY) and time.monotonic() < deadline:
                address = sample(libc, pid)
                if address is None:
                    break
                addresses.append(address)
        answer = arm.answer(f"'steps {steps}'")
    finally:
        release(libc, pid)
    libraries = Libraries(pid)
    count = len(addresses)
    if not count:
        return None
    share = sum(is_python(libraries.path_at(address)) for address in addresses) / count
    half = 1.96 * math.sqrt(max(share * (1 - share), 1 / count) / count)
    interval = (max(0.0, share - half), min(1.0, share + half))
    return PythonShare(share, interval, count, answer["batches"] / answer["cpu"])


def sample(libc: ctypes.CDLL, pid: int) -> int | None:
    """Stop a process, return the address that it executes, and let it go on.

    Returns:
        The address; ``None`` if the process has ended.
    """
    if libc.ptrace(INTERRUPT, pid, None, None) or not stopped(pid):
        return None
    registers = (ctypes.c_uint64 * 64)()
    vector = IoVector(ctypes.addressof(registers), ctypes.sizeof(registers))
    failed = libc.ptrace(REGISTERS, pid, GENERAL, ctypes.addressof(vector))
    libc.ptrace(CONTINUE, pid, None, None)
    return None if failed else int(registers[PROGRAM_COUNTERS[platform.machine()]])


def stopped(pid: int) -> bool:
    """Wait until a process stops, and return whether it has; it may end instead.

    The status of one that ended is left for those who started it.
    """
    event = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    if event is None or event.si_code in (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED):
        return False
    os.waitid(os.P_PID, pid, os.WSTOPPED)
    return True


def release(libc: ctypes.CDLL, pid: int) -> None:
    """Let go of a process for good; it must be stopped for that."""
    if not libc.ptrace(INTERRUPT, pid, None, None) and stopped(pid):
        libc.ptrace(DETACH, pid, None, None)
