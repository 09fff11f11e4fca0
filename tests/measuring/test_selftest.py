"""The self-test: that its slow-downs are what they say, its counts right, its file never lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import made_up
import pytest

from nanogpt_rs.measuring import asserted, rivals, selftest
from nanogpt_rs.measuring.selftest import ROWS, Case, arms_of
from nanogpt_rs.records import files
from nanogpt_rs.records.schema import RecordError
from nanogpt_rs.records.self_tests import (
    SAME,
    SelfTestAssertions,
    SelfTestContender,
    SelfTestGroup,
)
from nanogpt_rs.ruler import provenance

Run = Callable[..., subprocess.CompletedProcess[str]]
OLD = provenance.ROOT / "results/selftest/2026-11-25-xeon-2core-as-is.jsonl"
"""A file of a self-test as earlier versions wrote it."""


@pytest.mark.parametrize("name", ROWS)
def test_known_slow_downs_are_what_they_say(name: str) -> None:
    row = ROWS[name]
    for case in row.cases:
        first, again, *others = arms_of(row, case)
        assert first == again
        if row.other is not None:
            assert [arm.id for arm in others] == [row.other]
            continue
        if row.alike:
            assert others.pop(0) == first  # what a false alarm would be about
        for arm, more in zip(others, row.slower, strict=True):
            if row.by_calls:
                calls = selftest.EXACT_CALLS
                assert arm.order(calls)["calls"] == pytest.approx(calls * (1 + more))
            else:
                assert arm.characters == pytest.approx(case.characters * (1 + more), rel=1e-4)


def group(characters: int) -> SelfTestGroup:
    contender = SelfTestContender(
        SAME, 1.0, "equivalent", 1.0, (0.99, 1.01), (0.99, 1.01), 0.01, "wall", 1e-6, 12, 5.0
    )
    return SelfTestGroup(
        *("as-is", "microsecond", "charset", "python/set", "synthetic", "0" * 64, characters),
        *("2030-01-01T00:00:00+00:00", 5.0, None, 200, 1),
        (contender,),
    )


def self_tests(folder: Path) -> list[Path]:
    return list(folder.glob("*.jsonl"))


def kept(folder: Path) -> int:
    """The number of groups that a folder holds."""
    return len(selftest.under("as-is", selftest.runs_in(folder)))


def test_an_interrupted_self_test_is_resumed_and_a_torn_line_is_written_over(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    assert selftest.runs_in(folder) == []
    run = replace(made_up.RUN, command="selftest")
    store = files.begin(folder, run)
    begin = len(store.path.read_bytes())
    groups = [group(70), group(71)]
    for each in groups:
        store.keep_other(each)
    whole = store.path.read_bytes()
    for cut in range(begin, len(whole), 13):
        store.path.write_bytes(whole[:cut])
        finished = whole[:cut].count(b"\n") - 1
        later = selftest.begin_or_resume(folder, replace(run, run="20300101T000000Z-000000"))
        assert (later.path, later.others) == (store.path, finished)
        later.keep_other(group(72))
        (recorded,) = selftest.runs_in(folder)
        assert recorded.others == (*groups[:finished], group(72))
    later.end()
    other = selftest.begin_or_resume(folder, replace(run, run="20300101T000000Z-000000"))
    assert other.path != store.path  # a complete run is not resumed
    (folder / "as-is.jsonl").write_bytes(OLD.read_bytes())
    assert len(selftest.runs_in(folder)) == 2 + 3  # what an earlier version wrote counts too


@pytest.mark.parametrize("line", ["{", "[]", "{}", '"row"', "null", "{'row': 1}"])
def test_a_damaged_or_foreign_line_is_named(tmp_path: Path, line: str) -> None:
    about = OLD.read_text().splitlines()[0]
    (tmp_path / "as-is.jsonl").write_text(f"{about}\n{line}\n")
    with pytest.raises(RecordError, match=r"as-is\.jsonl, line 2"):
        selftest.runs_in(tmp_path)


@pytest.mark.slow("measures, is interrupted and goes on")
def test_it_measures_goes_on_after_an_interrupt_and_shows(nanogpt_rs: Run, tmp_path: Path) -> None:
    arguments = (
        *("doctor", "--self-test", "--row", "microsecond"),
        *("--part", "0.02", "--folder", str(tmp_path)),
    )
    command = Path(sys.executable).with_name("nanogpt-rs")
    process = subprocess.Popen(
        [command, *arguments],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while kept(tmp_path) < 1:  # the first of two groups
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    (path,) = self_tests(tmp_path)
    first = path.read_bytes()
    done = nanogpt_rs(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes().startswith(first)
    document = json.loads(done.stdout)
    found = {each["contender"]: each for each in document["findings"]}
    assert found.keys() == {"same", "0.02", "0.05"}
    assert all(each["found"]["tries"] == 2 for each in found.values())
    assert found["0.05"]["planted"] < found["0.02"]["planted"] < found["same"]["planted"]
    assert all(each["reads"] is None or 0 < each["reads"] < 2 for each in found.values())
    assert len(document["about"]) == 1  # it went on in the same file
    (recorded,) = files.read(path)
    assert recorded.complete
    whole = path.read_bytes()
    shown = nanogpt_rs("doctor", "--self-test", "--show", "--folder", str(tmp_path))
    assert shown.returncode == 0, shown.stderr
    assert nanogpt_rs(*arguments).returncode == 0
    assert path.read_bytes() == whole  # nothing is measured twice
    assert self_tests(tmp_path) == [path]


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="system: ties no process to a core"
)
def test_a_loaded_core_is_shared_and_then_left() -> None:
    before = os.sched_getaffinity(0)
    with selftest.conditions("loaded"):
        assert len(os.sched_getaffinity(0)) == 1
        cpu, wall = time.process_time(), time.perf_counter()
        while time.process_time() - cpu > 0.9 * (time.perf_counter() - wall):
            assert time.perf_counter() - wall < 60
    assert os.sched_getaffinity(0) == before


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="system: it ties no process to a core"
)
def test_what_loads_a_core_ends_with_whoever_started_it() -> None:
    command = (
        "import os, subprocess, time\n"
        "from nanogpt_rs.measuring import selftest\n"
        "start = subprocess.Popen\n"
        "def told(*arguments):\n"
        "    process = start(*arguments)\n"
        "    print(process.pid, flush=True)\n"
        "    return process\n"
        "subprocess.Popen = told\n"
        "with selftest.conditions('loaded'):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", command], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    path = Path(f"/proc/{int(done.stdout)}/stat")
    deadline = time.monotonic() + 60
    while path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--row", "none"), 2, "no row 'none'"),
        (("--condition", "tepid"), 2, "no condition 'tepid'"),
        (
            ("--row", "assertions", "--rivals"),
            2,
            "--rivals: the row assertions asks pytest-benchmark",
        ),
        (("--show",), 3, "holds no group"),
        (("--show", "--folder", __file__), 1, "Not a directory"),
    ],
)
def test_wrong_usage(
    forked: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    folder = [] if "--folder" in arguments else ["--folder", str(tmp_path)]
    done = forked("doctor", "--self-test", *folder, *arguments)
    assert done.returncode == status
    assert says in done.stderr
    assert done.stdout == ""


@pytest.mark.slow("runs pyperf and pytest-benchmark")
@pytest.mark.timed("one function must read slower than another")
def test_other_tools_judge_the_same_functions() -> None:
    case = Case("charset", "rust/ahash", 20_000)
    # So much that what else the machine does, for one of the two alone, does not hide it.
    arms = {rivals.BASELINE: case.characters, "4.0": 5 * case.characters}
    said = rivals.judge(case.task, case.id, arms)
    assert said == {tool: {"4.0": "slower"} for tool in rivals.TOOLS}


def test_a_tool_that_fails_is_named() -> None:
    with pytest.raises(rivals.RivalError, match="pytest ended with status"):
        rivals.judge("charset", "rust/none", {rivals.BASELINE: 10})


@pytest.mark.slow("compares two pairs, and runs pytest-benchmark twice")
def test_assertions_are_judged_go_on_and_keep_their_limit(tmp_path: Path, nanogpt_rs: Run) -> None:
    words = ("doctor", "--self-test", "--row", "assertions", "--folder", str(tmp_path))
    done = nanogpt_rs(*words, "--part", "0.001", "--json")
    assert done.returncode == 0, done.stderr
    tries = {
        (each["way"], each["wrong"]["tries"]) for each in json.loads(done.stdout)["assertions"]
    }
    assert {count for _, count in tries} == {1}
    assert len(tries) == 4
    (path,) = self_tests(tmp_path)
    (recorded,) = files.read(path)
    assert recorded.complete
    (group,) = recorded.others
    assert isinstance(group, SelfTestAssertions)
    assert group.limit > 0
    assert group.regressed is not None
    again = asserted.group(asserted.CASES[0], "as-is", mkdir(tmp_path / "again"), 1e9, False)
    assert again.limit == 1e9
    assert again.within_limit == {"1": True, "2": True}
    assert again.regressed is None
    assert nanogpt_rs(*words, "--part", "0.001").returncode == 0
    assert files.read(path) == [recorded]
    assert nanogpt_rs("show", str(path)).returncode == 0


def mkdir(folder: Path) -> Path:
    folder.mkdir()
    return folder
