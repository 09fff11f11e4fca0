"""In how many builds of the Rust module something was measured, and how far these builds differ.

All that shows builds asks here, so that old records, which name no number, are read in one way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from nanogpt_rs.records.schema import Cell, Run
from nanogpt_rs.ruler.registry import REGISTRY
from nanogpt_rs.words import counted_builds


@dataclass(frozen=True)
class OverBuilds:
    """The builds that a compiled implementation was measured in.

    Attributes:
        count: Number of builds.
        seconds: Median seconds of one call in the fastest and in the slowest build; ``None`` where
            only one build was measured, which does not show how far builds differ.
    """

    count: int
    seconds: tuple[float, float] | None


def over_builds(cell: Cell) -> OverBuilds | None:
    """Return the builds of a cell; ``None`` for Python, and for what was not measured.

    Where a record names no number of builds, which is so in records from before builds were
    counted, whatever is compiled had one.
    """
    if cell.seconds is None and cell.instructions is None:
        return None
    if cell.builds is None and not is_compiled(cell.task, cell.id):
        return None
    by_build = cell.seconds_by_build
    return OverBuilds(cell.builds or 1, (min(by_build), max(by_build)) if by_build else None)


def is_compiled(task: str, id: str) -> bool:
    """Return whether an implementation is compiled, by its id or, for a limit, by the registry."""
    return id.startswith("rust/") or (task, id) in compiled_rows()


@cache
def compiled_rows() -> frozenset[tuple[str, str]]:
    """Return the task and the id of each row of the registry that calls the Rust module."""
    return frozenset((row.task, row.id) for row in REGISTRY if row.is_compiled())


def builds_of_run(run: Run, cells: Sequence[Cell]) -> str:
    """Return how many builds of which profile a run measured, such as ``16 release builds``.

    A run in which nothing compiled was measured has no number. Commands whose records are not cells
    measure the installed build alone.
    """
    measured = [found.count for cell in cells if (found := over_builds(cell)) is not None]
    counts = measured if cells else [1]
    profile = run.build.get("profile", "unknown")
    if not counts:
        return f"{profile} build"
    return counted_builds(min(counts), max(counts), profile)
