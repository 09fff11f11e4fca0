"""``collections.Counter``: a loop in C that also counts, which is not needed."""

from __future__ import annotations

from collections import Counter


def charset(text: str) -> set[str]:
    """Return the distinct characters of ``text``.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    return set(Counter(text))
