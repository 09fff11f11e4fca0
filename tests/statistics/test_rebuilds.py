"""How often equal sources were called different: counted from records whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.records.schema import Verdict
from nanogpt_rs.records.self_tests import RebuildComparison, SelfTestCounts, SelfTestRebuild
from nanogpt_rs.statistics.counts import same_count
from nanogpt_rs.statistics.rebuilds import kind_of, summarize_rebuilds

PAIR = SelfTestRebuild(
    condition="as-is",
    row="rebuilds",
    task="charset",
    older="as it is",
    newer="comment",
    kinds=("as it is", "changed comment"),
    slower=0.0,
    builds=16,
    corpus="tiny",
    sha256="0",
    characters=1,
    at="2026-11-30T00:00:00+00:00",
    seconds=1.0,
    others=None,
    processes=16,
    comparisons=(),
)


def compared(
    id: str, verdict: Verdict = "equivalent", p_value: float | None = 1.0, spread: float = 0.001
) -> RebuildComparison:
    return RebuildComparison(
        id=id,
        verdict=verdict,
        p_value=p_value,
        ratio=1.0,
        interval=(0.99, 1.01),
        control=(0.99, 1.01),
        resolves=0.03,
        spread=spread,
        control_spread=0.001,
        seconds=1e-5,
    )


def test_a_row_is_called_different_if_it_survives_the_tests_of_its_pair() -> None:
    """Ten rows over two tasks: a p-value of 0.01 does not survive, one of 0.001 does."""
    charset = [compared("rust/a", "faster", 0.001), compared("rust/b", "slower", 0.01)]
    charset += [compared(f"rust/{number}") for number in range(3)]
    encode = [compared(f"rust/{number}") for number in range(5)]
    records = [
        replace(PAIR, comparisons=tuple(charset)),
        replace(PAIR, task="encode", comparisons=tuple(encode)),
        replace(PAIR, newer="other", comparisons=tuple(encode)),
    ]
    (finding,) = summarize_rebuilds(records)
    assert (finding.rows.hits, finding.rows.tries) == (1, 15)
    assert (finding.runs.hits, finding.runs.tries) == (1, 2)
    assert {name: hits for name, hits in finding.ids.items() if hits} == {"charset rust/a": 1}
    assert finding.kinds["changed comment"].tries == 15


def test_pairs_with_one_build_are_counted_beside_those_over_builds() -> None:
    one = tuple(compared(id, "slower", 1e-6) for id in ("rust/a", "rust/b"))
    several = tuple(compared(id) for id in ("rust/a", "rust/b"))
    records = [replace(PAIR, comparisons=several), replace(PAIR, builds=1, comparisons=one)]
    first, second = summarize_rebuilds(records)
    assert (first.builds, first.rows.hits, first.runs.hits) == (16, 0, 0)
    assert (second.builds, second.rows.hits, second.runs.hits) == (1, 2, 1)


def counts(state: str, **instructions: tuple[int, ...]) -> SelfTestCounts:
    named = {f"charset rust/{id}": numbers for id, numbers in instructions.items()}
    return SelfTestCounts("as-is", "rebuilds", state, named)


def test_a_row_whose_generated_code_differs_is_named_and_left_out() -> None:
    rows = tuple(compared(id, "slower", 1e-6) for id in ("rust/a", "rust/b", "rust/c"))
    before = counts("as it is", a=(1000,), b=(1000,), c=(1000, 1030, 1010))
    after = counts("comment", a=(1000,), b=(1100,), c=(1020, 1045, 1031))
    (finding,) = summarize_rebuilds([before, after, replace(PAIR, comparisons=rows)])
    assert (finding.moved, finding.rows.hits, finding.rows.tries) == (1, 2, 2)
    assert "charset rust/b" not in finding.ids
    # A rebuild has the sources of the first state, and nobody counts it.
    rebuild = replace(PAIR, newer="again", kinds=("changed comment", "rebuild"), older="comment")
    (finding,) = summarize_rebuilds([before, after, replace(rebuild, comparisons=rows)])
    assert finding.moved == 1
    assert finding.kinds.keys() == {"changed comment and rebuild"}


def test_known_slow_downs_are_found_apart_for_rows_whose_builds_differ() -> None:
    null = (compared("rust/steady"), compared("rust/lucky", spread=0.1))
    slower = (
        compared("rust/steady", "slower", 1e-5),
        compared("rust/lucky", "inconclusive", 0.5, spread=0.1),
    )
    records = [replace(PAIR, comparisons=null), replace(PAIR, slower=0.05, comparisons=slower)]
    (finding,) = summarize_rebuilds(records)
    (found,) = finding.found
    assert found.steady is not None
    assert found.other is not None
    assert (found.steady.hits, found.steady.tries) == (1, 1)
    assert (found.other.hits, found.other.tries) == (0, 1)
    # Both said that they could find 3 %, and one did not find 5 %.
    assert found.resolved is not None
    assert (found.resolved.hits, found.resolved.tries) == (1, 2)
    assert finding.rows.tries == 2  # a known slow-down is no false alarm


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("as it is", "as it is"), "as it is"),
        (("as it is", "rebuild"), "rebuild"),
        (("rebuild", "rebuild"), "rebuild"),
        (("unused function", "added dependency"), "added dependency and unused function"),
    ],
)
def test_the_kind_of_a_pair(kinds: tuple[str, str], expected: str) -> None:
    assert kind_of(replace(PAIR, kinds=kinds)) == expected


@given(st.lists(st.integers(10**5, 10**6), min_size=1, max_size=5), st.floats(1.01, 2))
def test_counts_are_the_same_in_both_directions_and_apart_if_moved_far(
    numbers: list[int], factor: float
) -> None:
    assert same_count(numbers, numbers)
    width = max(numbers) - min(numbers)
    moved = [round(number + width * 4 + number * (factor - 1)) for number in numbers]
    assert not same_count(numbers, moved)
    assert not same_count(moved, numbers)


def test_counts_that_hash_seeds_spread_are_the_same() -> None:
    rng = np.random.default_rng(1)
    apart = 0
    for _ in range(1000):
        first, second = rng.normal(1e6, 1e4, (2, 4)).astype(int).tolist()
        apart += not same_count(first, second)
    assert apart < 20
