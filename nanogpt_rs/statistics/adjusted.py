"""Adjusts the tests of all cells of a run together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from nanogpt_rs.records.schema import CONTROL, Cell, Meanwhile
from nanogpt_rs.statistics import verdict


def adjusted(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells with the tests of all of them adjusted together, where there are several.

    Beside a control that is called different nothing is valid.
    """
    tested = [each.comparison for cell in cells if not cell.limit for each in cell.against]
    if len(tested) < 2:
        return doubted(cells)
    after = iter(verdict.adjust(tested))

    def adjust(cell: Cell) -> Cell:
        against = (replace(each, comparison=next(after)) for each in cell.against)
        return replace(cell, against=tuple(against))

    return doubted([cell if cell.limit else adjust(cell) for cell in cells])


def doubted(cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells, invalid where the control of their task and text was called different."""
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
        against = tuple(
            replace(each, comparison=replace(each.comparison, verdict="invalid", reason=reason))
            for each in cell.against
        )
        return replace(cell, against=against)

    return [doubt(cell) for cell in cells]


def together(cells: Collection[Cell]) -> Meanwhile | None:
    """Return what happened on the machine while these cells were measured, means by time."""
    watched = list({cell.meanwhile for cell in cells if cell.meanwhile is not None})
    if not watched:
        return None
    whole = sum(each.seconds for each in watched)

    def mean(name: str) -> float | None:
        known: list[float | None] = [getattr(each, name) for each in watched]
        parts = [
            value * each.seconds
            for value, each in zip(known, watched, strict=True)
            if value is not None
        ]
        return sum(parts) / whole if len(parts) == len(watched) else None

    loads = [load for each in watched for load in each.load or ()]
    return Meanwhile(
        seconds=whole,
        load=(min(loads), max(loads)) if loads else None,
        steal=mean("steal"),
        busy=mean("busy"),
    )


def tests_in(cells: Collection[Cell]) -> int:
    """Return how many tests were adjusted together."""
    return sum(each.comparison.p_adjusted is not None for cell in cells for each in cell.against)
