"""Files and lines that the registry, the files of the ideas and the lists of Rust ideas lack."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TASKS

ROOT = Path(__file__).resolve().parents[1]

GROUPS = {
    "attached",
    "detached",
    "stored",
    "threaded",
    "one_path",
    "by_ids",
    "by_addresses",
    "by_paths",
    "by_ranks",
    "by_text",
}
"""The groups into which ``ideas.rs`` sorts the ideas of a task."""


def ideas(folder: Path, suffix: str) -> set[str]:
    return {path.stem for path in folder.glob(f"*{suffix}")} - {"__init__", "mod"}


def missing_lines(root: Path, registry: Sequence[Implementation]) -> list[str]:
    """Return each line or file that another line or file requires and that does not exist."""
    missing = []
    lists = (root / "rust_impls/python/ideas.rs").read_text(encoding="utf-8")
    for task in [name for name, task in TASKS.items() if not task.variant_of]:
        python_files = ideas(root / "py_impls" / task, ".py")
        rust_files = ideas(root / "rust_impls" / task, ".rs")
        modules, listed = rust_lines(root, task, lists)
        # A limit is not an idea of one task: the same function may be the limit of several.
        contenders = [row for row in registry if row.task == task and "limit" not in row.marks]
        targets = {row.target for row in contenders}
        targets |= {name for row in contenders for name in row.given if f":{task}." in name}
        python_targets = {f"py_impls.{task}.{idea}:{task}": idea for idea in python_files}
        rust_names = rust_files | modules | listed
        rust_targets = {f"rust_impls:{task}.{idea}": idea for idea in rust_names}
        for target, idea in sorted(python_targets.items()):
            if target not in targets:
                missing.append(registry_line(task, f"python/{idea}", target))
        for target, idea in sorted(rust_targets.items()):
            if idea not in rust_files:
                missing.append(f"rust_impls/{task}/{idea}.rs")
            if idea not in modules:
                missing.append(f"rust_impls/{task}/mod.rs: pub mod {idea};")
            if idea not in listed:
                missing.append(f"rust_impls/python/ideas.rs: {idea} in {task}_module!")
            if target not in targets:
                missing.append(registry_line(task, f"rust/{idea}", target))
        for target in sorted(targets - python_targets.keys() - rust_targets.keys()):
            missing.append(f"the file that {target} names")
    return missing


def rust_lines(root: Path, task: str, lists: str) -> tuple[set[str], set[str]]:
    """Return the names of a task's ideas in its ``mod.rs`` and in the list of Rust ideas."""
    mod_rs = root / "rust_impls" / task / "mod.rs"
    if not mod_rs.exists():  # a task that only Python implements
        return set(), set()
    modules = re.findall(r"^pub mod (\w+);", mod_rs.read_text(encoding="utf-8"), re.MULTILINE)
    block = re.search(rf"^{task}_module! \{{(.*?)^\}}", lists, re.MULTILINE | re.DOTALL)
    assert block, f"rust_impls/python/ideas.rs has no {task}_module!"
    return set(modules), set(re.findall(r"\w+", block.group(1))) - GROUPS


def registry_line(task: str, id: str, target: str) -> str:
    return f'nanogpt_rs/ruler/registry.py: row("{task}", "{id}", "{target}", ...)'
