"""``bytearray.translate`` by a table of 256 ids, then widened: two short loops over bytes in C.

Only for ASCII and Latin-1 texts, with any vocabulary: their characters come first in it, so that
their ids fit in a byte. Other texts go through the dict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.latin1 import latin1_bytes
from py_impls.vocabulary import ids_by_character, outside


def encode_int64(vocabulary: Sequence[str]) -> Callable[[str], npt.NDArray[np.int64]]:
    """Return a function from a text to a one-dimensional ``int64`` array of ids.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    table = bytes(stoi.get(chr(code), 255) for code in range(256))
    # 255 is the id of "\xff" only if all of Latin-1 is in the vocabulary; then no byte is outside.
    means_outside = stoi.get("\xff") != 255

    def encode_text(text: str) -> npt.NDArray[np.int64]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        latin1 = latin1_bytes(text)
        if latin1 is None:
            try:
                return np.fromiter(map(stoi.__getitem__, text), np.int64, len(text))
            except KeyError:
                raise outside(text, stoi) from None
        ids = bytearray(latin1).translate(table)
        if means_outside and 255 in ids:
            raise outside(text, stoi)
        return np.frombuffer(ids, np.uint8).astype(np.int64)

    return encode_text
