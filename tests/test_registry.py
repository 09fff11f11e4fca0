"""Files, Rust names and registry lines agree; where they don't, the missing line is named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from nanogpt_rs.records import files as records
from nanogpt_rs.ruler.registry import CPU, MARKS, REGISTRY, Implementation, find, row, simd_paths
from nanogpt_rs.ruler.tasks import TASKS

ROOT = Path(__file__).resolve().parents[1]
GROUPS = {
    "attached",
    "detached",
    "stored",
    "threaded",
    "held",
    "by_ids",
    "by_addresses",
    "by_paths",
}
"""What python.rs sorts a task's ideas by."""


def ideas(folder: Path, suffix: str) -> set[str]:
    return {path.stem for path in folder.glob(f"*{suffix}")} - {"__init__", "mod"}


def missing_lines(root: Path, registry: Sequence[Implementation]) -> list[str]:
    """Return each line or file that some other line or file calls for."""
    missing = []
    python_rs = (root / "rust_impls/python.rs").read_text(encoding="utf-8")
    for task in TASKS:
        python_files = ideas(root / "py_impls" / task, ".py")
        rust_files = ideas(root / "rust_impls" / task, ".rs")
        mod_rs = (root / "rust_impls" / task / "mod.rs").read_text(encoding="utf-8")
        modules = set(re.findall(r"^pub mod (\w+);", mod_rs, re.MULTILINE))
        block = re.search(rf"^{task}_module! \{{(.*?)^\}}", python_rs, re.MULTILINE | re.DOTALL)
        assert block, f"rust_impls/python.rs has no {task}_module!"
        words = set(re.findall(r"\w+", block.group(1))) - GROUPS
        # A limit is no idea for a task, and one may be the limit of several.
        contenders = [entry for entry in registry if "limit" not in entry.marks]
        mine = [entry for entry in contenders if entry.task == task]
        targets = {entry.target for entry in mine}
        targets |= {name for entry in mine for name in entry.given if f":{task}." in name}
        python_targets = {f"py_impls.{task}.{idea}:{task}": idea for idea in python_files}
        rust_targets = {f"rust_impls:{task}.{idea}": idea for idea in rust_files | modules | words}
        for target, idea in sorted(python_targets.items()):
            if target not in targets:
                missing.append(
                    f'nanogpt_rs/ruler/registry.py: row("{task}", "python/{idea}", "{target}", ...)'
                )
        for target, idea in sorted(rust_targets.items()):
            if idea not in rust_files:
                missing.append(f"rust_impls/{task}/{idea}.rs")
            if idea not in modules:
                missing.append(f"rust_impls/{task}/mod.rs: pub mod {idea};")
            if idea not in words:
                missing.append(f"rust_impls/python.rs: {idea} in {task}_module!")
            if target not in targets:
                missing.append(
                    f'nanogpt_rs/ruler/registry.py: row("{task}", "rust/{idea}", "{target}", ...)'
                )
        for target in sorted(targets - python_targets.keys() - rust_targets.keys()):
            missing.append(f"the file that {target} names")
    return missing


def test_nothing_is_missing() -> None:
    if missing := missing_lines(ROOT, REGISTRY):
        pytest.fail("missing:\n  " + "\n  ".join(missing), pytrace=False)


def planted(root: Path, registry: Sequence[Implementation]) -> list[str]:
    """Return what is missing here and not at home, so that only one test speaks of the latter."""
    at_home = missing_lines(ROOT, REGISTRY)
    return [line for line in missing_lines(root, registry) if line not in at_home]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for room in ("py_impls", "rust_impls"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_python_file_without_its_registry_line(tree: Path) -> None:
    (tree / "py_impls/charset/toy.py").touch()
    assert planted(tree, REGISTRY) == [
        'nanogpt_rs/ruler/registry.py: row("charset", "python/toy", "py_impls.charset.toy:charset", ...)'
    ]


def test_a_rust_file_without_any_line(tree: Path) -> None:
    (tree / "rust_impls/charset/toy.rs").touch()
    assert planted(tree, REGISTRY) == [
        "rust_impls/charset/mod.rs: pub mod toy;",
        "rust_impls/python.rs: toy in charset_module!",
        'nanogpt_rs/ruler/registry.py: row("charset", "rust/toy", "rust_impls:charset.toy", ...)',
    ]


def test_a_registry_line_without_its_file(tree: Path) -> None:
    toy = row("charset", "python/toy", "py_impls.charset.toy:charset", "default")
    assert planted(tree, (*REGISTRY, toy)) == ["the file that py_impls.charset.toy:charset names"]


def test_a_module_line_without_its_file(tree: Path) -> None:
    (tree / "rust_impls/encode/ahash.rs").unlink()
    assert planted(tree, REGISTRY) == ["rust_impls/encode/ahash.rs"]


def test_keys_and_targets_are_unique() -> None:
    assert len({(entry.task, entry.id) for entry in REGISTRY}) == len(REGISTRY)
    contenders = [entry for entry in REGISTRY if "limit" not in entry.marks]
    assert len({(entry.target, entry.given) for entry in contenders}) == len(contenders)


def test_rows_are_well_formed() -> None:
    for entry in REGISTRY:
        assert entry.task in TASKS
        assert entry.marks <= MARKS.keys()
        assert {need for need in entry.needs if ":" in need} <= {f"cpu:{name}" for name in CPU}
        language = "limit" if "limit" in entry.marks else "(python|rust)"
        assert re.fullmatch(rf"{language}/[a-z0-9_]+", entry.id)
        assert entry.marks == {"limit"} or "limit" not in entry.marks


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_one_baseline_that_runs_unasked(task: str) -> None:
    (baseline,) = (entry for entry in REGISTRY if entry.task == task and "baseline" in entry.marks)
    assert "default" in baseline.marks


@pytest.mark.parametrize("width", ["ascii", "latin1", "ucs2", "ucs4"])
@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_one_strongest_python_per_width(task: str, width: str) -> None:
    (strongest,) = (
        entry for entry in REGISTRY if entry.task == task and f"strongest:{width}" in entry.marks
    )
    assert strongest.id.startswith("python/")
    assert "default" in strongest.marks


def test_no_published_run_found_a_much_faster_python_than_the_strongest() -> None:
    """A mark that was overtaken would flatter Rust. Two machines may differ by some per cent."""
    overtaken = [
        f"{path.name}: {cell.task} on {cell.corpus}: {cell.id} {against.comparison.interval}"
        for path in sorted((ROOT / "results/bench").glob("*.jsonl"))
        for run in records.read(path)
        for cell in run.cells
        if cell.id.startswith("python/") and cell.state == "warm" and cell.characters >= 1_000_000
        for against in cell.against
        if against.role == "strongest"
        and f"strongest:{cell.width}" in find(cell.task, against.id).marks
        and against.comparison.verdict == "faster"
        and against.comparison.interval is not None
        and against.comparison.interval[0] > 1.2
    ]
    assert not overtaken


def test_every_row_resolves_here() -> None:
    lacking = {entry: entry.unavailable() for entry in REGISTRY if entry.unavailable()}
    assert {reason for entry, reason in lacking.items() if not processor_lacks(entry)} == set()


def processor_lacks(entry: Implementation) -> bool:
    return any(need.startswith("cpu:") for need in entry.needs) and str(
        entry.unavailable()
    ).endswith("which this processor lacks")


def test_what_a_processor_lacks_is_named() -> None:
    here = simd_paths()
    assert "scalar" in here
    for name, people_say in CPU.items():
        toy = row("charset", "rust/toy", "rust_impls:charset.bit_table", "", f"cpu:{name}")
        expected = None if name in here else f"needs {people_say}, which this processor lacks"
        assert toy.unavailable() == expected


def test_what_is_unavailable_says_why() -> None:
    lacking = row("charset", "python/toy", "py_impls.charset.set:charset", "", "no_such_module")
    assert lacking.unavailable() == "needs no_such_module, which is not installed"
    absent = row("charset", "rust/toy", "rust_impls:charset.toy", "")
    assert "rust_impls:charset.toy cannot be resolved" in str(absent.unavailable())


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(KeyError, match="'rust/toy' of task 'charset'"):
        find("charset", "rust/toy")
