"""A numpy table of ids, gathered by code point, in blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.code_points import gather, id_table
from py_impls.vocabulary import ids_by_character, outside


def encode_int64(vocabulary: Sequence[str]) -> Callable[[str], npt.NDArray[np.int64]]:
    """Return a function from a text to a one-dimensional ``int64`` array of ids.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    table = id_table(stoi, np.uint16)

    def encode_text(text: str) -> npt.NDArray[np.int64]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        ids = gather(table, text)
        if ids.size and ids.max() == len(stoi):
            raise outside(text, stoi)
        return ids.astype(np.int64)

    return encode_text
