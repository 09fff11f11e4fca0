"""How much memory this process may still take, and whether the system killed one for want of it.

The machine's free memory is not all that counts: a container or a service has a limit of its own (a
control group, in its first or second version), and a process can have limits too (``ulimit``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nanogpt_rs.ruler import control_groups


class Left(NamedTuple):
    """Memory that a process may still take.

    Attributes:
        bytes: Number of bytes, at least 0.
        by: What leaves no more than that, in words; empty if it is the machine's free memory.
    """

    bytes: int
    by: str = ""

    def __str__(self) -> str:
        return f"{self.bytes / 2**30:.1f} GiB" + (f" ({self.by})" if self.by else "")


def left() -> Left | None:
    """Return how much memory this process may still take, ``None`` where the system does not say.

    It is the least of what the machine has free, and of what the limits of this process and of its
    control groups leave.
    """
    found = [*of_machine(), *of_groups(), *of_process()]
    return min(found, key=lambda one: one.bytes, default=None)


def of_machine() -> Iterator[Left]:
    """Yield the memory that the machine has free."""
    with suppress(OSError, KeyError):
        yield Left(1024 * fields(Path("/proc/meminfo"))["MemAvailable:"])


def of_groups() -> Iterator[Left]:
    """Yield what the limits of the control groups of this process leave, the innermost first.

    Files that the system has read into memory count as used there, though it can drop them.
    """
    for folder, files in groups():
        with suppress(OSError, ValueError, KeyError):
            limit = control_groups.number(folder / files.limit)
            if limit < control_groups.UNLIMITED:
                cached = fields(folder / "memory.stat")[files.cached]
                free = max(0, limit - control_groups.number(folder / files.used) + cached)
                yield Left(free, f"its control group may have {limit / 2**20:,.0f} MiB")


def of_process() -> Iterator[Left]:
    """Yield what the limits of this process leave."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, used, how in (
        ("RLIMIT_AS", "VmSize:", "ulimit -v"),
        ("RLIMIT_DATA", "VmData:", "ulimit -d"),
    ):
        limit, _ = resource.getrlimit(getattr(resource, name))
        if limit != resource.RLIM_INFINITY:
            with suppress(OSError, KeyError):
                free = max(0, limit - 1024 * fields(Path("/proc/self/status"))[used])
                yield Left(free, f"{how} allows a process {limit / 2**20:,.0f} MiB")


class GroupFiles(NamedTuple):
    """The names that a version of control groups gives its files and fields.

    Attributes:
        limit: File with the most bytes that the group may have.
        used: File with the bytes that it has.
        cached: Field of ``memory.stat``: bytes of files that the system can drop.
        events: File that counts the processes that were killed.
    """

    limit: str
    used: str
    cached: str
    events: str


FIRST = GroupFiles(
    "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory.oom_control"
)
SECOND = GroupFiles("memory.max", "memory.current", "inactive_file", "memory.events")


def groups() -> Iterator[tuple[Path, GroupFiles]]:
    """Yield the folder of each control group for memory that this process is in, innermost first.

    Yields:
        The group's folder, and the names of its files.
    """
    for folder, version in control_groups.folders("memory"):
        yield folder, FIRST if version == 1 else SECOND


def kills() -> int:
    """Return how many processes the system has killed for want of memory so far.

    Those of the whole machine are counted, and those of this process's control groups.
    """
    count = 0
    with suppress(OSError, KeyError):
        count += fields(Path("/proc/vmstat"))["oom_kill"]
    for folder, files in groups():
        with suppress(OSError, KeyError, ValueError):
            count += fields(folder / files.events)["oom_kill"]
    return count


def fields(path: Path) -> dict[str, int]:
    """Return the numbers of a file whose lines begin with a name and a number."""
    lines = map(str.split, path.read_text(encoding="utf-8").splitlines())
    return {line[0]: int(line[1]) for line in lines if len(line) > 1 and line[1].isdecimal()}
