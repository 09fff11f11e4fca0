"""``numpy.searchsorted`` in the sorted vocabulary: a binary search per character."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.code_points import code_points, vocabulary_codes
from py_impls.vocabulary import ids_by_character, outside, require_at_most


def encode_array(vocabulary: Sequence[str]) -> Callable[[str], npt.NDArray[np.uint16]]:
    """Return a function from a text to a one-dimensional ``uint16`` array of ids.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order, or
            holds more than 65,536. The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    require_at_most(65_536, stoi, "encode_array")
    # A code point that no character has ends it, so that each search ends at an entry.
    entries = np.append(vocabulary_codes(stoi), np.uint32(0xFFFFFFFF))

    def encode_text(text: str) -> npt.NDArray[np.uint16]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        codes = code_points(text).astype(np.uint32, copy=False)
        ids = entries.searchsorted(codes)
        if (entries.take(ids) != codes).any():
            raise outside(text, stoi)
        return ids.astype(np.uint16)

    return encode_text
