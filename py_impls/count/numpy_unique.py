"""``numpy.unique`` with counts: sorts the code points, and counts neighbours."""

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
    codes, counts = np.unique(code_points(text), return_counts=True)
    return dict(zip(map(chr, codes.tolist()), counts.tolist(), strict=True))
