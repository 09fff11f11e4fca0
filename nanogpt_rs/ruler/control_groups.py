"""The control groups of this process: the limits that containers and services have on Linux."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

UNLIMITED = 1 << 62
"""Limits from here on are how the system writes that there is none."""


def folders(controller: str) -> Iterator[tuple[Path, int]]:
    """Yield the folder of each control group that this process is in, the innermost first.

    Args:
        controller: What the groups of the first version limit, such as ``memory``.

    Yields:
        The group's folder, and the version of its files: 1 or 2.
    """
    try:
        memberships = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return
    for mount in mounts:
        fields, _, rest = mount.partition(" - ")
        root, place = fields.split()[3:5]
        kind, _, options = rest.split(" ", 2)
        if kind == "cgroup2":
            name, version = "", 2
        elif kind == "cgroup" and controller in options.split(","):
            name, version = controller, 1
        else:
            continue
        for membership in memberships:
            _, named, path = membership.split(":", 2)
            if name in named.split(","):
                top = Path(place)
                # A container may see only its own part of the tree.
                inside = path.removeprefix(root.rstrip("/")).lstrip("/")
                folder = top / inside if (top / inside).is_dir() else top
                yield folder, version
                while folder != top:
                    folder = folder.parent
                    yield folder, version


def number(path: Path) -> int:
    """Return the number in a file, ``UNLIMITED`` for the word ``max``.

    Raises:
        OSError, ValueError: there is no such file, or no number in it.
    """
    word = path.read_text(encoding="ascii").strip()
    return UNLIMITED if word == "max" else int(word)


def processors() -> float | None:
    """Return how many processors this process may keep busy, ``None`` if no group limits that.

    A group that has used its share is stopped until the next period, a tenth of a second later.
    """
    shares = []
    for folder, version in folders("cpu"):
        with suppress(OSError, ValueError):
            if version == 2:
                quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii")
                period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii")
            if int(quota) > 0:  # not the word max, which is no number, nor -1
                shares.append(int(quota) / int(period))
    return min(shares, default=None)
