"""The paired comparison in real worker processes: what is measured, and what cannot be measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from installations import BRIEF, Installation
from simulated_clock import QUIET, measure

from nanogpt_rs.measuring.measured import Measured
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.registry import REGISTRY, Implementation
from nanogpt_rs.ruler.rounds import BUILD, STATES, applies
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.timing import CallWatch
from nanogpt_rs.ruler.worker import run_worker
from nanogpt_rs.statistics import plan

Run = Callable[..., subprocess.CompletedProcess[str]]
SHORT = "english-1k-ascii"


def order(**changes: Any) -> dict[str, Any]:
    arms = [{"id": "python/set", "calls": 3}] * 2 + [{"id": "rust/ahash", "calls": 5}]
    return {
        "task": "charset",
        "corpus": SHORT,
        "state": "warm",
        "packages": provenance.package_files(),
        "arms": arms,
        "rounds": 7,
        "warm_up_rounds": 2,
        "seed": 1,
    } | changes


@pytest.mark.parametrize("state", [state for state in STATES if applies(TASKS["charset"], state)])
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


def first_rows_in_rust() -> list[Implementation]:
    """Return a row in Rust of each task with contenders of its own."""
    rows = {
        row.task: row
        for row in reversed(REGISTRY)
        if row.id.startswith("rust/") and "default" in row.marks
    }
    return [row for task, row in rows.items() if not TASKS[task].variant_of]


@pytest.mark.parametrize("row", first_rows_in_rust(), ids=lambda row: row.task)
def test_a_worker_times_every_task(row: Implementation) -> None:
    """No code names a task: a new one is measured like the others, its build included."""
    baseline = next(r for r in REGISTRY if r.task == row.task and "baseline" in r.marks)
    arms = [{"id": id, "calls": 1} for id in (baseline.id, baseline.id, row.id)]
    for state in ("warm", BUILD) if TASKS[row.task].build else ("warm",):
        once = order(task=row.task, arms=arms, state=state, rounds=1, warm_up_rounds=0)
        answer = run_worker("rounds", once, 60)
        assert answer["wrong"] == {}
        assert all(block[0] > 0 for (block,) in answer["blocks"])


def test_a_worker_that_cannot_answer_names_the_reason_and_the_arm() -> None:
    arms = [*order()["arms"], {"id": "rust/none", "calls": 1}]
    with pytest.raises(WorkerError, match=r"status 1 and no answer .*no implementation") as caught:
        run_worker("rounds", order(arms=arms), 60)
    assert caught.value.arm == 3


def test_arms_may_have_their_own_text_their_own_function_and_threads() -> None:
    arms = [
        {"id": "python/set", "calls": 1, "characters": 10},
        {"id": "python/set", "calls": 1, "characters": 100_000, "primed": 2},
        {"id": "rust/ahash", "calls": 1, "target": "builtins:len"},
        {"id": "rust/rustc_hash", "calls": 1, "method": "__call__", "kept": True},
        {"id": "rust/rayon", "calls": 1, "threads": True},
    ]
    answer = run_worker("rounds", order(arms=arms), 60)
    assert answer["wrong"] == {}
    short, long = (min(block[0] for block in answer["blocks"][arm]) for arm in (0, 1))
    assert long > 100 * short
    assert answer["cores"].keys() == {"rust/rayon"}
    assert answer["cores"]["rust/rayon"] > 0
    assert answer["seconds"] > 0


def test_echoes_are_run_and_not_timed() -> None:
    arms = [*order()["arms"][:2], {"id": "rust/ahash", "calls": 5, "echoes": 2}]
    answer = run_worker("rounds", order(arms=arms), 60)
    assert [len(rounds) for rounds in answer["blocks"]] == [7, 7, 7]
    assert {block[4] for block in answer["blocks"][2]} == {5}


def test_a_call_that_waits_is_timed_by_the_wall_clock() -> None:
    """A file from the disk: its reading keeps nobody busy, and is most of the call."""
    processes = measure(np.random.default_rng(1), QUIET, [8e-3, 8e-3, 8e-3], waiting=[2])
    planned = plan.plan([8e-3] * 3)
    measured = Measured(planned, 1.0, None, (), processes, {}, {}, 0.0)
    assert measured.clock_of(0) == "cpu"
    assert measured.clock_of(2) == "wall"
    assert measured.seconds_of(2) == pytest.approx(16e-3, rel=0.05)  # of which half is waiting
    assert measured.seconds_of(0) == pytest.approx(8e-3, rel=0.05)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="system: nothing can be forked")
@pytest.mark.skipif(CallWatch.read() is None, reason="system: it does not tell how busy it is")
def test_time_of_forked_calls_does_not_count_as_time_of_other_processes() -> None:
    script = """if True:
        import os, time
        from nanogpt_rs.ruler.timing import CallWatch
        before = CallWatch.read()
        if (child := os.fork()) == 0:
            while time.process_time() < 0.5:
                pass
            os._exit(0)
        os.waitpid(child, 0)
        print(CallWatch.read()[2] - before[2])
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert float(done.stdout) > 0.4, done.stderr


def test_arms_of_like_length_run_equally_often() -> None:
    from nanogpt_rs.measuring.paired import Arm, echoes_of

    old, new, other = Arm("rust/ahash", side="/a"), Arm("rust/ahash", side="/b"), Arm("python/set")
    short = [1e-6, 1e-6, 1.1e-6, 1e-5]
    assert echoes_of([old, old, new, other], short, controlled=False) == (0, 0, 1, 0)
    assert echoes_of([old, old, new, other], short, controlled=True) == (0, 0, 2, 0)
    assert echoes_of([old, old, new, other], [1e-3] * 4, controlled=False) == (0, 0, 1, 1)
    assert echoes_of([old, old, new, other], [0.1] * 4, controlled=False) == (0, 0, 0, 0)
    # Slow-downs of the same code run it as it is; a second reference has its own again.
    slow = Arm("rust/ahash", side="/a", uncounted=0.02)
    assert echoes_of([old, old, slow], [1e-6] * 3, controlled=True) == (0, 0, 0)
    assert echoes_of([old, old, new, new], [1e-6] * 4, controlled=True) == (0, 0, 1, 0)


def test_a_worker_times_building() -> None:
    arms = [{"id": "python/list_comprehension", "calls": 2}] * 2
    answer = run_worker("rounds", order(task="encode", arms=arms, state=BUILD), 60)
    assert [len(blocks) for blocks in answer["blocks"]] == [7, 7]


VERDICTS = {"faster", "slower", "equivalent", "inconclusive", "invalid"}


def test_compare_document(nanogpt_rs: Run) -> None:
    done = nanogpt_rs(
        *("compare", "charset", "rust/rustc_hash", "rust/foldhash", "rust/fixed_array"),
        *("--corpus", SHORT, "--json"),
        brief=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["run"]["build"]["profile"] == "release"
    assert document["meanwhile"]["seconds"] > 1
    cells = {cell["id"]: cell for cell in document["cells"]}
    assert cells.keys() == {"rust/rustc_hash", "rust/foldhash", "rust/fixed_array"}
    assert [cell["seconds"] for cell in document["cells"]] == sorted(
        cell["seconds"] for cell in document["cells"]
    )
    assert cells.pop("rust/rustc_hash")["against"] == []
    comparisons = [against["comparison"] for cell in cells.values() for against in cell["against"]]
    assert document["tests"] == sum(
        comparison["p_adjusted"] is not None for comparison in comparisons
    )
    for cell in cells.values():
        assert (cell["corpus"], cell["state"], cell["status"]) == (SHORT, "warm", "right")
        assert cell["processes"] >= 8
        (against,) = cell["against"]
        assert (against["role"], against["id"]) == ("asked", "rust/rustc_hash")
        comparison = against["comparison"]
        assert comparison["verdict"] in VERDICTS
        assert comparison["reason"]
        if comparison["ratio"] is not None:
            low, high = comparison["interval"]
            assert low <= comparison["ratio"] <= high
            assert comparison["control"]["interval"][0] <= comparison["control"]["ratio"]
            assert comparison["positive_control"] is not None  # a call is short enough for one
            assert comparison["resolves"] > 0


def test_compare_prints_the_verdict_and_why(nanogpt_rs: Run) -> None:
    arguments = ("charset", "rust/rustc_hash", "rust/fixed_array", "--corpus", SHORT)
    done = nanogpt_rs("compare", *arguments)
    assert done.returncode == 0, done.stderr
    assert "charset, warm" in done.stdout
    assert "rust/rustc_hash against itself: " in done.stdout
    assert "rust/fixed_array: " in done.stdout
    valid = ": invalid: " not in done.stdout
    assert "one test was made, and nothing is adjusted." in done.stdout or not valid
    assert "none is valid, and nothing is tested." in done.stdout or valid


def test_compare_times_the_building_of_encoders(nanogpt_rs: Run) -> None:
    done = nanogpt_rs(
        *("compare", "encode", "rust/ahash", "rust/foldhash"),
        *("--corpus", SHORT, "--state", "build", "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert {cell["state"] for cell in json.loads(done.stdout)["cells"]} == {"build"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["charset", "python/set", "python/none"], "no implementation 'python/none'"),
        (["none", "python/set", "rust/ahash"], "can be read in two ways"),
        (["charset", "python/set", "python/set"], "named once, and not be the baseline"),
        (["charset", "python/set", "rust/ahash", "rust/ahash"], "named once"),
        (["charset", "python/set", "rust/ahash", "--state", "tepid"], "no state 'tepid'"),
        (["charset", "python/set", "rust/ahash", "--state", "build"], "nothing to build"),
        (["charset", "python/set", "rust/ahash", "--corpus", "none"], "no such id"),
    ],
)
def test_wrong_usage(forked: Run, arguments: list[str], says: str) -> None:
    done = forked("compare", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


# Right while it is verified and in the first calls of a worker that times it.
COUNTING = """\
import sys

calls = 0

def charset(text):
    global calls
    if not isinstance(text, str):
        raise TypeError
    calls += 1
    if calls > 10 and "rounds" in sys.argv:
        {then}
    return set(text)
"""


def test_right_at_first_then_wrong_has_no_comparison(installation: Installation) -> None:
    wrong = COUNTING.format(then="return set(text[1:]) - {text[0]}")
    installation.write("py_impls/charset/counter.py", wrong)
    done = installation.run(
        *("-m", "nanogpt_rs", "compare", "charset", "rust/rustc_hash"),
        *("python/counter", "rust/ahash", "--corpus", SHORT, "--json"),
    )
    assert done.returncode == 1, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["python/counter"]["status"] == "wrong"
    assert "right at first, then wrong: lacks" in cells["python/counter"]["details"][0]
    assert cells["python/counter"]["seconds"] is None
    assert cells["python/counter"]["against"] == []
    assert cells["rust/ahash"]["against"][0]["comparison"]["verdict"] in VERDICTS


def test_nothing_is_compared_with_a_baseline_that_turns_wrong(installation: Installation) -> None:
    wrong = COUNTING.format(then="return set(text[1:]) - {text[0]}")
    installation.write("py_impls/charset/counter.py", wrong)
    done = installation.run(
        *("-m", "nanogpt_rs", "compare", "charset", "python/counter", "rust/ahash"),
        *("--corpus", SHORT, "--json"),
    )
    assert done.returncode == 1
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert "right at first, then wrong" in cells["python/counter"]["details"][0]
    assert cells["rust/ahash"]["against"] == []


def test_a_contender_that_crashes_later_is_left_out_and_the_others_are_measured(
    installation: Installation,
) -> None:
    crash = COUNTING.format(then="import ctypes; ctypes.string_at(0)")
    installation.write("py_impls/charset/counter.py", crash)
    done = installation.run(
        *("-m", "nanogpt_rs", "compare", "charset", "rust/rustc_hash"),
        *("python/counter", "rust/ahash", "--corpus", SHORT, "--json"),
    )
    assert done.returncode == 1, done.stderr
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["python/counter"]["status"] == "wrong"
    assert "a worker process crashed: killed by SIGSEGV" in cells["python/counter"]["details"][0]
    assert cells["rust/ahash"]["against"][0]["comparison"]["verdict"] in VERDICTS


def test_without_its_baseline_a_contender_has_a_time_and_no_ratio(
    installation: Installation,
) -> None:
    installation.write("py_impls/charset/set.py", "charset = frozenset\n")
    done = installation.run(
        *("-m", "nanogpt_rs", "compare", "charset", "python/set", "rust/ahash"),
        *("--corpus", SHORT, "--json"),
    )
    assert done.returncode == 1
    cells = {cell["id"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["python/set"]["status"] == "wrong"
    assert cells["rust/ahash"]["seconds"] > 0
    assert cells["rust/ahash"]["against"] == []


def test_without_counts_of_context_switches_wall_time_judges_and_the_row_says_so(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    """As on Windows and macOS, which have no such count: here it is taken away."""
    taken_away = "import resource\ndel resource.RUSAGE_THREAD\n"
    brief = (Path(BRIEF) / "sitecustomize.py").read_text(encoding="utf-8")
    (tmp_path / "sitecustomize.py").write_text(taken_away + brief, encoding="utf-8")
    command = ("compare", "charset", "python/set", "python/counter", "--json")
    done = nanogpt_rs(*command, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (cell,) = [cell for cell in json.loads(done.stdout)["cells"] if cell["id"] == "python/counter"]
    (against,) = cell["against"]
    assert cell["seconds"] > 0.001  # where otherwise CPU time judges
    assert against["comparison"]["clock"] == "wall"
    assert against["comparison"]["clock_reason"].startswith("this system does not say whether")
    (path,) = (tmp_path / "results/local/compare").glob("*.jsonl")
    shown = nanogpt_rs("show", str(path)).stdout
    assert "by wall clock: this system does not say whether a thread was preempted" in shown
