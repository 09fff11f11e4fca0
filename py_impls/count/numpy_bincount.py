"""``numpy.bincount`` of the code points: an array of counters as long as the largest code point."""

from __future__ import annotations

import numpy as np

from py_impls.code_points import code_points


def count(text: str) -> dict[str, int]:
    """Return how often each character of ``text`` occurs.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    counts = np.bincount(code_points(text))
    codes = np.flatnonzero(counts)
    return dict(zip(map(chr, codes.tolist()), counts[codes].tolist(), strict=True))
