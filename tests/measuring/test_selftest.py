"""The self-test: that its slow-downs are what they say, its counts right, its file never lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import scipy.stats

from nanogpt_rs.measuring import rivals, selftest
from nanogpt_rs.measuring.selftest import ROWS, SAME, Case, SelfTestError, arms_of, count

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("name", ROWS)
def test_known_slow_downs_are_what_they_say(name: str) -> None:
    row = ROWS[name]
    for case in row.cases:
        first, again, *others = arms_of(row, case)
        assert first == again
        if row.other is not None:
            assert [arm.id for arm in others] == [row.other]
            continue
        assert others[0] == first  # what a false alarm would be about
        for arm, more in zip(others[1:], row.slower, strict=True):
            if row.by_calls:
                calls = selftest.EXACT_CALLS
                assert arm.order(calls)["calls"] == pytest.approx(calls * (1 + more))
            else:
                assert arm.characters == pytest.approx(case.characters * (1 + more), rel=1e-4)


@pytest.mark.parametrize(("hits", "tries"), [(0, 300), (1, 300), (39, 40), (40, 40), (7, 20)])
def test_bounds_are_clopper_and_pearsons(hits: int, tries: int) -> None:
    found = count([index < hits for index in range(tries)])
    reference = scipy.stats.binomtest(hits, tries).proportion_ci(method="exact")
    assert (found.hits, found.tries) == (hits, tries)
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high))


def group(row: str, **verdicts: tuple[str, float]) -> dict[str, Any]:
    contenders = {
        name: {
            "planted": None if row == "seeds" else 0.98,
            "verdict": verdict,
            "ratio": ratio,
            "interval": [ratio - 0.01, ratio + 0.01],
            "alone_seconds": 5.0,
        }
        for name, (verdict, ratio) in verdicts.items()
    }
    return {"row": row, "contenders": contenders}


def test_a_summary_counts_alarms_power_wrong_signs_and_means_held() -> None:
    documents = [
        {"about": "as-is"},
        group("short", same=("equivalent", 1.0), **{"0.02": ("slower", 0.98)}),
        group("short", same=("faster", 1.02), **{"0.02": ("faster", 1.02)}),
        group("short", same=("invalid", 1.0), **{"0.02": ("inconclusive", 0.99)}),
        {"row": "seeds", "bank": 200, "mean": 0.0, "error": 0.01, "spread": 0.1},
        group("seeds", **{"rust/fixed_array": ("inconclusive", 1.005)}),
        group("seeds", **{"rust/fixed_array": ("faster", 1.05)}),
    ]
    same, slower, seeds = selftest.summarize(documents)
    assert (same.contender, same.found.hits, same.found.tries) == (SAME, 1, 3)
    assert same.verdicts == {"equivalent": 1, "faster": 1, "invalid": 1}
    assert (slower.contender, slower.found.hits, slower.wrong_sign) == ("0.02", 1, 1)
    assert (slower.reads, slower.planted) == (0.99, 0.98)
    assert (seeds.found.hits, seeds.found.tries, seeds.wrong_sign) == (1, 2, 0)
    assert seeds.planted == 1.0


def test_other_tools_are_counted_alike() -> None:
    said = [{SAME: "same", "0.02": "slower"}, {SAME: "slower", "0.02": "faster"}]
    documents = [{"row": "short", "rivals": {"pyperf": each}} for each in said]
    same, slower = selftest.summarize_rivals(documents)
    assert (same.tool, same.contender, same.found.hits, same.found.tries) == ("pyperf", SAME, 1, 2)
    assert (slower.found.hits, slower.wrong_sign) == (1, 1)


def test_a_line_that_was_cut_off_is_written_over_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "as-is.jsonl"
    assert selftest.read(path) == []
    lines = [{"about": "as-is"}, group("short", same=("equivalent", 1.0))]
    for line in lines:
        selftest.append(path, line)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        kept = whole[:cut].count(b"\n")
        assert selftest.read(path) == lines[:kept]
        selftest.append(path, lines[0])
        assert selftest.read(path) == [*lines[:kept], lines[0]]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '"row"', "null", "{'row': 1}"])
def test_a_damaged_or_foreign_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "as-is.jsonl"
    path.write_text('{"about": "as-is"}\n' + line + "\n")
    with pytest.raises(SelfTestError, match=r"as-is\.jsonl, line 2"):
        selftest.read(path)


def test_it_measures_goes_on_after_an_interrupt_and_shows(nanogpt_rs: Run, tmp_path: Path) -> None:
    arguments = ("selftest", "--row", "microsecond", "--part", "0.02", "--folder", str(tmp_path))
    command = Path(sys.executable).with_name("nanogpt-rs")
    process = subprocess.Popen(
        [command, *arguments],
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    path = tmp_path / "as-is.jsonl"
    while len(selftest.read(path)) < 2:  # what it measures on, and the first of two groups
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
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
    assert len(document["about"]) == 2
    again = path.read_bytes()
    assert nanogpt_rs(*arguments, "--show").returncode == 0
    assert nanogpt_rs(*arguments).returncode == 0
    assert path.read_bytes() == again  # nothing is measured twice


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
        (("--show",), 3, "holds no group"),
        (("--show", "--folder", __file__), 1, "Not a directory"),
    ],
)
def test_wrong_usage(
    nanogpt_rs: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    done = nanogpt_rs("selftest", "--folder", str(tmp_path), *arguments)
    assert done.returncode == status
    assert says in done.stderr
    assert done.stdout == ""


def test_other_tools_judge_the_same_functions() -> None:
    case = Case("charset", "rust/ahash", 20_000)
    # So much that what else the machine does, for one of the two alone, does not hide it.
    arms = {rivals.BASELINE: case.characters, "4.0": 5 * case.characters}
    said = rivals.judge(case.task, case.id, arms)
    assert said == {tool: {"4.0": "slower"} for tool in rivals.TOOLS}


def test_a_tool_that_fails_is_named() -> None:
    with pytest.raises(rivals.RivalError, match="pytest ended with status"):
        rivals.judge("charset", "rust/none", {rivals.BASELINE: 10})
