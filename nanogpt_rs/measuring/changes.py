"""What kind of change stands behind another time: one of the sources, of the code, or of its place.

Instructions are counted in both commits. Where the numbers are equal, the processor does the same
work, and another time comes from where the linker put code and data. Where they differ although no
source of the implementation changed, the compiler generated other code: it decides on the whole
crate at once, so that a change elsewhere can move what it inlines.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import PurePosixPath

from nanogpt_rs.records.schema import Cell
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.statistics.counts import same_count

COUNTED_AGAIN = 3
"""Number of further counts of each commit where the first ones differ."""
SHARED = ("Cargo.toml", "Cargo.lock", "rust_impls/Cargo.toml", "rust_impls/build.rs")
"""Files that every implementation in Rust is built with."""
BORDER = "rust_impls/python/"
"""The folder of the border with Python. Its files serve many implementations each."""
LISTS = {"rust_impls/lib.rs", f"{BORDER}mod.rs", f"{BORDER}ideas.rs"}
"""Files that list modules and ideas. A line more changes no implementation that was there."""
PATH = re.compile(r"\b(crate|super)::(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\w+(?:::\w+)*)")
"""A path into the crate, as ``crate::text::Text`` or ``crate::{simd, text::Text}``."""

Read = Callable[[str], str]
"""Returns the text of a file of the repository, the empty string where there is no such file."""


def sources_of(row: Implementation, read: Read) -> set[str]:
    """Return the Rust files that an implementation is made of: its own, and what they name.

    The border with Python is left out.

    Args:
        row: The implementation.
        read: Reads a file of the commit, by its path from the root, with ``/`` between parts.
    """
    waiting = [
        path
        for name in row.names()
        if name.startswith("rust_impls:")
        for path in files_of_module(tuple(name.partition(":")[2].split(".")))
    ]
    files: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in files or not (text := read(path)):
            continue
        files.add(path)
        waiting += [
            file for module in modules_named(path, text) for file in files_of_module(module)
        ]
    return files


def changed_sources(row: Implementation, older: str, newer: str | None) -> tuple[str, ...]:
    """Return the files that an implementation is made of and that differ between two commits.

    Args:
        row: The implementation.
        older: The older commit.
        newer: The newer commit; ``None`` for the files as they lie in the checkout.

    Raises:
        OSError: Git cannot be started.
        subprocess.CalledProcessError: Git cannot show a commit.
    """
    commits = (older,) if newer is None else (older, newer)
    output = provenance.git(
        provenance.ROOT, "diff", "--name-only", "-z", *commits, "--", *SHARED, "rust_impls"
    )
    differing = set(output.decode().split("\0")) - {""} - LISTS
    if not differing:
        return ()
    made_of = set(SHARED) | {path for path in differing if path.startswith(BORDER)}
    for commit in (older, newer):
        made_of |= sources_of(row, partial(text_of, commit))
    return tuple(sorted(differing & made_of))


@cache
def text_of(commit: str | None, path: str) -> str:
    """Return a file's text in a commit, or in the checkout; empty where there is no such file."""
    try:
        if commit is None:
            return (provenance.ROOT / path).read_text(encoding="utf-8")
        return provenance.git(provenance.ROOT, "cat-file", "blob", f"{commit}:{path}").decode()
    except (OSError, subprocess.CalledProcessError):
        return ""


def files_of_module(names: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths that a module's file can have: of the module itself, and of those around it.

    Args:
        names: The module's path in the crate; its last parts may be names of items.
    """
    for length in range(1, len(names) + 1):
        path = PurePosixPath("rust_impls", *names[:length])
        if f"{path}/" != BORDER:
            yield from (f"{path}.rs", f"{path}/mod.rs")


def modules_named(path: str, text: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths in the crate that a Rust file names.

    Args:
        path: The file's path.
        text: Its text.
    """
    inside = PurePosixPath(path).relative_to("rust_impls").with_suffix("").parts
    imported = []
    for start, names in PATH.findall(text):
        base = inside[:-1] if start == "super" else ()
        for name in names.strip("{}").split(","):
            parts = tuple(part.strip(" {}\n") for part in name.strip().split("::"))
            if parts[0] and parts[0] not in ("self", "*"):
                imported.append((*base, *parts))
    yield from imported
    for module in imported:  # `use crate::encode` makes `encode::fixed_array` a path
        for rest in re.findall(rf"\b{re.escape(module[-1])}::(\w+(?:::\w+)*)", text):
            yield (*module, *rest.split("::"))


def explained(
    cell: Cell,
    row: Implementation,
    older: str,
    newer: str | None,
    count_again: Callable[[], tuple[int | None, int | None]] | None = None,
) -> Cell:
    """Return a cell with the kind of change that its counts show, if both commits were counted.

    Args:
        cell: The cell.
        row: Its implementation.
        older: The older commit.
        newer: The newer commit; ``None`` for the files as they lie in the checkout.
        count_again: Counts the older and the newer commit once more. It is called where the first
            counts differ, because a hash seed changes the count of each process.

    Raises:
        OSError: Git cannot be started.
        subprocess.CalledProcessError: Git cannot show a commit.
    """
    if not (cell.instructions and cell.instructions_before and row.is_compiled()):
        return cell
    before, after = [cell.instructions_before], [cell.instructions]
    if not same_count(before, after) and count_again is not None:
        for _ in range(COUNTED_AGAIN):
            more_before, more_after = count_again()
            before += [more_before] if more_before else []
            after += [more_after] if more_after else []
    if same_count(before, after):
        return replace(cell, change="placement")
    files = changed_sources(row, older, newer)
    return replace(cell, change="sources" if files else "code generation", changed_files=files)


def sentence(cell: Cell) -> str:
    """Return what the counts of a cell show, for a reader who has not heard of them."""
    counted = f"counted on the code path {cell.path}"
    counts = f"{cell.instructions:,} instructions, and {cell.instructions_before:,} before"
    if cell.change == "placement":
        return (
            f"placement: {cell.instructions:,} instructions in both commits, so that a difference "
            f"in time comes from where code and data lie in memory ({counted})"
        )
    if cell.change == "code generation":
        return f"code generation: {counts}, although none of its sources changed ({counted})"
    return f"sources: {counts}; changed: {', '.join(cell.changed_files)} ({counted})"
