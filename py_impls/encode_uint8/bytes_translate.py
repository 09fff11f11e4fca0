"""``bytearray.translate`` by a table of 256 ids, whose memory numpy takes over without a copy.

Only for ASCII and Latin-1 texts; others go through the dict. The result of ``bytes.translate``
would be read-only, and it also compares, to return the same object if nothing changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.latin1 import latin1_bytes
from py_impls.vocabulary import ids_by_character, outside, require_at_most


def encode_uint8(vocabulary: Sequence[str]) -> Callable[[str], npt.NDArray[np.uint8]]:
    """Return a function from a text to a one-dimensional ``uint8`` array of ids.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order, or
            holds more than 256. The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    require_at_most(256, stoi, "encode_uint8")
    table = bytes(stoi.get(chr(code), 255) for code in range(256))
    # 255 is the id of "\xff" only if all of Latin-1 is in the vocabulary; then no byte is outside.
    means_outside = stoi.get("\xff") != 255

    def encode_text(text: str) -> npt.NDArray[np.uint8]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        latin1 = latin1_bytes(text)
        if latin1 is None:
            try:
                return np.fromiter(map(stoi.__getitem__, text), np.uint8, len(text))
            except KeyError:
                raise outside(text, stoi) from None
        ids = bytearray(latin1).translate(table)
        if means_outside and 255 in ids:
            raise outside(text, stoi)
        return np.frombuffer(ids, np.uint8)

    return encode_text
