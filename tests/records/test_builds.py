"""How records say in how many builds something was measured, the old ones too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_up
import pytest
from installations import ROOT

from nanogpt_rs.records import files as records
from nanogpt_rs.records.builds import OverBuilds, builds_of_run, over_builds
from nanogpt_rs.records.schema import Cell

(CELL, *_) = made_up.cells(("charset",), ("tinyshakespeare",))


def cell_of(id: str, **changes: Any) -> Cell:
    return replace(CELL, id=id, **changes)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (cell_of("python/set"), None),
        # Records from before builds were counted, and third parties' Rust, name no number.
        (cell_of("rust/ahash"), OverBuilds(1, None)),
        (cell_of("rust/an_idea_that_was_removed"), OverBuilds(1, None)),
        (cell_of("limit/read"), OverBuilds(1, None)),
        (cell_of("limit/list", task="encode"), None),
        (cell_of("foreign/mine", origin="mine.py, SHA-256 ab"), None),
        (cell_of("rust/ahash", builds=1), OverBuilds(1, None)),
        (
            cell_of("rust/ahash", builds=3, seconds_by_build=(2.0, 1.0, 3.0)),
            OverBuilds(3, (1.0, 3.0)),
        ),
        (made_up.without_time(cell_of("rust/ahash"), "wrong"), None),
        (cell_of("rust/ahash", seconds=None, instructions=1000), OverBuilds(1, None)),
    ],
)
def test_a_cell_has_as_many_builds_as_its_record_says(
    cell: Cell, expected: OverBuilds | None
) -> None:
    assert over_builds(cell) == expected


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((), "one release build"),  # a run of whole jobs, for one, has no cells
        ((None,), "release build"),
        ((None, 1, 1), "one release build"),
        ((16, None, 16), "16 release builds"),
        ((16, 8), "8 to 16 release builds"),
    ],
)
def test_a_run_says_how_many_builds_it_measured(counts: Sequence[int | None], words: str) -> None:
    cells = [
        cell_of("python/set") if count is None else cell_of("rust/ahash", builds=count)
        for count in counts
    ]
    assert builds_of_run(made_up.RUN, cells) == words


@pytest.mark.parametrize("path", sorted((ROOT / "results/bench").glob("*.json*")), ids=str)
def test_each_rust_row_that_was_published_has_a_number_of_builds(path: Path) -> None:
    for run in records.read(path):
        for cell in run.cells:
            if cell.seconds and cell.id.startswith("rust/"):
                assert over_builds(cell) is not None
