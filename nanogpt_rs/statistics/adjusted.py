"""Adjusts the tests of all cells of a run together, when records are read.

A run's records hold each test as if it were the only one. The more tests a run makes, the more
likely is a false alarm among them; the adjustment keeps that probability at 5 % for the whole run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from nanogpt_rs.records.schema import CONTROL, Cell
from nanogpt_rs.statistics import verdict


def adjusted(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells with all their tests adjusted together, where there are two or more.

    Limits are not tested. Where a control of ``diff`` was called different, nothing is valid.
    """
    tested = [against.comparison for cell in cells if not cell.limit for against in cell.against]
    if len(tested) < 2:
        return doubted(cells)
    after = iter(verdict.adjust(tested))

    def adjust(cell: Cell) -> Cell:
        return replace(
            cell,
            against=tuple(replace(against, comparison=next(after)) for against in cell.against),
        )

    return doubted([cell if cell.limit else adjust(cell) for cell in cells])


def doubted(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells, made invalid where the control of their group was called different."""
    reasons = {}
    for cell in cells:
        control = cell.beside(CONTROL)
        if control is not None and control.comparison.verdict in {"faster", "slower"}:
            called = control.comparison.verdict
            reasons[cell.group] = (
                f"the control {cell.id}, the same in both commits, was called {called}"
            )

    def doubt(cell: Cell) -> Cell:
        if (reason := reasons.get(cell.group)) is None:
            return cell
        invalid = tuple(
            replace(
                against,
                comparison=replace(against.comparison, verdict="invalid", reason=reason),
            )
            for against in cell.against
        )
        return replace(cell, against=invalid)

    return [doubt(cell) for cell in cells]


def tests_in(cells: Collection[Cell]) -> int:
    """Return how many tests of these cells were adjusted together."""
    return sum(
        against.comparison.p_adjusted is not None for cell in cells for against in cell.against
    )
