"""Ranks, which claim no more than was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import made_up
import pytest
from comparisons import some
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.records.schema import BEFORE, LECTURE, STRONGEST, Against, Cell
from nanogpt_rs.statistics.ranks import rank_in_words, ranks, ranks_of_run

(PATTERN, *_) = made_up.cells(("charset",), ("tinyshakespeare",))


def cell_of(id: str, seconds: float, *against: Against, **changes: Any) -> Cell:
    """Return a cell whose calls all took the same time."""
    fields = {"id": id, "seconds": seconds, "quantiles": (seconds,) * 5, "against": against}
    return replace(PATTERN, **fields | changes)


def beside(role: str, id: str, low: float, high: float, verdict: str = "faster") -> Against:
    """Return a comparison with this interval."""
    return Against(role, id, some(verdict=verdict, ratio=(low + high) / 2, interval=(low, high)))


def test_what_is_told_apart_has_a_place_of_its_own() -> None:
    cells = [cell_of("rust/c", 3.0), cell_of("rust/a", 1.0), cell_of("rust/b", 2.0)]
    assert ranks(cells) == [(3, 3), (1, 1), (2, 2)]


def test_limits_and_what_has_no_time_have_no_rank() -> None:
    limit = cell_of("limit/read", 0.5, limit=True)
    wrong = made_up.without_time(cell_of("rust/b", 1.0), "wrong", "it was")
    assert ranks([limit, cell_of("rust/a", 1.0), wrong]) == [None, (1, 1), None]
    assert [rank_in_words(rank) for rank in (None, (1, 1), (1, 3))] == ["", "1", "1-3"]


def test_rows_whose_intervals_overlap_share_their_places() -> None:
    cells = [
        cell_of("rust/a", 1.0, beside(STRONGEST, "python/s", 9.0, 11.0)),
        cell_of("rust/b", 1.1, beside(STRONGEST, "python/s", 8.0, 9.5)),
        cell_of("rust/c", 1.3, beside(STRONGEST, "python/s", 7.0, 7.9)),
        cell_of("python/s", 10.0),
    ]
    assert ranks(cells) == [(1, 2), (1, 2), (3, 3), (4, 4)]


def test_builds_that_overlap_are_not_ranked_where_no_comparison_tells_them_apart() -> None:
    several = cell_of("rust/a", 1.0, builds=3, seconds_by_build=(0.9, 1.0, 1.5))
    others = [
        cell_of("rust/b", 1.2, builds=3, seconds_by_build=(1.1, 1.2, 1.3)),
        cell_of("rust/c", 1.6, builds=3, seconds_by_build=(1.55, 1.6, 1.7)),
    ]
    assert ranks([several, *others]) == [(1, 2), (1, 2), (3, 3)]
    # With one build nothing is known of others: the ranks are those of that build.
    alone = [replace(cell, builds=1, seconds_by_build=()) for cell in (several, *others)]
    assert ranks(alone) == [(1, 1), (2, 2), (3, 3)]
    # Their intervals cover how far builds differ, and tell them apart although builds overlap.
    compared = [
        replace(cell, against=(beside(STRONGEST, "python/s", low, low + 1),))
        for cell, low in zip((several, *others), (9.0, 7.0, 5.0), strict=True)
    ]
    assert ranks(compared) == [(1, 1), (2, 2), (3, 3)]


def test_a_verdict_on_the_pair_itself_decides_before_all_else() -> None:
    for verdict, expected in (
        ("faster", [(1, 1), (2, 2)]),
        ("slower", [(2, 2), (1, 1)]),
        ("equivalent", [(1, 2), (1, 2)]),
        ("inconclusive", [(1, 2), (1, 2)]),
    ):
        lecture = beside(LECTURE, "python/l", 90.0, 99.0)
        direct = beside(STRONGEST, "python/s", 2.0, 3.0, verdict)
        strongest = cell_of("python/s", 2.0, beside(LECTURE, "python/l", 1.0, 1.1))
        assert ranks([cell_of("rust/a", 1.0, direct, lecture), strongest]) == expected


def test_an_invalid_comparison_says_nothing_and_times_decide() -> None:
    wide = {"quantiles": (0.9, 1.0, 1.0, 1.0, 1.8)}
    cells = [
        cell_of("rust/a", 1.0, beside(STRONGEST, "python/s", 1.0, 1.1, "invalid"), **wide),
        cell_of("rust/b", 1.7, beside(STRONGEST, "python/s", 8.0, 9.0)),
        cell_of("rust/c", 1.9, beside(STRONGEST, "python/s", 4.0, 5.0)),
    ]
    assert ranks(cells) == [(1, 2), (1, 2), (3, 3)]


def test_what_is_compared_with_its_own_older_self_is_ranked_by_its_time() -> None:
    """In a ``diff``, a row that became twice as fast need not be faster than another row."""
    cells = [
        cell_of("rust/a", 1.0, beside(BEFORE, "0123abcd", 0.4, 0.5, "slower")),
        cell_of("rust/b", 2.0, beside(BEFORE, "0123abcd", 1.9, 2.1, "faster")),
    ]
    assert ranks(cells) == [(1, 1), (2, 2)]


def test_contests_are_ranked_apart() -> None:
    cells = [
        cell_of("rust/a", 2.0),
        cell_of("rust/a", 1.0, state="evicted"),
        cell_of("rust/b", 1.0),
        cell_of("rust/b", 2.0, state="evicted"),
    ]
    assert ranks_of_run(cells) == [(2, 2), (1, 1), (1, 1), (2, 2)]


times = st.floats(0.5, 2.0)
spans = st.none() | st.tuples(times, times).map(sorted)


@st.composite
def contests(draw: st.DrawFn) -> list[Cell]:
    """Draw cells of which some have an interval beside a common reference."""
    count = draw(st.integers(1, 8))
    cells = []
    for place in range(count):
        seconds, span = draw(times), draw(spans)
        against = [] if span is None else [beside(STRONGEST, "python/s", *span)]
        by_build = tuple(draw(st.lists(times, max_size=3)))
        cells.append(cell_of(f"rust/{place}", seconds, *against, seconds_by_build=by_build))
    return cells


def told_apart(cell: Cell, other: Cell) -> int:
    """Return 1 if the cell is ahead, -1 if the other one is: the rules, written out."""
    if cell.against and other.against:
        left, right = (each.against[0].comparison.interval for each in (cell, other))
        assert left is not None
        assert right is not None
        return 1 if left[0] > right[1] else -1 if right[0] > left[1] else 0
    own, its = ((each.seconds, *each.seconds_by_build) for each in (cell, other))
    return 1 if max(own) < min(its) else -1 if max(its) < min(own) else 0


@given(contests(), st.randoms(use_true_random=False))
def test_a_rank_leaves_out_just_what_is_ahead_and_what_is_behind(
    cells: list[Cell], chance: Any
) -> None:
    found = ranks(cells)
    for cell, rank in zip(cells, found, strict=True):
        orders = [told_apart(cell, other) for other in cells if other is not cell]
        assert rank == (1 + orders.count(-1), len(cells) - orders.count(1))
    order = list(range(len(cells)))
    chance.shuffle(order)
    assert ranks([cells[place] for place in order]) == [found[place] for place in order]


@pytest.mark.parametrize("builds", [1, 16])
def test_a_made_up_run_has_ranks(builds: int) -> None:
    cells = made_up.in_builds(made_up.cells(), builds)
    for cell, rank in zip(cells, ranks_of_run(cells), strict=True):
        assert (rank is None) == (cell.limit or cell.seconds is None)
