"""``str.count`` of each distinct character: one fast loop over the text for each of them.

The characters are found as in ``py_impls.charset.numpy_table``, which is a small part of the time.
"""

from __future__ import annotations

from py_impls.charset.numpy_table import charset


def count(text: str) -> dict[str, int]:
    """Return how often each character of ``text`` occurs.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    return {character: text.count(character) for character in charset(text)}
