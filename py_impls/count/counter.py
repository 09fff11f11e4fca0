"""``dict(Counter(text))``: a loop in C over a dict, with one object and one hash per character."""

from __future__ import annotations

from collections import Counter


def count(text: str) -> dict[str, int]:
    """Return how often each character of ``text`` occurs.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    return dict(Counter(text))
