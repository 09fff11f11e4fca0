"""``array.array("I", ids)``, then a numpy table of code points and the UTF-32 codec.

Unlike ``bytes``, it holds ids of any vocabulary.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import numpy as np

from py_impls.code_points import vocabulary_codes
from py_impls.vocabulary import ids_by_character, not_ids


def decode_list(vocabulary: Sequence[str]) -> Callable[[list[int]], str]:
    """Return a function from a list of ids to the text of their characters.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The decoder raises it for an id outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the ids are not a ``list``
            of ``int``.
    """
    stoi = ids_by_character(vocabulary)
    codes = vocabulary_codes(stoi)

    def decode(ids: list[int]) -> str:
        if not isinstance(ids, list):
            raise not_ids(ids, len(stoi))
        try:
            indices = np.frombuffer(array("I", ids), np.uint32)
            return codes.take(indices).tobytes().decode("utf-32-le", "surrogatepass")
        except (IndexError, TypeError, OverflowError):
            raise not_ids(ids, len(stoi)) from None

    return decode
