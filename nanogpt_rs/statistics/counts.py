"""Whether two counts of instructions are of the same code."""

from __future__ import annotations

from collections.abc import Sequence

SAME_COUNT = 1e-3
"""Relative difference up to which counts are equal: what surrounds a call changes them by less."""


def same_count(first: Sequence[int], second: Sequence[int]) -> bool:
    """Return whether counts of one function in two states can be of the same code.

    A function that draws a hash seed executes more or fewer instructions in each process. Its
    counts are then apart only where they lie further from each other than counts of one state do.

    Args:
        first: Counts in one state, at least one.
        second: Counts in the other state, at least one.
    """
    gap = max(min(first), min(second)) - min(max(first), max(second))
    width = max(max(counts) - min(counts) for counts in (first, second))
    return gap <= max(width, SAME_COUNT * min(*first, *second))
