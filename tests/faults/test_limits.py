"""Limits of the system, on memory above all: they are honoured, and a death by them is named."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from nanogpt_rs.ruler import control_groups, free_memory

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


@contextmanager
def control_group(parents: Iterable[Path], limits: Mapping[str, str]) -> Iterator[Path]:
    """Yield a new control group, which is removed afterwards.

    Args:
        parents: Folders of groups in which it may be made, the first of which has the files.
        limits: What to write into files of the group.
    """
    for parent in parents:
        folder = parent / f"nanogpt-rs-test-{secrets.token_hex(4)}"
        try:
            folder.mkdir()
        except OSError:
            continue
        if all((folder / name).exists() for name in limits):
            break
        folder.rmdir()  # this hierarchy limits something else
    else:
        pytest.skip("system: no control group can be made here")
    for name, words in limits.items():
        (folder / name).write_text(words)
    try:
        yield folder
    finally:
        for _ in range(50):  # until the system has noticed that its last process ended
            try:
                folder.rmdir()
            except OSError:
                time.sleep(0.1)
            else:
                break


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group that may have ``LIMIT`` bytes of memory."""
    files = [(folder, names.limit) for folder, names in free_memory.groups()]
    name = next((name for folder, name in files if (folder / name).exists()), "memory.max")
    with control_group((folder for folder, _ in files), {name: str(LIMIT)}) as folder:
        yield folder


def test_doctor_names_a_limit_of_processors_and_fewer_workers_are_started(tmp_path: Path) -> None:
    groups = list(control_groups.folders("cpu"))
    limits = (
        {"cpu.max": "100000 100000"}
        if any((folder / "cpu.max").exists() for folder, _ in groups)
        else {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"}
    )
    with control_group((folder for folder, _ in groups), limits) as folder:
        joined = f"echo $$ > {folder}/cgroup.procs"
        _, printed = limited(joined, arguments=("doctor", "--json"), folder=tmp_path)
        assert "its control group may use 100% of one processor" in printed
        (tmp_path / "text.txt").write_text("to be or not to be")
        words = ("data", "prepare", "text.txt", "--out=out", "--json")
        _, printed = limited(joined, arguments=words, folder=tmp_path)
        assert json.loads(printed)["engine"]["workers"] == 1


# Where "ulimit -v" leaves less than 1 GB, no command starts, because numpy's library would hang.
@pytest.mark.parametrize(("option", "mebibytes"), [("-v", 1200), ("-d", 400)])
def test_doctor_says_what_a_limit_of_the_process_leaves(
    tmp_path: Path, option: str, mebibytes: int
) -> None:
    limit = f"ulimit {option} {mebibytes << 10}"
    _, printed = limited(limit, arguments=("doctor", "--json"), folder=tmp_path)
    says = rf"([\d.]+) GiB free: ulimit {option} allows a process {mebibytes:,} MiB"
    (free,) = re.findall(says, printed)
    assert float(free) <= mebibytes / 1000


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
    assert re.search(r"MemoryError: .*; a worker may have 0\.[123] GiB here", wrong["details"][0])


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
