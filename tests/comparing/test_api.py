"""The Python API and the magics of notebooks, in programs of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from installations import BRIEF

PROGRAM = """
import random
import sys
import threading
from pathlib import Path

import nanogpt_rs

heavy = {"numpy", "scipy", "rich", "typer", "pydantic", "torch", "pandas", "cloudpickle"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)

TEXT = "to be or not to be " * 100
LETTERS = "to ben"
LOCK = threading.Lock()


def slow(text):
    return {letter for letter in text if letter in LETTERS or letter == "r"}


def other(text):
    return set(text) | {"x"}


def locked(text):
    with LOCK:
        return set(text)


def make():
    return "".join(random.choices("abc", k=90)), 3


def counted(text, number):
    return text.count("a") + number


def counted_otherwise(text, number):
    return len(text.split("a")) - 1 + number


def refused(what, *words):
    try:
        what()
    except nanogpt_rs.NotComparableError as error:
        for word in words:
            assert word in f"{error} {error.__notes__ if error.hint else ''}", (word, str(error))
    else:
        raise AssertionError("nothing was refused")


if __name__ == "__main__":
    found = nanogpt_rs.compare(slow, set, TEXT)
    assert found.verdict in {"inconclusive", "invalid"}  # of so few processes
    assert not found.faster
    assert found.ratio > 0
    assert found.seconds[0] > 0
    assert found.interval[0] < found.ratio < found.interval[1]
    text = str(found)
    assert text.splitlines()[0].startswith("function  one call  times as fast [95 %]"), text
    assert "input: arguments" in text
    assert "<td>slow</td>" in found._repr_html_()
    path = found.save("kept")
    assert path.parent == Path("kept/compare")
    try:
        import pandas
    except ImportError:
        pass
    else:
        assert list(found.to_pandas()["function"]) == ["slow", "set"]

    drawn = nanogpt_rs.compare(counted, counted_otherwise, input=make)
    assert drawn.called[0].inputs == 5, drawn
    assert "lambda" in str(nanogpt_rs.compare(lambda: 1.0, lambda: 1.0 + 1e-9, tolerance=1e-6))
    nanogpt_rs.compare("sorted(x)", "list(sorted(x))", setup="x = [3, 1]")
    nanogpt_rs.compare(slow, other, TEXT, check=lambda answer, expected: expected <= answer)
    nanogpt_rs.compare(slow, other, TEXT, check=False)

    refused(lambda: nanogpt_rs.compare(slow, other, TEXT), "other: gives another answer: 'x' is")
    refused(lambda: nanogpt_rs.compare(slow, locked, TEXT), "variable 'LOCK' is a lock", "hint: ")
    refused(lambda: nanogpt_rs.compare(slow, set, LOCK), "the arguments cannot be sent")
    refused(lambda: nanogpt_rs.compare(slow, 3, TEXT), "int objects cannot be called")
    refused(lambda: nanogpt_rs.compare(slow, set, TEXT, input=make), "give one of them")
    assert nanogpt_rs.unique_characters("hello") == set("hello")
    assert not hasattr(nanogpt_rs, "nothing")
    assert "compare" in dir(nanogpt_rs)
    print("done")
"""

SESSION = """
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()


def run(text):
    result = shell.run_cell(text)
    assert result.success, result
    return result.result


run("%load_ext nanogpt_rs")
run("text = 'to be or not ' * 100")
run("def distinct(text): return {c for c in text}")
line = run("%compare --seconds 1 distinct(text), set(text)")
assert [cell.id for cell in line.cells] == ["distinct(text)", "set(text)"], line
cell = run("%%compare --tolerance 1e-9\\nset(text)\\nset(list(text))")
assert [one.id for one in cell.cells] == ["set(text)", "set(list(text))"], cell
result = shell.run_cell("%compare set(text)")
assert "1 things to compare, and not two" in str(result.error_in_exec), result
print("done")
"""


def run(tmp_path: Path, program: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "program.py"
    script.write_text(program)
    return subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": BRIEF, "IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True,
        text=True,
    )


def test_functions_of_a_program(tmp_path: Path) -> None:
    done = run(tmp_path, PROGRAM)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("done\n")
    (path,) = tmp_path.glob("kept/compare/*.jsonl")
    assert str(tmp_path) not in path.read_text()


def test_magics_of_a_notebook(tmp_path: Path) -> None:
    done = run(tmp_path, SESSION)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("done\n")
