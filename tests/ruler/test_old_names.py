"""The ruler's modules by the names that they had before the package, for one release."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

FUNCTION = '''\
"""Sorts the text and keeps the first of each group."""

from itertools import groupby
{imports}

def charset(text):
    if not isinstance(text, str):
        raise TypeError("no text")
    return {{character for character, _ in groupby(sorted(text))}}
'''
ROWS = "ROWS = [row('charset', 'foreign/rows', f'{__name__}:charset', 'default')]\n"
TASK = """
from dataclasses import replace
import benchmarks.suite, benchmarks.foreign, benchmarks.corpora, benchmarks.verification
from benchmarks import registry
from benchmarks.tasks import TASKS as OURS
import nanogpt_rs.ruler.tasks
assert OURS is nanogpt_rs.ruler.tasks.TASKS
TASKS = [replace(OURS["charset"], name="letters")]
letters = charset
ROWS = [registry.row("letters", "python/mine", f"{__name__}:letters", "baseline default")]
"""
CHOSEN = ("--corpus=english-60-ascii", "--json")


def verified(run: Run, path: Path, id: str, **environment: str) -> str:
    """Verify an implementation in a worker process, and return what the command printed beside."""
    options = ["--from", str(path)] if path.is_file() else []
    done = run("verify", *options, "--id", id, *CHOSEN, **environment)
    assert [proof["status"] for proof in json.loads(done.stdout)["proofs"]] == ["right"], (
        done.stdout
    )
    return done.stderr


@pytest.mark.parametrize(
    ("imports", "rest", "id", "modules"),
    [
        ("from benchmarks.tasks import EDGES", "", "foreign/theirs", ["tasks"]),
        ("from benchmarks.registry import row", ROWS, "foreign/rows", ["registry"]),
        (
            "",
            TASK,
            "python/mine",
            ["suite", "foreign", "corpora", "verification", "registry", "tasks"],
        ),
    ],
    ids=["a function", "rows", "a task"],
)
def test_a_file_that_imports_old_names_works_and_is_told_the_new_ones(
    nanogpt_rs: Run, tmp_path: Path, imports: str, rest: str, id: str, modules: list[str]
) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(FUNCTION.format(imports=imports) + rest)
    message = verified(nanogpt_rs, path, id)
    assert message.splitlines() == [
        f"nanogpt-rs: theirs.py imports benchmarks.{module}, which is now called "
        f"nanogpt_rs.ruler.{module}. The old name stops working in the next release."
        for module in modules
    ]


def test_a_module_beside_it_may_import_them_too(nanogpt_rs: Run, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("from benchmarks.registry import row\n")
    path = tmp_path / "theirs.py"
    path.write_text(FUNCTION.format(imports="from beside import row") + ROWS)
    assert "theirs.py imports benchmarks.registry" in verified(nanogpt_rs, path, "foreign/rows")


def test_a_package_of_theirs_comes_first(nanogpt_rs: Run, tmp_path: Path) -> None:
    """It has one module of an old name, and not the other."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/__init__.py").write_text("NAME = 'theirs'\n")
    (tmp_path / "benchmarks/tasks.py").write_text("NAME = 'theirs'\n")
    imports = (
        "import sys\nimport benchmarks\nfrom benchmarks import tasks\n"
        "from benchmarks.registry import row\n"
        "assert (benchmarks.NAME, tasks.NAME) == ('theirs', 'theirs')\n"
        "assert row.__module__ == 'nanogpt_rs.ruler.registry'\n"
    )
    path = tmp_path / "theirs.py"
    path.write_text(FUNCTION.format(imports=imports) + ROWS)
    # Before the checkout's own package of that name, which an editable installation finds.
    message = verified(nanogpt_rs, path, "foreign/rows", PYTHONPATH=str(tmp_path))
    assert message.count("\n") == 1
    assert "imports benchmarks.registry, which" in message
    path.write_text(FUNCTION.format(imports="from benchmarks.tasks import NAME"))
    assert verified(nanogpt_rs, path, "foreign/theirs", PYTHONPATH=str(tmp_path)) == ""


@pytest.mark.parametrize("rows", ["their_rows", "their_package.rows"])
def test_an_installed_package_may_import_them(nanogpt_rs: Run, tmp_path: Path, rows: str) -> None:
    site = tmp_path / "site"
    (site / "theirs-2.1.dist-info").mkdir(parents=True)
    (site / "theirs-2.1.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: theirs\nVersion: 2.1\n"
    )
    (site / "theirs-2.1.dist-info/entry_points.txt").write_text(
        f"[nanogpt_rs.implementations]\nsorted_groups = {rows}\n"
    )
    text = FUNCTION.format(imports="from benchmarks.registry import row") + ROWS
    if rows == "their_rows":
        (site / "their_rows.py").write_text(text)
    else:  # whose package is run before it, and whose function is in a third module
        (site / "their_package").mkdir()
        (site / "their_package/__init__.py").write_text("import benchmarks.corpora\n")
        (site / "their_package/rows.py").write_text(
            "from benchmarks.registry import row\n"
            + ROWS.replace("{__name__}", "their_package.idea")
        )
        (site / "their_package/idea.py").write_text(
            FUNCTION.format(imports="from benchmarks.tasks import EDGES")
        )
    message = verified(nanogpt_rs, site, "foreign/rows", PYTHONPATH=str(site))
    assert "theirs 2.1 imports benchmarks.registry, which is now called" in message


PROGRAM = """
import sys
from pathlib import Path
from nanogpt_rs.ruler import foreign
foreign.add_file(Path(sys.argv[1]))
assert not [name for name in sys.modules if name.startswith("benchmarks.")]
assert not hasattr(sys.modules.get("benchmarks"), "registry")
try:
    import benchmarks.registry
except ImportError as error:
    print(error)
"""


def test_they_work_nowhere_else(nanogpt_rs: Run, tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(FUNCTION.format(imports="from benchmarks.registry import row") + ROWS)
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(path)], capture_output=True, text=True, cwd="/"
    )
    # The checkout, which is on the path of an editable installation, has a package of that name.
    assert done.stdout in {
        "No module named 'benchmarks'\n",
        "No module named 'benchmarks.registry'\n",
    }, done.stderr
    path.write_text(FUNCTION.format(imports="from benchmarks.nothing import row"))
    done = nanogpt_rs("verify", "--from", str(path), "--id", "foreign/theirs", *CHOSEN)
    (proof,) = json.loads(done.stdout)["proofs"]
    assert "No module named 'benchmarks.nothing'" in str(proof["details"])
    assert "imports benchmarks" not in done.stderr
