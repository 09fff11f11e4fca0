"""A real wheel, installed into the environment of somebody's own project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from installations import ROOT

BRIEF = ("--corpus=english-60-ascii", "--benchmark-only", "--benchmark-max-time=0.01")
VERIFY = ("verify", "charset", "--id=python/set", "--corpus=english-60-ascii")
PLUGIN = ("-q", "-p", "nanogpt_rs.pytest_plugin")
THEIRS = """\
import benchmarks.speed
import harness
import model


def test_their_modules_are_theirs():
    assert (benchmarks.speed.LIMIT, harness.NAME, model.NAME) == (3, "theirs", "theirs")


def test_their_own_benchmark(benchmark):
    assert benchmark(sum, [1, 2]) == 3
"""
CALLS = """\
from nanogpt_rs import pytest_plugin


def pytest_generate_tests(metafunc):
    pytest_plugin.parametrize(metafunc)


def test_call(implementation, corpus, benchmark):
    pytest_plugin.time_call(implementation, corpus, benchmark)
"""
SORTED_GROUPS = '''\
"""Sorts the text and keeps the first of each group."""

from itertools import groupby


def charset(text):
    if not isinstance(text, str):
        raise TypeError("no text")
    return {character for character, _ in groupby(sorted(text))}
'''


@dataclass(frozen=True)
class Project:
    """Somebody's own project: a folder, and an environment that our wheel is installed into."""

    folder: Path
    scripts: Path

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.scripts / command, *arguments],
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            text=True,
        )

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a virtual environment with the wheel, which finds its needs in ours."""
    folder = tmp_path_factory.mktemp("environment")
    paths = {"base": str(folder), "platbase": str(folder)}
    scripts = Path(sysconfig.get_path("scripts", "venv", paths))
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    python = str(scripts / Path(sys.executable).name)
    installs = [sys.executable, "-P", "-m", "pip", "--python", python, "install", "--quiet"]
    for command in (
        [sys.executable, "-P", "-m", "venv", "--without-pip", str(folder)],
        [*installs, "--no-deps", "--no-index", str(wheel)],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    # Behind the wheel, and without what our own .pth file names: the checkout.
    (site / "needs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    runner = scripts / "pytest"
    runner.write_text(f"#!{python}\nimport sys\nfrom pytest import main\nsys.exit(main())\n")
    runner.chmod(0o755)
    return scripts


@pytest.fixture
def project(scripts: Path, tmp_path: Path) -> Project:
    """A project with folders and a module that are named as ours are, or were."""
    project = Project(tmp_path / "project", scripts)
    project.folder.mkdir()
    project.write("benchmarks/__init__.py", "")
    project.write("benchmarks/speed.py", "LIMIT = 3\n")
    project.write("harness/__init__.py", "NAME = 'theirs'\n")
    project.write("model.py", "NAME = 'theirs'\n")
    project.write("tests/conftest.py", "")
    project.write("tests/test_theirs.py", THEIRS)
    project.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")
    return project


def test_the_lines_that_contributing_shows_are_the_tested_ones() -> None:
    assert CALLS in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_a_wheel_adds_four_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}
    (information,) = (name for name in names if name.endswith(".dist-info"))
    assert names - {information} == {"model", "nanogpt_rs", "py_impls", "rust_impls"}


@pytest.mark.parametrize(
    "command", [("nanogpt-rs",), ("python", "-m", "nanogpt_rs")], ids=["nanogpt-rs", "python -m"]
)
def test_the_command_works_in_their_project(project: Project, command: tuple[str, ...]) -> None:
    done = project.run(*command, *VERIFY)
    assert done.returncode == 0, done.stderr
    assert "right" in done.stdout
    done = project.run(*command, "list", "--json")
    rows = json.loads(done.stdout)["implementations"]
    assert {row["unavailable"] for row in rows if row["id"] == "python/set"} == {None}


@pytest.mark.parametrize(
    "command", [("pytest",), ("python", "-m", "pytest")], ids=["pytest", "python -m pytest"]
)
@pytest.mark.parametrize("options", [(), PLUGIN, (*PLUGIN, *BRIEF)])
def test_their_own_tests_and_benchmarks_run(
    project: Project, command: tuple[str, ...], options: tuple[str, ...]
) -> None:
    done = project.run(*command, *options, "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("1 passed, 1 deselected" if BRIEF[0] in options else "2 passed") in done.stdout


@pytest.mark.parametrize(
    "command", [("pytest",), ("python", "-m", "pytest")], ids=["pytest", "python -m pytest"]
)
def test_a_file_of_theirs_times_the_registry_and_their_own(
    project: Project, command: tuple[str, ...]
) -> None:
    project.write("tests/test_calls.py", CALLS)
    project.write("sorted_groups.py", SORTED_GROUPS)
    done = project.run(
        *command, *PLUGIN, *BRIEF, "--from=sorted_groups.py", "--benchmark-json=kept.json",
        "tests/test_calls.py", "-k", "charset-python/set and not file or sorted_groups",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    cases = json.loads((project.folder / "kept.json").read_text())["benchmarks"]
    assert [case["extra_info"]["id"] for case in cases] == ["python/set", "foreign/sorted_groups"]
    assert {case["extra_info"]["build"]["profile"] for case in cases} == {"release"}
    # Without the clock the same file is a test of what they wrote.
    project.write("sorted_groups.py", SORTED_GROUPS.replace("sorted(text)", "sorted(text[1:])"))
    done = project.run(
        *command, *PLUGIN, "--corpus=english-60-ascii", "--from=sorted_groups.py",
        "tests/test_calls.py", "-k", "sorted_groups",
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr


def test_a_shadowed_package_stops_a_session_that_times_it_and_no_other(
    project: Project,
) -> None:
    project.write("py_impls/__init__.py", "raise SystemExit(99)\n")
    project.write("tests/test_calls.py", CALLS)
    chosen = (*PLUGIN, *BRIEF, "-k", "charset-python/set")
    done = project.run("python", "-m", "pytest", *chosen, "tests/test_calls.py")
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"py_impls would be imported from {project.folder}" in done.stdout + done.stderr
    done = project.run("python", "-m", "pytest", *PLUGIN, *BRIEF, "tests/test_theirs.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_plugin_says_what_it_needs(project: Project) -> None:
    done = project.run("pytest", "-p", "no:benchmark", *PLUGIN, "tests")
    assert done.returncode == 4
    assert "needs pytest-benchmark: pip install pytest-benchmark" in done.stderr
