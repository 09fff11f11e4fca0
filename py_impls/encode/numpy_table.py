"""A numpy table of ids, indexed by code point: of bytes, which become a list fast, or of ints.

``.tolist()`` of the ids instead: half as fast, as it makes a new int for each id beyond 256.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from py_impls.code_points import gather, id_table
from py_impls.vocabulary import ids_by_character, outside


def encode(vocabulary: Sequence[str]) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its characters.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    table = id_table(stoi, np.uint8)
    ints = np.arange(len(stoi)).astype(object)

    def encode_text(text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        ids = gather(table, text)
        if ids.size and ids.max() == len(stoi):
            raise outside(text, stoi)
        if ids.dtype == np.uint8:
            return list(ids.tobytes())
        listed: list[int] = ints[ids].tolist()
        return listed

    return encode_text
