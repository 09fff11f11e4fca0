"""Limits that the system sets on memory: they are honoured, and a death by them is named."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nanogpt_rs.ruler import free_memory

Run = Callable[..., subprocess.CompletedProcess[str]]
LIMIT = 400 << 20
GREEDY = """\
def charset(text):
    kept = [bytes(1 << 26) for _ in range(1 << 10)]
    return set(text)
"""
SHARES = """\
import mmap
def charset(text):
    shared = mmap.mmap(-1, 1 << 30)  # which no limit of the process counts
    for page in range(0, 1 << 30, 4096):
        shared[page] = 1
    return set(text)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="system: needs Linux's /proc")


def limited(*before: str, arguments: tuple[str, ...], folder: Path) -> tuple[int, str]:
    """Run the command after these lines of a shell.

    Returns:
        The exit status, and standard output.
    """
    command = Path(sys.executable).with_name("nanogpt-rs")
    lines = [*before, 'exec "$@"']
    done = subprocess.run(
        ["sh", "-c", "\n".join(lines), "sh", str(command), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group of ``LIMIT`` bytes, which is removed after the test."""
    for parent, files in free_memory.groups():
        folder = parent / f"nanogpt-rs-test-{secrets.token_hex(4)}"
        try:
            folder.mkdir()
        except OSError:
            continue
        if not (folder / files.limit).exists():  # this hierarchy does not control memory
            folder.rmdir()
            continue
        (folder / files.limit).write_text(str(LIMIT))
        yield folder
        for _ in range(50):  # until the system has noticed that its last process ended
            try:
                folder.rmdir()
            except OSError:
                time.sleep(0.1)
            else:
                return
        return
    pytest.skip("system: no control group for memory can be made here")


@pytest.mark.parametrize(("option", "says"), [("-v", "ulimit -v"), ("-d", "ulimit -d")])
def test_doctor_says_what_a_limit_of_the_process_leaves(
    tmp_path: Path, option: str, says: str
) -> None:
    _, printed = limited(
        f"ulimit {option} {LIMIT >> 10}", arguments=("doctor", "--json"), folder=tmp_path
    )
    (free,) = re.findall(rf"([\d.]+) GiB free: {says} allows a process 400 MiB", printed)
    assert float(free) <= 0.4


def test_a_worker_stays_below_a_limit_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "greedy.py").write_text(GREEDY)
    status, printed = limited(
        f"ulimit -d {LIMIT >> 10}",
        arguments=(
            *("verify", "charset", "--id=rust/ahash", "--id=foreign/greedy", "--json"),
            *("--from=greedy.py", "--corpus=english-60-ascii"),
        ),
        folder=tmp_path,
    )
    assert status == 1
    right, wrong = json.loads(printed)["proofs"]
    assert right["status"] == "right"
    assert "MemoryError" in wrong["details"][0]


def test_what_a_control_group_kills_for_want_of_memory_is_named(
    tmp_path: Path, group: Path
) -> None:
    (tmp_path / "greedy.py").write_text(GREEDY)
    (tmp_path / "shares.py").write_text(SHARES)
    status, printed = limited(
        f"echo $$ > {group}/cgroup.procs",
        arguments=(
            *("verify", "charset", "--json", "--corpus=english-60-ascii"),
            *("--id=rust/ahash", "--id=foreign/greedy", "--id=foreign/shares"),
            *("--from=greedy.py", "--from=shares.py"),
        ),
        folder=tmp_path,
    )
    assert status == 1
    right, greedy, shares = json.loads(printed)["proofs"]
    assert right["status"] == "right"
    assert "MemoryError" in greedy["details"][0]
    (said,) = shares["details"]
    assert said.startswith("crashed: killed by SIGKILL for want of memory")
    assert "its control group may have 400 MiB" in said
    _, printed = limited(
        f"echo $$ > {group}/cgroup.procs", arguments=("doctor", "--json"), folder=tmp_path
    )
    assert "its control group may have 400 MiB" in printed
