"""The rank of each implementation in a contest, which claims no more than was measured.

A rank is the best and the worst place that an implementation can have: 1 and 3 for one that is not
told apart from two others, and is ahead of all the rest. Who is ahead of whom is decided by the
best that was measured of the two:

1. If one of them was the other's reference, the verdict decides.
2. If both were compared with the same reference, their intervals decide: they must not overlap.
3. Otherwise their times decide, and must not overlap either: from 5 to 95 % of all calls, and from
   the fastest to the slowest build.

Times do not decide where intervals overlap: groups of contenders are measured one after the other,
and the machine's speed can change between them, which only paired ratios leave out.

Verdicts and intervals of what was measured in several builds cover how far builds differ.
"""

from __future__ import annotations

from collections.abc import Sequence

from nanogpt_rs.records.schema import ASKED, LECTURE, STRONGEST, Cell

COMMON = (STRONGEST, LECTURE, ASKED)
"""Roles of references that all cells of a contest share, the one to use first standing first. In a
``diff`` each cell is compared with its own older self, which tells nothing of two cells."""

Rank = tuple[int, int]
"""The best and the worst place that an implementation can have; 1 is the fastest."""
Span = tuple[float, float]
"""The lower and the upper end of a range."""


def ranks(cells: Sequence[Cell]) -> list[Rank | None]:
    """Return the rank of each cell of one contest; ``None`` for limits and cells without a time.

    Args:
        cells: Cells of one task on one text in one state, their tests adjusted together.
    """
    places = [place for place, cell in enumerate(cells) if cell.seconds and not cell.limit]
    known = {place: Known(cells[place]) for place in places}
    ahead, behind = dict.fromkeys(places, 0), dict.fromkeys(places, 0)
    for index, left in enumerate(places):
        for right in places[index + 1 :]:
            order = which_is_ahead(known[left], known[right])
            if order:
                first, last = (left, right) if order > 0 else (right, left)
                ahead[last] += 1
                behind[first] += 1
    return [
        (1 + ahead[place], len(places) - behind[place]) if place in known else None
        for place in range(len(cells))
    ]


def ranks_of_run(cells: Sequence[Cell]) -> list[Rank | None]:
    """Return the rank of each cell in its own contest, in the order of the cells."""
    contests: dict[tuple[str, ...], list[int]] = {}
    for place, cell in enumerate(cells):
        contests.setdefault(cell.group, []).append(place)
    found: list[Rank | None] = [None] * len(cells)
    for places in contests.values():
        for place, rank in zip(places, ranks([cells[place] for place in places]), strict=True):
            found[place] = rank
    return found


class Known:
    """What was measured of a cell, as far as it tells the cell apart from others.

    Attributes:
        id: Id of the implementation.
        verdicts: Valid verdict beside each reference, by its id.
        intervals: Interval of the valid ratio to each common reference, by its role and id.
        times: Seconds of most calls, in all builds.
    """

    def __init__(self, cell: Cell) -> None:
        assert cell.seconds is not None
        valid = [
            against
            for against in cell.against
            if against.role in COMMON and against.comparison.valid
        ]
        self.id = cell.id
        self.verdicts = {against.id: against.comparison.verdict for against in valid}
        self.intervals: dict[tuple[str, str], Span] = {
            (against.role, against.id): against.comparison.interval
            for against in sorted(valid, key=lambda against: COMMON.index(against.role))
            if against.comparison.interval is not None
        }
        times = (cell.seconds, *cell.quantiles, *cell.seconds_by_build)
        self.times: Span = min(times), max(times)


def which_is_ahead(left: Known, right: Known) -> int:
    """Return 1 if the left one is ahead, -1 if the right one is, 0 if they are not told apart."""
    if (verdict := left.verdicts.get(right.id)) is not None:
        return {"faster": 1, "slower": -1}.get(verdict, 0)
    if (verdict := right.verdicts.get(left.id)) is not None:
        return {"faster": -1, "slower": 1}.get(verdict, 0)
    for reference, interval in left.intervals.items():
        if (other := right.intervals.get(reference)) is not None:
            return (interval[0] > other[1]) - (interval[1] < other[0])
    return (left.times[1] < right.times[0]) - (left.times[0] > right.times[1])


def rank_in_words(rank: Rank | None) -> str:
    """Return a rank as tables show it, such as ``2`` or ``1-3``; nothing where there is none."""
    if rank is None:
        return ""
    best, worst = rank
    return str(best) if best == worst else f"{best}-{worst}"
