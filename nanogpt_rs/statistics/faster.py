"""Whether a comparison shows that a function is faster by a factor, as ``assert_faster`` asks."""

from __future__ import annotations

from nanogpt_rs.records.schema import Comparison
from nanogpt_rs.statistics.plan import LEAST_PROCESSES


def decided(comparison: Comparison, by: float) -> bool | None:
    """Return whether a function is faster by a factor at least; ``None`` where it is not certain.

    For a factor of 1 the verdict decides, which has a margin of its own.

    Args:
        comparison: The comparison of the function with its reference.
        by: The factor.
    """
    if comparison.interval is None or not comparison.valid:
        return None
    if comparison.processes_used < LEAST_PROCESSES:
        return None  # an interval of so few processes does not hold
    low, high = comparison.interval
    bar = 1.0 + comparison.margin
    if comparison.verdict == "inconclusive" and (low > bar or high < 1 / bar):
        return None  # for another reason than its width, such as a noisy reference
    if by == 1.0:
        undecided = comparison.verdict == "inconclusive"
        return None if undecided and high > 1.0 else comparison.verdict == "faster"
    return True if low > by else False if high < by else None


def needs_more(comparison: Comparison, by: float) -> bool:
    """Return whether measuring on, up to the planned precision, may decide what is undecided."""
    return decided(comparison, by) is None and comparison.valid
