"""``assert_faster``: what it decides from an interval, and its fixture in real pytest."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from comparisons import some
from installations import BRIEF

from nanogpt_rs.records.schema import Verdict
from nanogpt_rs.statistics.faster import decided
from nanogpt_rs.statistics.plan import LEAST_PROCESSES


@pytest.mark.parametrize(
    ("low", "high", "verdict", "by", "expected"),
    [
        (1.8, 2.2, "faster", 1.5, True),
        (1.8, 2.2, "faster", 2.0, None),
        (1.8, 2.2, "faster", 2.5, False),
        (0.9, 1.6, "inconclusive", 1.5, None),
        (0.9, 1.1, "inconclusive", 1.5, False),
        (0.9, 1.1, "inconclusive", 1.0, None),
        (1.1, 1.2, "faster", 1.0, True),
        (0.998, 1.002, "equivalent", 1.0, False),
        (0.8, 0.9, "slower", 1.0, False),
        (0.8, 0.9, "slower", 0.5, True),
        (1.8, 2.2, "invalid", 1.5, None),
        (1.8, 2.2, "inconclusive", 1.5, None),
        (0.9, 1.1, "inconclusive", 0.5, True),
    ],
)
def test_the_interval_decides(
    low: float, high: float, verdict: Verdict, by: float, expected: bool | None
) -> None:
    made = replace(
        some(),
        ratio=(low * high) ** 0.5,
        interval=(low, high),
        verdict=verdict,
        processes_used=LEAST_PROCESSES,
    )
    assert decided(made, by) is expected
    few = replace(made, verdict="inconclusive", processes_used=LEAST_PROCESSES - 1)
    assert decided(few, by) is None


TESTS = """
import pytest


def slow(n):
    return sum(list(range(n)) + list(range(n)) + [0] * 100 * n) // 2


def fast(n):
    return n * (n - 1) // 2


def test_far_faster(assert_faster):
    found = assert_faster(fast, 100, than=slow, by=2.0)
    assert found.ratio > 2.0


def test_far_slower(assert_faster):
    assert_faster(slow, 100, than=fast, by=2.0)


def test_another_answer(assert_faster):
    assert_faster(len, [1, 2], than=sum)


def test_alike(assert_faster):
    assert_faster(fast, 100, than=lambda n: n * (n - 1) // 2)


def test_no_comparison():
    pass
"""


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "nanogpt_rs.testing", "-rs", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_the_fixture(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", "faster", "--strict-markers", "-k", "far or another")
    assert "1 passed" in done.stdout, done.stdout
    assert "2 failed" in done.stdout
    assert "2 deselected" in done.stdout
    assert "AssertionError: slow is not 2 times as fast as fast" in done.stdout
    assert "times as fast [95 %]" in done.stdout  # the table
    assert "AnswersDifferError: len: gives another answer: 2, not 3" in done.stdout


def test_what_is_not_certain_is_a_skip_or_a_failure(tmp_path: Path) -> None:
    """With as few processes as the brief plans have, no small difference is."""
    brief = {"PYTHONPATH": BRIEF}
    done = run(tmp_path, "-k", "alike", **brief)
    assert "1 skipped" in done.stdout, done.stdout
    assert "is not certain" in done.stdout
    done = run(tmp_path, "-k", "alike", "-o", "faster_inconclusive=fail", **brief)
    assert "1 failed" in done.stdout, done.stdout
