"""``[0] * n``: one int, repeated; no list of ints can be made faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def limit(_vocabulary: Sequence[str]) -> Callable[[str], list[int]]:
    """Return a function from a text to a list of the same length."""
    return lambda text: [0] * len(text)
