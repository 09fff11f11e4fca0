"""A numpy table of code points, then the codec of its width: Latin-1, UTF-16 or UTF-32."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.code_points import vocabulary_codes
from py_impls.id_arrays import require_ids
from py_impls.vocabulary import ids_by_character, require_at_most


def decode_array(vocabulary: Sequence[str]) -> Callable[[npt.NDArray[np.uint16]], str]:
    """Return a function from a one-dimensional ``uint16`` array of ids to their characters' text.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order, or
            holds more than 65,536. The decoder raises it for an id outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the ids are not such an array.
    """
    stoi = ids_by_character(vocabulary)
    require_at_most(65_536, stoi, "decode_array")
    codes = vocabulary_codes(stoi)
    widest = int(codes.max(initial=0))
    if widest <= 0xFF:
        table, codec = codes.astype(np.uint8), "latin-1"
    elif widest <= 0xFFFF:
        table, codec = codes.astype("<u2"), "utf-16-le"
    else:
        table, codec = codes.astype("<u4"), "utf-32-le"
    # As UTF-16 two surrogates would be one character.
    if any("\ud800" <= character <= "\udfff" for character in stoi):
        table, codec = codes.astype("<u4"), "utf-32-le"

    def decode(ids: npt.NDArray[np.uint16]) -> str:
        require_ids(ids, len(stoi))
        return table.take(ids).tobytes().decode(codec, "surrogatepass")

    return decode
