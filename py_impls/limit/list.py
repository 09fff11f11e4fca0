"""``[0] * n``: a list of one int, over and over; no other list of ints is made faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def limit(_vocabulary: Sequence[str]) -> Callable[[str], list[int]]:
    """Return a function from a text to a list as long."""
    return lambda text: [0] * len(text)
