"""How often assertions on times were wrong whose right answers are known, ours and other ways'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nanogpt_rs.records.kinds import Other
from nanogpt_rs.records.self_tests import ONCE, TWICE, AssertedPair, SelfTestAssertions
from nanogpt_rs.statistics.alarms import Count, count

COMPARE, ASSERT_FASTER = "nanogpt-rs compare", "assert_faster"
CLOCK, BENCHMARK = "perf_counter() below a limit", "--benchmark-compare-fail=mean:5%"


@dataclass(frozen=True)
class AssertionFinding:
    """How often one way to judge a pair of functions was wrong.

    Attributes:
        way: Name of the way.
        truth: How many times as fast the one function truly is: 1 or 2.
        fault: What counts as wrong, in words.
        wrong: How often it was.
        undecided: Number of tries, among the same, that said that they could not tell.
    """

    way: str
    truth: int
    fault: str
    wrong: Count
    undecided: int


def summarize_assertions(records: Sequence[Other]) -> list[AssertionFinding]:
    """Return the findings of all assertions among the records of self-tests."""
    groups = [record for record in records if isinstance(record, SelfTestAssertions)]
    if not groups:
        return []
    same, twice = pairs_named(ONCE, groups), pairs_named(TWICE, groups)
    judged = [group.regressed for group in groups if group.regressed is not None]
    findings = [
        finding(COMPARE, 1, "called different", [is_different(pair) for pair in same]),
        finding(COMPARE, 2, "called slower", [pair.verdict == "slower" for pair in twice]),
        finding(COMPARE, 2, "not called faster", [pair.verdict != "faster" for pair in twice]),
        finding(ASSERT_FASTER, 1, "passes", [pair.faster for pair in same]),
        finding(
            ASSERT_FASTER,
            2,
            "fails",
            [None if pair.faster is None else not pair.faster for pair in twice],
        ),
        finding(CLOCK, 1, "passes", [group.within_limit[ONCE] for group in groups]),
        finding(CLOCK, 2, "fails", [not group.within_limit[TWICE] for group in groups]),
    ]
    if judged:
        findings += [
            finding(BENCHMARK, 1, "fails", [said[ONCE] for said in judged]),
            finding(BENCHMARK, 2, "passes the slower", [not said[TWICE] for said in judged]),
        ]
    return findings


def pairs_named(name: str, groups: Sequence[SelfTestAssertions]) -> list[AssertedPair]:
    """Return the pairs of a name in all groups."""
    return [pair for group in groups for pair in group.pairs if pair.name == name]


def is_different(pair: AssertedPair) -> bool:
    """Return whether a pair was called different."""
    return pair.verdict in ("faster", "slower")


def finding(way: str, truth: int, fault: str, wrong: Sequence[bool | None]) -> AssertionFinding:
    """Return a finding.

    Args:
        way: Name of the way to judge.
        truth: How many times as fast the one function truly is.
        fault: What counts as wrong, in words.
        wrong: For each try whether it was wrong; ``None`` where it could not tell.
    """
    return AssertionFinding(
        way, truth, fault, count([bool(one) for one in wrong]), list(wrong).count(None)
    )
