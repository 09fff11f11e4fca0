"""``nanogpt-rs compare --pytest``: existing benchmark tests, in real sessions of pytest."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nanogpt_rs.records.callables import Called
from nanogpt_rs.records.files import read

Run = Callable[..., subprocess.CompletedProcess[str]]

CONFTEST = """
import pytest


class Words:
    def __init__(self):
        self.open = True

    def distinct(self, by):
        assert self.open, "the fixture is not alive any more"
        return by("to be or not to be " * 50)


@pytest.fixture(scope="module")
def words():
    made = Words()
    yield made
    made.open = False


@pytest.fixture
def prefix(tmp_path):
    (tmp_path / "prefix").write_text("q")
    yield (tmp_path / "prefix").read_text()
"""
TESTS = """
import helper
import pytest


def test_function(benchmark, words, prefix):
    assert "b" in benchmark(words.distinct, by=helper.distinct)


def test_decorator(benchmark, words):
    @benchmark
    def found():
        return words.distinct(set)

    assert "b" in found


@pytest.mark.benchmark(group="kinds")
@pytest.mark.parametrize("kind", [set, list], ids=["set", "list"])
def test_kinds(benchmark, words, kind):
    assert "b" in benchmark(lambda: words.distinct(kind))


class TestSorting:
    def test_in_place(self, benchmark):
        def check(letters, **_):
            assert letters == sorted(letters), "the teardown finds what the call has left"

        benchmark.pedantic(
            list.sort,
            setup=lambda: ((list("to be or not"),), {"reverse": False}),
            teardown=check,
            rounds=7,
        )

    def test_sorted(self, benchmark):
        assert benchmark.pedantic(sorted, args=["to be or not"], iterations=3)[-1] == "t"


def test_fails_before(benchmark):
    assert len("x") == 2
    benchmark(len, "x")


def test_fails_after(benchmark):
    assert benchmark(len, "x") == 2


def test_without():
    pass


def test_twice(benchmark):
    benchmark(len, "a")
    benchmark(len, "b")


async def test_async(benchmark):
    benchmark(len, "a")


async def nothing():
    pass


def test_coroutine(benchmark):
    benchmark(nothing)


@pytest.mark.skip(reason="no such machine")
def test_skipped(benchmark):
    benchmark(len, "a")


def test_weave(benchmark):
    benchmark.weave(len)


def test_fixture(benchmark, absent):
    benchmark(len, "a")


def test_raises(benchmark):
    benchmark(int, "x")
"""
INI = """
[pytest]
addopts = --strict-markers {options}
filterwarnings = error
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of somebody else's, whose options would skip, save and trace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/conftest.py").write_text(CONFTEST)
    (tmp_path / "tests/helper.py").write_text("def distinct(text):\n    return {c for c in text}\n")
    (tmp_path / "tests/test_it.py").write_text(TESTS)
    (tmp_path / "tests/test_broken.py").write_text(
        "import nowhere\n\n\ndef test_it(benchmark): ...\n"
    )
    options = "--benchmark-only --benchmark-autosave --numprocesses=2"
    (tmp_path / "pytest.ini").write_text(INI.format(options=options))
    return tmp_path


@pytest.mark.slow("each process begins five sessions of pytest")
def test_fixtures_live_while_calls_are_timed(folder: Path, nanogpt_rs: Run) -> None:
    names = ("test_function", "test_decorator", "test_kinds[set]", "test_kinds[list]")
    words = [f"tests/test_it.py::{name}" for name in names]
    done = nanogpt_rs("compare", "--pytest", *words, "--json", "--results", "kept")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [cell["id"] for cell in document["cells"]] == [f"test_it.py::{name}" for name in names]
    assert all(cell["against"][0]["comparison"]["ratio"] > 0 for cell in document["cells"][1:])
    assert [called["equal"] for called in document["called"]] == [None, True, True, False]
    assert "is list, not set. Give --same" in document["called"][3]["notes"][-1]
    (path,) = folder.glob("kept/compare/*.jsonl")
    (recorded,) = read(path)
    first = recorded.others[0]
    assert isinstance(first, Called)
    assert (first.form, first.check) == ("test", "tests")
    assert folder.name not in path.read_text()
    shown = nanogpt_rs("show", str(path))
    assert "all tests pass; their answers differ" in shown.stdout
    assert not list(folder.rglob("*.json"))  # pytest-benchmark has saved nothing
    assert not (folder / ".pytest_cache").exists()


@pytest.mark.slow("each process begins three sessions of pytest")
def test_work_before_and_after_each_call_is_not_timed(folder: Path, nanogpt_rs: Run) -> None:
    """Nor is pytest-benchmark needed."""
    (folder / "pytest.ini").write_text(INI.format(options="-p no:benchmark -p no:xdist"))
    names = ("TestSorting::test_in_place", "TestSorting::test_sorted")
    words = [f"tests/test_it.py::{name}" for name in names]
    done = nanogpt_rs("compare", "--pytest", *words)
    assert done.returncode == 0, done.stderr
    assert "all tests pass; their answers differ" in done.stdout
    done = nanogpt_rs("compare", "--pytest", *words, "--same")
    assert done.returncode == 1, done.stderr
    assert "test_sorted: wrong: gives another answer" in done.stdout


FAULTS = {
    "test_it.py::test_fails_before": 'fails: AssertionError: "assert 1 == 2',
    "test_it.py::test_fails_after": 'fails: AssertionError: "assert 1 == 2',
    "test_it.py::test_without": "does not call its fixture benchmark",
    "test_it.py::test_twice": "calls benchmark more than once",
    "test_it.py::test_async": "is an async test",
    "test_it.py::test_coroutine": "gives benchmark an async function",
    "test_it.py::test_skipped": "is skipped: no such machine",
    "test_it.py::test_weave": "uses benchmark.weave",
    "test_it.py::test_fixture": "its fixtures fail: ",
    "test_it.py::test_raises": "ValueError",
    "test_it.py::test_absent": "there is no such test",
    "test_it.py::test_kinds": "names 2 tests, and one is compared: test_kinds[set]",
    "test_it.py::test_kinds[tuple]": "there is no such test",
    "test_broken.py::test_it": "test_broken.py cannot be imported: ModuleNotFoundError",
}


def test_what_cannot_be_compared_is_named(folder: Path) -> None:
    """All in one process, because the first session of pytest in a process takes a second."""
    script = f"""
import json
from nanogpt_rs.ruler import callable_tests
answers = {{}}
for name in {list(FAULTS)!r}:
    open("mark", "wb").write(b"x")
    described = [
        dict(kind="test", target="tests/" + node, folder={str(folder)!r})
        for node in ("test_it.py::test_decorator", name)
    ]
    order = dict(
        callables=described, input=None, check=None, compared=False, tolerance=0.0, told=True,
        then="callable_answers", mark="mark",
    )
    answers[name] = callable_tests.answer(order)
json.dump(answers, open("answers.json", "w"))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], capture_output=True, text=True, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads((folder / "answers.json").read_text())
    for name, fault in FAULTS.items():
        assert (answers[name]["problem"] or "").startswith(f"{name}: "), (name, answers[name])
        assert fault in answers[name]["problem"]


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (["tests/test_it.py::test_kinds[set]"], 2, "name a reference and at least one other"),
        (["tests/test_it.py", "tests/test_it.py::test_twice"], 2, "names no test"),
        (["tests/none.py::test_a", "tests/none.py::test_b"], 2, "there is no file tests/none.py"),
        (["a.py::a", "a.py::b", "-s", "x = 1"], 2, "--setup"),
        (["a.py::a", "a.py::b", "--input", "b.py:b"], 2, "--input"),
        (["a.py::a", "a.py::b", "--corpus", "synthetic"], 2, "--corpus"),
        (["tests/test_it.py::test_decorator", "tests/test_it.py::test_fails_after"], 1, "fails: "),
    ],
)
def test_what_is_refused(
    folder: Path, forked: Run, words: list[str], status: int, complaint: str
) -> None:
    done = forked("compare", "--pytest", *words)
    assert done.returncode == status, done.stdout
    assert complaint in " ".join(done.stderr.split())
    assert done.stdout == ""
