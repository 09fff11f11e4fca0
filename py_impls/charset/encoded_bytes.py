"""A set of bytes: small ints hash to themselves and do not collide, as characters' hashes do.

Only for ASCII and Latin-1, where a character is a byte; other texts go into a set unchanged.
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
    latin1 = latin1_bytes(text)
    if latin1 is None:
        return set(text)
    return set(bytes(set(latin1)).decode("latin-1"))
