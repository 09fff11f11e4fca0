"""Searches the text for each possible character: 128 or 256 searches by C's ``memchr``.

Only for ASCII and Latin-1; other texts go through ``set(text)``. For those, removing one character
after another by ``str.replace``: no faster with 65 distinct characters, 10 times slower with 3,500.
"""

from __future__ import annotations

from py_impls.latin1 import latin1_bytes


def charset(text: str) -> set[str]:
    """Return the distinct characters of ``text``.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    if text.isascii():
        candidates = 128
    elif latin1_bytes(text) is not None:
        candidates = 256
    else:
        return set(text)
    return {character for character in map(chr, range(candidates)) if character in text}
