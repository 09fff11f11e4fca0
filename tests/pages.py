"""Pages of runs that nobody measured, for the tests of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_up
from reader import Reader

from nanogpt_rs.records.schema import Cell, Run
from nanogpt_rs.reporting.report import page

PAPER_WIDTH = 718
"""CSS pixels of A4 between margins of a centimetre."""


def least_contrast(reader: Reader) -> float:
    """Return the least contrast of a text with the ground that it stands on."""
    script = Path(__file__).parent / "page/contrast.js"
    return float(reader.run(script.read_text(encoding="utf-8")))


def judged(cell: Cell, role: str, **changes: Any) -> Cell:
    """Return a cell with some fields of its comparison with one reference changed."""
    against = [
        replace(pair, comparison=replace(pair.comparison, **changes)) if pair.role == role else pair
        for pair in cell.against
    ]
    return replace(cell, against=tuple(against))


def as_marked(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells, changed so that no Python is faster than the one marked as strongest."""
    return [
        judged(cell, "strongest", verdict="inconclusive")
        if cell.id.startswith("python/")
        and any(
            (pair.role, pair.comparison.verdict) == ("strongest", "faster") for pair in cell.against
        )
        else cell
        for cell in cells
    ]


def page_of(folder: Path, run: Run, cells: Sequence[Cell], complete: bool = True) -> Path:
    """Write the page of a run with these cells and return its path."""
    return write_page(folder, made_up.write(folder, run, cells, complete))


def write_page(folder: Path, *files: Path) -> Path:
    """Write the page of these files of records and return its path."""
    target = folder / "report.html"
    target.write_bytes(page([(str(path), path.read_bytes()) for path in files]))
    return target
