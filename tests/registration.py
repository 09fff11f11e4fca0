"""Which lines and files are missing for what is registered."""

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
