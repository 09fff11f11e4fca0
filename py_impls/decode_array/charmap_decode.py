"""Narrows ids to bytes, then the charmap codec with a ``str`` of up to 256 characters.

Vocabularies of more than 256 go through a dict.
"""

from __future__ import annotations

from codecs import charmap_decode
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

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
    itos = dict(enumerate(stoi))
    characters = "".join(stoi)
    # The codec takes U+FFFE in its table to mean that a byte has no character.
    is_charmap = len(stoi) <= 256 and "\ufffe" not in stoi

    def decode(ids: npt.NDArray[np.uint16]) -> str:
        require_ids(ids, len(stoi))
        if is_charmap:
            return charmap_decode(ids.astype(np.uint8).tobytes(), "strict", characters)[0]
        return "".join(map(itos.__getitem__, ids.tolist()))

    return decode
