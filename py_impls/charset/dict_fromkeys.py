"""The keys of a dict, in the order of the text; keeping that order costs time."""

from __future__ import annotations


def charset(text: str) -> set[str]:
    """Return the distinct characters of ``text``.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    return set(dict.fromkeys(text))
