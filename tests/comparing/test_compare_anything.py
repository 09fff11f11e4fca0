"""``nanogpt-rs compare`` on functions of files and modules and on statements, in real processes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from installations import Installation

from nanogpt_rs.records.callables import Called
from nanogpt_rs.records.files import read

Run = Callable[..., subprocess.CompletedProcess[str]]

SETUP = 'text = "to be or not to be " * 200'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody else's, whose modules have names of ours and of large packages."""
    monkeypatch.chdir(tmp_path)
    for name in ("model", "benchmarks", "torch", "pandas"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('imported')\n")
    (tmp_path / "helper.py").write_text("def characters(text):\n    return set(text)\n")
    (tmp_path / "mine.py").write_text(
        "import helper\n\n"
        "def slow(text):\n    return set(list(text))\n\n"
        "def wrong(text):\n    return {c for c in text if c != 'o'}\n\n"
        "def of_helper(text):\n    return helper.characters(text)\n"
    )
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("")
    (tmp_path / "package/fast.py").write_text("def fast(text):\n    return set(text)\n")
    (tmp_path / "inputs.py").write_text(
        "import random\n\n"
        "def make():\n    return 'to be or not to be ' * 200\n\n"
        "def several():\n"
        "    yield 'to be ' * 100\n"
        "    yield 'nor not ' * 100\n\n"
        "def drawn():\n    return ''.join(random.choices('abcdefgh', k=500))\n"
    )
    return tmp_path


@pytest.fixture
def command(
    folder: Path, nanogpt_rs: Run, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    return nanogpt_rs


def test_statements(command: Run) -> None:
    done = command("compare", "-s", SETUP, "set(text)", "{c for c in text}", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    reference, contender = document["cells"]
    assert (reference["id"], contender["id"]) == ("set(text)", "{c for c in text}")
    assert reference["seconds"] > 0
    assert contender["against"][0]["comparison"]["ratio"] > 0
    assert document["called"][0]["peak"] is None or document["called"][0]["peak"] >= 0
    assert document["run"] is None


def test_an_answer_that_differs_is_shown_without_a_time(command: Run) -> None:
    words = ["mine.py:slow", "mine.py:wrong", "package.fast:fast", "--input", "inputs.py:make"]
    done = command("compare", *words)
    assert done.returncode == 1, done.stderr
    assert "mine.py:wrong: wrong: gives another answer: 'o' is missing (1 in all)" in done.stdout
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("mine.py:wrong  "))
    assert not any(unit in row for unit in (" us", " ms", " ns"))
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("package.fast:fast  "))
    assert " us" in row


def test_inputs_that_differ_are_all_tried(command: Run, folder: Path) -> None:
    for_one = "def one(text):\n    return set('to be ')\n"
    (folder / "cheat.py").write_text(for_one)
    for made in ("several", "drawn"):
        words = ["package.fast:fast", "cheat.py:one", "--input", f"inputs.py:{made}", "--json"]
        done = command("compare", *words)
        assert done.returncode == 1, done.stderr
        assert "gives another answer" in json.loads(done.stdout)["cells"][1]["details"][0]
    words = ["package.fast:fast", "mine.py:of_helper", "--input", "inputs.py:several"]
    done = command("compare", *words)
    assert done.returncode == 0, done.stderr
    assert "the answers agree on 2 inputs; the first of them was timed" in done.stdout


def test_two_versions_of_a_project_each_have_their_own_modules(command: Run, folder: Path) -> None:
    for version in ("old", "new"):
        (folder / version).mkdir()
        (folder / version / "helper.py").write_text(f"VERSION = {version!r}\n")
        (folder / version / "job.py").write_text(
            "import helper\n\ndef version():\n    return helper.VERSION\n"
        )
    done = command("compare", "old/job.py:version", "new/job.py:version", "--json")
    assert done.returncode == 1, done.stderr
    _, new = json.loads(done.stdout)["cells"]
    assert new["id"] == "new/job.py:version"
    assert "'new', not 'old'" in new["details"][0]


def test_a_check_of_ones_own_and_none(command: Run, folder: Path) -> None:
    (folder / "checks.py").write_text(
        "def within(answer, expected):\n    return abs(answer - expected) < 0.1\n"
    )
    words = ["compare", "0.5 + x", "0.50001 + x", "-s", "x = 1.0"]
    done = command(*words)
    assert done.returncode == 1
    assert "a relative difference of 6.7e-06" in done.stdout
    done = command(*words, "--tolerance", "1e-5")
    assert done.returncode == 0, done.stderr
    assert "floats within 1e-05" in done.stdout
    done = command(*words, "--check", "checks.py:within")
    assert done.returncode == 0, done.stderr
    assert "answers compared by checks.py:within" in done.stdout
    done = command(*words, "--no-check")
    assert done.returncode == 0, done.stderr
    assert "the answers were not compared" in done.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["a.py:f", "mine.py:slow"], "two ways: the file a.py"),
        (["python/set", "rust/ahash"], "the id of an implementation, whose task is not named"),
        (["charset", "python/set", "rust/ahash", "-s", "x = 1"], "two ways: a task"),
        (["absent.py:f", "mine.py:slow"], "there is no file absent.py here"),
        (["absent:f", "mine.py:slow"], "no module absent can be imported"),
        (["mine.py:slow"], "name a reference and at least one other"),
        (["set(", "1"], "the statement is not Python"),
        (["x = 1", "y = 1"], "does not end with an expression"),
        (["mine.py:slow", "mine.py:wrong", "-s", "x = 1"], "a setup is run before statements"),
        (["1", "2", "--input", "inputs.py:make"], "a statement takes none"),
        (["1", "2", "--state", "warm"], "--state: no effect"),
        (["charset", "python/set", "rust/ahash", "--tolerance", "1"], "a task"),
    ],
)
def test_what_is_refused_before_anything_runs(
    forked: Run, folder: Path, words: list[str], complaint: str
) -> None:
    (folder / "a").mkdir()
    (folder / "a.py").write_text("f = set\n")
    (folder / "a/__init__.py").write_text("")
    (folder / "a/py.py").write_text("f = set\n")
    done = forked("compare", *words)
    assert done.returncode == 2, done.stdout
    assert complaint in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["mine.py:none", "mine.py:slow"], "mine.py has no 'none'"),
        (["mine.py:slow", "mine.py:wrong"], "Give it arguments with --input"),
        (["model.py:f", "mine.py:slow"], "model.py:f: raised RuntimeError: 'imported'"),
        (["undefined", "1"], "NameError"),
        (["len", "len"], "does not call it"),
        (["iter([1])", "iter([1])"], "computes nothing before it is read"),
        (["t()", "t()", "-s", "from time import perf_counter as t"], "gives another answer when"),
        (["d.pop() or 1", "1", "-s", "d = [0] * 9"], "changes its input"),
        (["__import__('os')._exit(3)", "1"], "the reference: a worker process ended with"),
    ],
)
def test_a_reference_that_cannot_be_used(command: Run, words: list[str], complaint: str) -> None:
    done = command("compare", *words)
    assert done.returncode == 1, done.stdout
    assert complaint in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_the_record_says_what_ran_and_names_no_path(command: Run, folder: Path) -> None:
    kept = folder / "kept"
    words = ["mine.py:slow", "package.fast:fast", "--input", "inputs.py:make"]
    done = command("compare", *words, "--results", str(kept))
    assert done.returncode == 0, done.stderr
    (path,) = kept.glob("compare/*.jsonl")
    text = path.read_text()
    assert str(folder) not in text
    assert folder.name not in text
    (recorded,) = read(path)
    assert recorded.complete
    first, second = recorded.others
    assert isinstance(first, Called)
    assert isinstance(second, Called)
    assert (first.form, first.text, first.input) == ("file", "mine.py:slow", "inputs.py:make")
    assert (second.form, second.text) == ("module", "package.fast:fast")
    assert recorded.cells[0].origin == f"the file mine.py, SHA-256 {first.sha256[:12]}"
    shown = command("show", str(path))
    assert shown.returncode == 0, shown.stderr
    assert [line for line in shown.stdout.splitlines() if "package.fast:fast" in line]
    assert shown.stdout == done.stdout
    page = command("show", "--format", "html", "--out", str(folder / "page.html"), str(path))
    assert page.returncode == 0, page.stderr


def test_the_installed_wheel_is_enough(installation: Installation, tmp_path: Path) -> None:
    """No checkout, no compiler, and a folder whose modules are called as ours are."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("model", "py_impls", "rust_impls", "torch", "pandas"):
        (folder / f"{name}.py").write_text("raise RuntimeError('imported')\n")
    done = installation.run(
        *("-m", "nanogpt_rs", "compare", "-s", SETUP, "set(text)", "set(list(text))"),
        cwd=folder,
        PATH="",
    )
    assert done.returncode == 0, done.stderr
    assert "set(list(text))" in done.stdout


@pytest.mark.slow("runs under valgrind")
def test_instructions_are_counted_when_asked_for(command: Run) -> None:
    if shutil.which("valgrind") is None:
        pytest.skip("install valgrind: apt-get install valgrind")
    words = ["sum(x)", "sum(x + x) // 2", "-s", "x = list(range(1000))", "--instructions"]
    done = command("compare", *words, "--json")
    assert done.returncode == 0, done.stderr
    one, two = (called["instructions"] for called in json.loads(done.stdout)["called"])
    assert 1.5 * one < two < 4 * one


def test_a_package_beside_its_base_commit_in_markdown(command: Run, folder: Path) -> None:
    """As docs/comparing.md has it for a pull request: each copy of a file has its own package."""
    calls = (
        "import words\n\n"
        "def make():\n    return ('to be | or ' * 100,)\n\n"
        "def count(text):\n    return words.count(text)\n"
    )
    for side, body in (("base", "len(text.split(' '))"), ("head", "text.count(' ') + 1")):
        package = folder / side / "words"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(
            "from words import counting\n\ndef count(text):\n    return counting.of(text)\n"
        )
        (package / "counting.py").write_text(f"def of(text):\n    return {body}\n")
        (folder / side / "calls.py").write_text(calls)
    words = ["base/calls.py:count", "head/calls.py:count", "--input", "base/calls.py:make"]
    done = command("compare", *words, "--markdown")
    assert done.returncode == 0, done.stderr
    heads, rule, base, head, *_ = done.stdout.splitlines()
    assert heads.startswith("| function | one call |")
    assert rule.startswith("| --- | --- |")
    assert base.startswith("| `base/calls.py:count` |")
    assert head.startswith("| `head/calls.py:count` |")
    assert "- input: calls.py:make" in done.stdout
    (folder / "head/words/counting.py").write_text("def of(text):\n    return 0\n")
    done = command("compare", *words, "--markdown")
    assert done.returncode == 1
    assert "head/calls.py:count: wrong: gives another answer: 0, not" in done.stdout
