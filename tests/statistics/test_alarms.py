"""How often a self-test was wrong: its counts, their bounds, and what is counted."""

from __future__ import annotations

import pytest
from scipy.special import betaincinv

from nanogpt_rs.records.schema import Verdict
from nanogpt_rs.records.self_tests import (
    SAME,
    SelfTestContender,
    SelfTestGroup,
    SelfTestRivals,
    SelfTestSeeds,
)
from nanogpt_rs.statistics.alarms import count, summarize, summarize_rivals


@pytest.mark.parametrize(("hits", "tries"), [(0, 300), (1, 300), (39, 40), (40, 40), (7, 20)])
def test_bounds_are_clopper_and_pearsons(hits: int, tries: int) -> None:
    found = count([index < hits for index in range(tries)])
    low = betaincinv(hits, tries - hits + 1, 0.025) if hits else 0.0
    high = betaincinv(hits + 1, tries - hits, 0.975) if hits < tries else 1.0
    assert (found.hits, found.tries) == (hits, tries)
    assert (found.low, found.high) == pytest.approx((low, high))


def group(row: str, **verdicts: tuple[Verdict, float]) -> SelfTestGroup:
    contenders = tuple(
        SelfTestContender(
            name=name,
            planted=None if row == "seeds" else 0.98,
            verdict=verdict,
            ratio=ratio,
            interval=(ratio - 0.01, ratio + 0.01),
            control=None,
            resolves=None,
            clock="wall",
            call=None,
            processes=12,
            alone_seconds=5.0,
        )
        for name, (verdict, ratio) in verdicts.items()
    )
    return SelfTestGroup(
        *("as-is", row, "charset", "python/set", "synthetic", "0" * 64, 70, "2030-01-01"),
        *(5.0, None, 200, 1),
        contenders,
    )


def test_a_summary_counts_alarms_power_wrong_signs_and_means_held() -> None:
    records = [
        group("short", same=("equivalent", 1.0), **{"0.02": ("slower", 0.98)}),
        group("short", same=("faster", 1.02), **{"0.02": ("faster", 1.02)}),
        group("short", same=("invalid", 1.0), **{"0.02": ("inconclusive", 0.99)}),
        SelfTestSeeds("as-is", "seeds", 200, mean=0.0, error=0.01, spread=0.1),
        group("seeds", **{"rust/fixed_array": ("inconclusive", 1.005)}),
        group("seeds", **{"rust/fixed_array": ("faster", 1.05)}),
    ]
    same, slower, seeds = summarize(records)
    assert (same.contender, same.found.hits, same.found.tries) == (SAME, 1, 3)
    assert same.verdicts == {"equivalent": 1, "faster": 1, "invalid": 1}
    assert (slower.contender, slower.found.hits, slower.wrong_sign) == ("0.02", 1, 1)
    assert (slower.reads, slower.planted) == (0.99, 0.98)
    assert (seeds.found.hits, seeds.found.tries, seeds.wrong_sign) == (1, 2, 0)
    assert seeds.planted == 1.0


def test_other_tools_are_counted_alike() -> None:
    judgements = [{SAME: "same", "0.02": "slower"}, {SAME: "slower", "0.02": "faster"}]
    same, slower = summarize_rivals(
        [
            SelfTestRivals("as-is", "short", "charset", "python/set", 70, "", {"pyperf": words})
            for words in judgements
        ]
    )
    assert (same.tool, same.contender, same.found.hits, same.found.tries) == ("pyperf", SAME, 1, 2)
    assert (slower.found.hits, slower.wrong_sign) == (1, 1)
