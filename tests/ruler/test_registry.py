"""Files, lists of Rust ideas and the registry agree; otherwise the missing line is named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from registration import ROOT, missing_lines

from nanogpt_rs.records import files as records
from nanogpt_rs.ruler.provenance import EXTRAS
from nanogpt_rs.ruler.registry import CPU, MARKS, REGISTRY, Implementation, find, row, simd_paths
from nanogpt_rs.ruler.tasks import TASKS


def test_nothing_is_missing() -> None:
    if missing := missing_lines(ROOT, REGISTRY):
        pytest.fail("missing:\n  " + "\n  ".join(missing), pytrace=False)


def planted(root: Path, registry: Sequence[Implementation]) -> list[str]:
    """Return the lines that are missing in a copy but not in this checkout.

    What this checkout lacks fails the first test alone.
    """
    missing_here = missing_lines(ROOT, REGISTRY)
    return [line for line in missing_lines(root, registry) if line not in missing_here]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("py_impls", "rust_impls"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    return tmp_path


def test_a_python_file_without_its_registry_line(tree: Path) -> None:
    (tree / "py_impls/charset/toy.py").touch()
    target = "py_impls.charset.toy:charset"
    assert planted(tree, REGISTRY) == [
        f'nanogpt_rs/ruler/registry.py: row("charset", "python/toy", "{target}", ...)'
    ]


def test_a_rust_file_without_any_line(tree: Path) -> None:
    (tree / "rust_impls/charset/toy.rs").touch()
    assert planted(tree, REGISTRY) == [
        "rust_impls/charset/mod.rs: pub mod toy;",
        "rust_impls/python/ideas.rs: toy in charset_module!",
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
    contenders = [
        entry
        for entry in REGISTRY
        if "limit" not in entry.marks and not TASKS[entry.task].variant_of
    ]
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
def test_each_task_has_one_baseline_that_runs_by_default(task: str) -> None:
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


def test_in_published_runs_no_python_is_much_faster_than_the_strongest() -> None:
    """An outdated mark would flatter Rust. A tolerance of 20 % covers differences of machines."""
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


@pytest.mark.torch
def test_every_row_resolves_here() -> None:
    """All but the libraries of the extra ``tokenizers``, which takes 250 MB."""
    installed = [
        entry
        for entry in REGISTRY
        if not any(EXTRAS.get(module) == "tokenizers" for module in entry.modules())
    ]
    lacking = {entry: entry.unavailable() for entry in installed if entry.unavailable()}
    assert {reason for entry, reason in lacking.items() if not processor_lacks(entry)} == set()


def processor_lacks(entry: Implementation) -> bool:
    return any(need.startswith("cpu:") for need in entry.needs) and str(
        entry.unavailable()
    ).endswith("which this processor lacks")


def test_instructions_that_a_processor_lacks_are_named() -> None:
    available = simd_paths()
    assert "scalar" in available
    for name, label in CPU.items():
        toy = row("charset", "rust/toy", "rust_impls:charset.bit_table", "", f"cpu:{name}")
        expected = None if name in available else f"needs {label}, which this processor lacks"
        assert toy.unavailable() == expected


def test_an_unavailable_row_says_why() -> None:
    lacking = row("charset", "python/toy", "py_impls.charset.set:charset", "", "no_such_module")
    assert lacking.unavailable() == "needs no_such_module, which is not installed"
    absent = row("charset", "rust/toy", "rust_impls:charset.toy", "")
    assert "rust_impls:charset.toy cannot be resolved" in str(absent.unavailable())


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(KeyError, match="'rust/toy' of task 'charset'"):
        find("charset", "rust/toy")
