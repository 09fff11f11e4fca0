"""``numpy.bincount`` of the code points: counts in an array as long as the largest code point."""

from __future__ import annotations

import numpy as np

from py_impls.code_points import code_points


def charset(text: str) -> set[str]:
    """Return the distinct characters of ``text``.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    return set(map(chr, np.flatnonzero(np.bincount(code_points(text))).tolist()))
