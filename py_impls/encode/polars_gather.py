"""A polars series of ids, gathered by code point: the codes are its 32-bit indices unchanged.

``replace_strict`` from code points to ids instead: 5 times slower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from py_impls.code_points import code_points, id_list, id_table
from py_impls.vocabulary import ids_by_character, outside


def encode(vocabulary: Sequence[str]) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its characters.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    table = pl.Series(id_table(stoi, np.uint8))

    def encode_text(text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        try:
            gathered = table.gather(pl.Series(code_points(text).astype(np.uint32, copy=False)))
        except pl.exceptions.OutOfBoundsError:
            raise outside(text, stoi) from None
        ids = gathered.to_numpy()
        if ids.size and ids.max() == len(stoi):
            raise outside(text, stoi)
        return id_list(ids)

    return encode_text
