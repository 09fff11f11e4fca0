"""``nanogpt-rs dev new`` in a copy of this checkout: the new implementation is right at once."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installations import PACKAGES, ROOT, Installation
from registration import missing_lines

from nanogpt_rs.ruler.registry import RESTRICTIONS
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.workshop.scaffold import ScaffoldError, begin, model_of


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for package in (*PACKAGES, "rust_impls"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "Cargo.lock", folder)
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def missing(root: Path) -> list[str]:
    """Return the lines and files that a checkout lacks, by its own registry."""
    path = root / "nanogpt_rs/ruler/registry.py"
    spec = importlib.util.spec_from_file_location("registry_of_a_copy", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return missing_lines(root, module.REGISTRY)


@pytest.mark.slow("verifies every task")
def test_python_for_every_task_is_right_as_it_stands(
    checkout: Path, installation: Installation
) -> None:
    tasks = [name for name, task in TASKS.items() if not task.variant_of]
    for task in tasks:
        program = Path(sys.executable).with_name("nanogpt-rs")
        command = [program, "dev", "new", task, "my_idea", "--python"]
        done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith(f"nanogpt-rs verify {task} --id python/my_idea\n")
        idea = f"py_impls/{task}/my_idea.py"
        installation.write(idea, (checkout / idea).read_text(encoding="utf-8"))
    assert missing(checkout) == []
    registry = "nanogpt_rs/ruler/registry.py"
    installation.write(registry, (checkout / registry).read_text(encoding="utf-8"))
    arguments = ("--id", "python/my_idea", "--corpus", "english-1k-ascii", "--json")
    done = installation.run("-m", "nanogpt_rs", "verify", *tasks, *arguments)
    proofs = json.loads(done.stdout)["proofs"]
    statuses = {(row["task"], row["status"]) for row in proofs}
    assert statuses == {(task, "right") for task in tasks}
    listed = installation.run("-m", "nanogpt_rs", "list", "--id", "python/my_idea", "--json")
    for row in json.loads(listed.stdout)["implementations"]:
        assert row["idea"].startswith("A copy of ")
        assert set(row["marks"]) - {*RESTRICTIONS} == {"default"}


def test_rust_for_every_task_is_named_in_every_file_that_lists_ideas(checkout: Path) -> None:
    for task in [name for name in TASKS if (checkout / "rust_impls" / name).exists()]:
        begun = begin(checkout, task, "my_idea", rust=True)
        model = begun.model.partition("/")[2]
        first, *rest = (checkout / begun.files[0]).read_text(encoding="utf-8").splitlines()
        assert first.startswith(f"//! A copy of {model}")
        assert len(first) < 100  # build.rs demands it
        copied = (checkout / "rust_impls" / task / f"{model}.rs").read_text(encoding="utf-8")
        assert rest == copied.splitlines()[1:]
    assert missing(checkout) == []
    sources = [str(path) for path in (checkout / "rust_impls").rglob("*.rs")]
    done = subprocess.run(
        ["rustfmt", "--edition=2024", "--check", *sources], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("idea", "rust", "message"),
    [
        ("My-Idea", False, "'My-Idea' cannot be a name"),
        ("../up", False, "'../up' cannot be a name"),
        ("lambda", False, "'lambda' is a Python keyword"),
        ("set", False, "charset python/set is registered already"),
        ("ahash", True, "charset rust/ahash is registered already"),
        ("match", True, "'match' is a Rust keyword"),
        ("borrow_text", True, "'borrow_text' has a meaning in rust_impls/python/modules.rs"),
    ],
)
def test_a_name_that_is_taken_or_impossible_is_refused(
    checkout: Path, idea: str, rust: bool, message: str
) -> None:
    before = contents(checkout)
    flag = "--rust" if rust else "--python"
    command = [Path(sys.executable).with_name("nanogpt-rs"), "dev", "new", "charset", idea, flag]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert contents(checkout) == before


def test_a_task_without_an_idea_to_copy_is_refused(checkout: Path) -> None:
    with pytest.raises(ScaffoldError, match="the task no_task has no idea in Rust to copy"):
        model_of(checkout, "no_task", rust=True)
