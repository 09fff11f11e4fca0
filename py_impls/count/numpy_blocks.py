"""``numpy.bincount`` of one block after another, each widened to 8 bytes within the cache."""

from __future__ import annotations

import numpy as np

from py_impls.code_points import BLOCK, code_points


def count(text: str) -> dict[str, int]:
    """Return how often each character of ``text`` occurs.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    totals = np.zeros(0, np.int64)
    for start in range(0, len(text), BLOCK):
        counts = np.bincount(code_points(text[start : start + BLOCK]), minlength=len(totals))
        if len(counts) > len(totals):
            counts[: len(totals)] += totals
            totals = counts
        else:
            totals += counts
    codes = np.flatnonzero(totals)
    return dict(zip(map(chr, codes.tolist()), totals[codes].tolist(), strict=True))
