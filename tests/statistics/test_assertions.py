"""How often assertions of a self-test were wrong: what counts as a fault, and what as neither."""

from __future__ import annotations

from nanogpt_rs.records.schema import Meanwhile, Verdict
from nanogpt_rs.records.self_tests import ONCE, TWICE, AssertedPair, SelfTestAssertions
from nanogpt_rs.statistics.assertions import summarize_assertions


def group(
    same: Verdict,
    twice: Verdict,
    faster: tuple[bool | None, bool | None],
    within: tuple[bool, bool] = (False, True),
    regressed: tuple[bool, bool] | None = None,
) -> SelfTestAssertions:
    pairs = tuple(
        AssertedPair(name, verdict, 1.0, (0.9, 1.1), False, 12, 1e-5, 3.0, False, decision)
        for name, verdict, decision in zip((ONCE, TWICE), (same, twice), faster, strict=True)
    )
    names = (ONCE, TWICE)
    return SelfTestAssertions(
        *("as-is", "assertions", "sorted words", "2030-01-01", 1.5),
        Meanwhile(10.0, None, None, None),
        pairs,
        1e-5,
        dict(zip(names, within, strict=True)),
        None if regressed is None else dict(zip(names, regressed, strict=True)),
    )


def test_what_is_wrong_is_counted_by_what_is_true() -> None:
    groups = [
        group("equivalent", "faster", (False, True), regressed=(False, True)),
        group("slower", "slower", (True, False), (True, False), regressed=(True, False)),
        group("inconclusive", "inconclusive", (None, None)),
    ]
    found = {
        (finding.way, finding.truth, finding.fault): (
            finding.wrong.hits,
            finding.wrong.tries,
            finding.undecided,
        )
        for finding in summarize_assertions(groups)
    }
    ours, fixture = "nanogpt-rs compare", "assert_faster"
    clock, benchmark = "perf_counter() below a limit", "--benchmark-compare-fail=mean:5%"
    assert found == {
        (ours, 1, "called different"): (1, 3, 0),
        (ours, 2, "called slower"): (1, 3, 0),
        (ours, 2, "not called faster"): (2, 3, 0),
        (fixture, 1, "passes"): (1, 3, 1),
        (fixture, 2, "fails"): (1, 3, 1),
        (clock, 1, "passes"): (1, 3, 0),
        (clock, 2, "fails"): (1, 3, 0),
        (benchmark, 1, "fails"): (1, 2, 0),
        (benchmark, 2, "passes the slower"): (1, 2, 0),
    }
    assert summarize_assertions([]) == []
