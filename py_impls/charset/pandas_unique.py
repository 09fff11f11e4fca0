"""``pandas.unique`` of the code points: a hash table of numbers in C, without any sorting."""

from __future__ import annotations

import pandas as pd

from py_impls.code_points import code_points


def charset(text: str) -> set[str]:
    """Return the distinct characters of ``text``.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    return set(map(chr, pd.unique(code_points(text)).tolist()))
