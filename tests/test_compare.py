"""The paired comparison in real worker processes: what is measured, and what can't be."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from installations import Installation

from benchmarks.rounds import STATES
from benchmarks.worker import WorkerError, run_worker

Run = Callable[..., subprocess.CompletedProcess[str]]
SHORT = "english-1k-ascii"


def order(**changes: Any) -> dict[str, Any]:
    arms = [{"id": "python/set", "calls": 3}] * 2 + [{"id": "rust/ahash", "calls": 5}]
    return {
        "task": "charset",
        "corpus": SHORT,
        "state": "warm",
        "arms": arms,
        "rounds": 7,
        "warm_up_rounds": 2,
        "seed": 1,
    } | changes


@pytest.mark.parametrize("state", STATES)
def test_a_worker_times_each_arm_in_each_round(state: str) -> None:
    answer = run_worker("rounds", order(state=state), 60)
    assert answer["wrong"] == {}
    assert answer["others"] is None or 0 <= answer["others"] <= 1
    assert [len(rounds) for rounds in answer["blocks"]] == [7, 7, 7]
    for blocks, calls in zip(answer["blocks"], (3, 3, 5), strict=True):
        for wall, cpu, involuntary, voluntary, made in blocks:
            assert made == calls
            assert wall > 0
            assert cpu >= 0
            assert involuntary >= 0
            assert voluntary >= 0


def test_a_worker_that_cannot_answer_says_why() -> None:
    with pytest.raises(WorkerError, match=r"ended with status 1 and no answer .*no implementation"):
        run_worker("rounds", order(arms=[{"id": "rust/none", "calls": 1}]), 60)


def test_compare_document(nanogpt_rs: Run) -> None:
    done = nanogpt_rs(
        *("compare", "charset", "rust/rustc_hash", "rust/foldhash", "rust/fixed_array"),
        *("--corpus", SHORT, "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["processes"] >= 12
    assert document["build"]["info"]["profile"] == "release"
    assert [cell["id"] for cell in document["cells"]] == ["rust/foldhash", "rust/fixed_array"]
    for cell in document["cells"]:
        assert (cell["baseline"], cell["corpus"]) == ("rust/rustc_hash", SHORT)
        assert cell["state"] == "warm"
        found = cell["comparison"]
        assert found["verdict"] in {"faster", "slower", "equivalent", "inconclusive", "invalid"}
        assert found["reason"]
        if found["ratio"] is not None:
            low, high = found["interval"]
            assert low <= found["ratio"] <= high
            assert found["control"]["interval"][0] <= found["control"]["ratio"]
            assert found["positive_control"] is not None  # a call is short enough for one
            assert found["resolves"] > 0


def test_compare_prints_the_verdict_and_why(nanogpt_rs: Run) -> None:
    arguments = ("charset", "rust/rustc_hash", "rust/fixed_array", "--corpus", SHORT)
    done = nanogpt_rs("compare", *arguments)
    assert done.returncode == 0, done.stderr
    assert "charset, warm: against rust/rustc_hash" in done.stdout
    assert "rust/fixed_array: " in done.stdout
    assert "One cell was asked about: nothing is adjusted." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["charset", "python/set", "python/none"], "no implementation 'python/none'"),
        (["none", "python/set", "rust/ahash"], "no task 'none'"),
        (["charset", "python/set", "python/set"], "named once, and not be the baseline"),
        (["charset", "python/set", "rust/ahash", "rust/ahash"], "named once"),
        (["charset", "python/set", "rust/ahash", "--state", "tepid"], "no state 'tepid'"),
        (["charset", "python/set", "rust/ahash", "--corpus", "none"], "no such id"),
    ],
)
def test_wrong_usage(nanogpt_rs: Run, arguments: list[str], says: str) -> None:
    done = nanogpt_rs("compare", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


COUNTING = """\
calls = 0

def charset(text):
    global calls
    if not isinstance(text, str):
        raise TypeError
    calls += 1
    if calls > 200:
        {then}
    return set(text)
"""


def test_right_at_first_then_wrong_has_no_comparison(installation: Installation) -> None:
    wrong = COUNTING.format(then="return set(text[1:]) - {text[0]}")
    installation.write("py_impls/charset/counter.py", wrong)
    done = installation.run(
        *("-m", "harness", "compare", "charset", "rust/rustc_hash"),
        *("python/counter", "rust/ahash", "--corpus", SHORT, "--json"),
    )
    assert done.returncode == 1, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["python/counter"]["status"] == "wrong"
    assert "right at first, then wrong: lacks" in cells["python/counter"]["details"][0]
    assert cells["python/counter"]["comparison"] is None
    assert cells["rust/ahash"]["comparison"] is not None


def test_a_baseline_that_turns_wrong_is_nothing_to_compare_with(
    installation: Installation,
) -> None:
    wrong = COUNTING.format(then="return set(text[1:]) - {text[0]}")
    installation.write("py_impls/charset/counter.py", wrong)
    done = installation.run(
        *("-m", "harness", "compare", "charset", "python/counter", "rust/ahash"),
        *("--corpus", SHORT),
    )
    assert done.returncode == 3
    message = done.stderr.replace("\n", " ")
    assert "the baseline python/counter: right at first, then wrong" in message


def test_a_contender_that_crashes_later_is_named(installation: Installation) -> None:
    crash = COUNTING.format(then="import ctypes; ctypes.string_at(0)")
    installation.write("py_impls/charset/counter.py", crash)
    done = installation.run(
        *("-m", "harness", "compare", "charset", "python/set", "python/counter"),
        *("--corpus", SHORT),
    )
    assert done.returncode == 3
    assert "a worker process crashed: killed by SIGSEGV" in done.stderr.replace("\n", " ")


def test_a_baseline_that_is_wrong_is_nothing_to_compare_with(installation: Installation) -> None:
    installation.write("py_impls/charset/set.py", "charset = frozenset\n")
    done = installation.run("-m", "harness", "compare", "charset", "python/set", "rust/ahash")
    assert done.returncode == 3
    assert "the baseline: charset python/set is wrong" in done.stderr.replace("\n", " ")
