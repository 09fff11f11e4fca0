"""The command line as people and scripts use it: real processes, documents, exit statuses."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import made_up
import pytest

from nanogpt_rs.ruler.registry import REGISTRY, find
from nanogpt_rs.ruler.rounds import BUILD
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.tasks.contract import Task

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.torch
def test_list_shows_every_row_and_its_idea(nanogpt_rs: Run) -> None:
    rows = json.loads(nanogpt_rs("list", "--json").stdout)["implementations"]
    assert [(row["task"], row["id"]) for row in rows] == [(row.task, row.id) for row in REGISTRY]
    lacking = {row["unavailable"] for row in rows if row["unavailable"]}
    assert all(reason.endswith("which this processor lacks") for reason in lacking)
    for row in rows:
        assert row["unavailable"] or 20 < len(row["idea"]) < 110, row


def test_list_is_readable(nanogpt_rs: Run) -> None:
    done = nanogpt_rs("list", "charset")
    assert "charset(text: str) -> set[str]" in done.stdout
    assert "rust/char_hasher" in done.stdout
    assert "encode(" not in done.stdout


def test_verify_on_both_corpora(nanogpt_rs: Run, tinyshakespeare: object) -> None:
    done = nanogpt_rs(
        *("verify", "charset", "--id", "rust/ahash", "--json"),
        *("--corpus", "synthetic", "--corpus", "tinyshakespeare"),
    )
    assert done.returncode == 0, done.stderr
    assert [(v["corpus"], v["status"]) for v in json.loads(done.stdout)["proofs"]] == [
        ("synthetic", "right"),
        ("tinyshakespeare", "right"),
    ]


def tasks_of_each_form() -> dict[str, Task]:
    """Return a task for each form of cells: of tasks that build something, have limits, read files.

    Another test shows that a worker process can time every task.
    """
    limited = {row.task for row in REGISTRY if "limit" in row.marks}
    own = [task for task in TASKS.values() if not task.variant_of]
    forms = {(bool(task.build), task.name in limited, bool(task.files)): task for task in own}
    return {task.name: task for task in forms.values()}


@pytest.mark.slow("measures several tasks")
def test_bench_document(nanogpt_rs: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("to be or not to be " * 500)
    tasks = tasks_of_each_form()
    firsts = {
        row.task: row.id
        for row in reversed(REGISTRY)
        if row.id.startswith("rust/") and "default" in row.marks and row.task in tasks
    }
    done = nanogpt_rs(
        *("bench", *tasks, "--corpus", str(tmp_path / "mine.txt")),
        *(f"--id={id}" for id in set(firsts.values())),
        *("--state=warm", "--json", "--seconds=1"),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results/local/report.html").stat().st_size > 10_000
    document = json.loads(done.stdout)
    assert document["run"]["build"]["profile"] == "release"
    assert document["run"]["machine"]["cores"] >= 1
    cells = document["cells"]
    assert {cell["task"] for cell in cells} == set(tasks)
    for cell in cells:
        assert (cell["corpus"], cell["characters"]) == ("file:mine.txt", 9500)
        assert len(cell["sha256"]) == 64
        assert cell["seconds"] > 0
        for against in cell["against"]:
            mark = {"lecture": "baseline", "strongest": "strongest:ascii"}[against["role"]]
            assert mark in find(cell["task"], against["id"]).marks
            comparison = against["comparison"]
            invalid = comparison["verdict"] == "invalid"
            untested = cell["limit"] or invalid or comparison["p_value"] is None
            assert (comparison["p_adjusted"] is None) == untested
    comparisons = [against["comparison"] for cell in cells for against in cell["against"]]
    assert document["tests"] == sum(
        comparison["p_adjusted"] is not None for comparison in comparisons
    )
    limits = {(cell["task"], cell["id"]) for cell in cells if cell["limit"]}
    assert limits == {
        (row.task, row.id) for row in REGISTRY if "limit" in row.marks and row.task in tasks
    }
    for task in tasks.values():
        states = {cell["state"] for cell in cells if cell["task"] == task.name}
        assert states == ({"warm", BUILD} if task.build else {"warm"})
    assert str(tmp_path) not in done.stdout


def test_a_time_comes_from_eight_processes_or_more(nanogpt_rs: Run) -> None:
    options = ("--seconds=1", "--state=warm", "--corpus=english-1k-ascii", "--json")
    done = nanogpt_rs("bench", "charset", "--id=rust/ahash", *options, brief=False)
    assert done.returncode == 0, done.stderr
    assert all(cell["processes"] >= 8 for cell in json.loads(done.stdout)["cells"])


def test_bench_table_names_corpus_hash_and_build(nanogpt_rs: Run) -> None:
    done = nanogpt_rs("bench", "charset", "--id", "rust/rustc_hash", "--seconds=2")
    assert done.returncode == 0, done.stderr
    assert (
        "synthetic: a seeded random walk over TinyShakespeare's letter pairs (synthetic text)"
        in done.stdout
    )
    assert "SHA-256 705800b819a4" in done.stdout
    assert "the lecture's" in done.stdout
    assert "the strongest Python" in done.stdout
    assert "tests together (Holm)" in done.stdout
    assert re.search(r"(one release build|\d release builds), sources: those of", done.stdout)


def test_names_that_look_like_markup_come_out_as_text(nanogpt_rs: Run, tmp_path: Path) -> None:
    path = tmp_path / "[bold]x[nope].txt"
    path.write_text("abc")
    done = nanogpt_rs(
        "bench", "charset", "--id", "rust/ahash", "--seconds=1", "--corpus", str(path)
    )
    assert done.returncode == 0, done.stderr
    assert "file:[bold]x[nope].txt" in done.stdout


@pytest.mark.slow("measures all tasks that have a certain row")
def test_the_smallest_corpora(nanogpt_rs: Run, tmp_path: Path) -> None:
    corpora = []
    for name, text in (("empty", ""), ("one", "a")):
        (tmp_path / f"{name}.txt").write_text(text)
        corpora.append(f"--corpus={name}.txt")
    done = nanogpt_rs("bench", "--id", "rust/ahash", "--seconds=1", *corpora)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["bench", "no_task"], 2, "no task 'no_task'; there are: charset"),
        (["bench", "--state", "tepid"], 2, "no state 'tepid'; there are: warm, fresh_str"),
        (["bench", "--id", "rust/none"], 2, "no implementation 'rust/none'"),
        (["verify", "charset", "--id", "rust/ahsh"], 2, "closest: rust/ahash"),
        (["dev", "new", "charset", "my_idea"], 2, "name one language: --rust or --python"),
        (["dev", "new", "charset", "my_idea", "--rust", "--python"], 2, "name one language"),
        (["verify", "--corpus", "nowhere"], 2, "corpus 'nowhere': no such file, and no such id"),
        (["verify", "--corpus", ""], 2, "--corpus was given an empty value"),
        (["verify", "--corpus", "/dev/null"], 2, "is a pipe or a device"),
        (["bench", "--no-such-option"], 2, "no such option"),
        (["bench", "charset", "--full"], 2, "TASKS: no effect beside --full"),
        (["bench", "--corpus", "tinyshakespeare"], 3, "missing.txt: No such file"),
    ],
)
def test_wrong_usage_and_nothing_to_measure_have_different_statuses(
    forked: Run, arguments: list[str], status: int, says: str
) -> None:
    done = forked(*arguments, NANOGPT_RS_TINYSHAKESPEARE="missing.txt")
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_two_different_texts_of_the_same_name_are_refused(nanogpt_rs: Run, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "input.txt" for folder in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.parent.name)
    done = nanogpt_rs("bench", "charset", *(f"--corpus={path}" for path in paths))
    assert done.returncode == 2
    assert "two/input.txt are both called file:input.txt: rename one" in done.stderr


def test_a_reader_that_closes_its_pipe_is_no_failure(nanogpt_rs: Run) -> None:
    command = Path(sys.executable).with_name("nanogpt-rs")
    process = subprocess.Popen(
        [command, "list", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=300) == -signal.SIGPIPE
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


def test_without_a_terminal_standard_error_stays_empty(nanogpt_rs: Run) -> None:
    done = nanogpt_rs("verify", "charset", "--id", "rust/ahash", "--json")
    assert done.stderr == ""


def test_forced_colours_show_no_progress_bar_without_a_terminal(nanogpt_rs: Run) -> None:
    """As in a notebook's kernel, whose cells would hold hundreds of them."""
    done = nanogpt_rs("verify", "charset", "--id", "rust/ahash", FORCE_COLOR="1")
    assert done.stderr == ""
    assert "right" in done.stdout


def test_version(nanogpt_rs: Run) -> None:
    assert nanogpt_rs("--version").stdout.startswith("nanogpt-rs 0.")


def test_doctor_document(nanogpt_rs: Run) -> None:
    done = nanogpt_rs("doctor", "--json")
    assert done.returncode == 0, done.stderr
    findings = {finding["topic"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert {"processor", "Python", "memory", "Rust module", "implementations"} <= findings.keys()
    assert findings["Rust module"]["good"] is True
    for finding in findings.values():
        assert bool(finding["cost"]) == (finding["good"] is False), finding


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("nanogpt-rs")
    process = subprocess.Popen(
        [command, "verify"],
        env={**os.environ, "NANOGPT_RS_CACHE": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell's background jobs ignore SIGINT, and so would we, had the tests been started so.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while not (tmp_path / "synthetic.txt").exists():  # from here on it verifies, for seconds
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    assert stdout == b""
    assert b"Traceback" not in stderr


def test_a_terminated_run_leaves_no_files_behind(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    command = Path(sys.executable).with_name("nanogpt-rs")
    process = subprocess.Popen(
        [command, "verify", "shards"],
        env={**os.environ, "TMPDIR": str(tmp_path / "place")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list((tmp_path / "place").glob("*/nanogpt-rs-files-*")):  # a worker is at it
        time.sleep(0.02)
        assert process.poll() is None
    process.terminate()
    assert process.wait(timeout=300) == 128 + signal.SIGTERM
    deadline = time.monotonic() + 300
    while (left := list((tmp_path / "place").iterdir())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def test_a_run_without_cells_is_not_exported(nanogpt_rs: Run, tmp_path: Path) -> None:
    results = tmp_path / "results/local/bench"
    made_up.write(results, made_up.RUN, [], complete=False)
    done = nanogpt_rs("show", "--format=markdown")
    assert (done.returncode, done.stdout) == (3, "")
    assert "these runs have no cells" in done.stderr
    done = nanogpt_rs("show")
    assert done.returncode == 0, done.stderr
    assert "test was made" not in done.stdout
