"""Setting a checkout up: real environments of a small project, and what is printed meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from installations import ROOT
from shown_tables import run_on_terminal

from nanogpt_rs.workshop.set_up import (
    SetUpError,
    cargo_step,
    numbers,
    pip_step,
    requirements_of,
)

PROGRAM = "nanogpt_rs/workshop/set_up.py"
PROJECT = """\
[build-system]
requires = []
[project]
name = "small"
dependencies = []
[project.optional-dependencies]
more = ["nowhere-to-be-found>=1"]
[tool.maturin]
"""
REBUILD = """\
import pathlib, sys, sysconfig
print("   Compiling small v0.1.0 (here)")
if pathlib.Path("broken").exists():
    sys.exit("error: expected expression")
pathlib.Path(sysconfig.get_path("purelib"), "small.pth").write_text(str(pathlib.Path.cwd()))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project that is set up in the same way as this one."""
    root = tmp_path / "project with a space"
    for name in ("nanogpt_rs/workshop", "nanogpt_rs/ruler", "rust_impls"):
        (root / name).mkdir(parents=True)
    shutil.copy(ROOT / PROGRAM, root / PROGRAM)
    (root / "nanogpt_rs/ruler/provenance.py").write_text("def check(): pass\n")
    (root / "nanogpt_rs/workshop/rebuild.py").write_text(REBUILD)
    (root / "rust_impls/Cargo.toml").write_text('[package]\nrust-version = "1.0"\n')
    (root / "pyproject.toml").write_text(PROJECT)
    return root


def run(project: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", PROGRAM, "--venv", "env", *options],
        cwd=project,
        env=os.environ | {"PIP_NO_INDEX": "1"} | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow("makes two real environments")
def test_only_what_changed_is_set_up_again(project: Path) -> None:
    (project / "broken").touch()
    done = run(project)
    assert done.returncode == 1
    assert "[2/2] compiling the Rust module: stopped after" in done.stderr
    assert "error: expected expression" in done.stderr
    assert "hint: all of it is in env/set-up.log" in done.stderr
    (project / "broken").unlink()
    python = project / "env/bin/python"
    made = python.lstat().st_mtime_ns
    done = run(project)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (0, "")
    assert lines[0] == "[1/1] compiling the Rust module ..."
    assert lines[-1].startswith("[1/1] compiling the Rust module: done after 0:")
    assert run(project).stderr == ""
    pyproject = project / "pyproject.toml"
    pyproject.touch()
    assert run(project).stderr == ""
    done = run(project, "--extras=more")
    assert done.returncode == 1
    assert "No matching distribution found for nowhere-to-be-found" in done.stderr
    assert len(done.stderr.splitlines()) < 40
    pyproject.write_text(PROJECT.replace('name = "small"', 'name = "large"'))
    assert "[1/1] compiling" in run(project).stderr
    assert run(project, "--packages-only").stderr == ""
    assert python.lstat().st_mtime_ns == made
    log = (project / "env/set-up.log").read_text()
    assert log.count("Compiling small") == 3
    # An environment that does not run, or has another Python, is made anew.
    python.unlink()
    command = [sys.executable, "-I", PROGRAM, "--venv", "env"]
    said, status = run_on_terminal(command, 40, project)
    assert status == 0, said
    left = [line.rpartition("\x1b[2K")[2] for line in said.split("\n")[:-1]]
    assert [line.partition(": done after")[0] for line in left] == [
        f"[1/2] making env with Python {sys.version.split()[0]}",
        "[2/2] compiling the Rust module",
    ]
    changing = [shown for shown in said.split("\r\x1b[2K") if "\n" not in shown]
    assert len(changing) > 2
    assert all(len(shown) < 40 for shown in changing)


def test_what_is_missing_is_said_before_anything_is_made(project: Path, tmp_path: Path) -> None:
    done = run(project, PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "nanogpt-rs: Rust is missing: cargo does not run here",
        "hint: install it with rustup, https://rustup.rs",
    ]
    assert not (project / "env").exists()


def test_extras_may_name_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = {extra: set(requirements_of(project, [extra])) for extra in ("border", "test")}
    least = set(requirements_of(project, []))
    assert "maturin>=1.16,<2" in least
    assert not any(name.startswith(("torch", "pandas")) for name in least)
    assert least < names["border"] < names["test"]
    assert "torch>=2.4" in names["test"] - names["border"]
    with pytest.raises(SetUpError, match="no extra 'tests'"):
        requirements_of(project, ["tests"])
    assert not any("nanogpt-rs" in json.dumps(list(every)) for every in names.values())


@pytest.mark.parametrize(
    ("step_of", "line", "step"),
    [
        (
            pip_step,
            "Downloading torch-2.9.0-cp311-cp311-manylinux_2_28_x86_64.whl (539.1 MB)",
            "downloading torch (539.1 MB)",
        ),
        (pip_step, "Collecting pydantic-core==2.50.5 (from pydantic)", "looking for pydantic-core"),
        (pip_step, "Installing collected packages: mpmath, sympy, torch", "unpacking 3 packages"),
        (pip_step, "Looking in links: wheels", None),
        (cargo_step, "Compiling pyo3-ffi v0.30.1", "compiling pyo3-ffi v0.30.1"),
        (cargo_step, "Compiling rust_impls v0.1.0 (/a/b)", "compiling rust_impls v0.1.0"),
        (cargo_step, "Updating the index", "looking up what it depends on"),
        (cargo_step, "Finished `release` profile [optimized] target(s) in 1m 19s", None),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_lines_of_programs_say_what_is_being_done(
    step_of: Callable[[str], str | None], line: str, step: str | None
) -> None:
    assert step_of(line) == step


def test_versions_are_compared_as_numbers() -> None:
    assert numbers("1.100.2") > numbers("1.91") > numbers("1.9")
    assert numbers("1.91.0-nightly") == numbers("1.91")
