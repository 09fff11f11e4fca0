"""The lecture: ``"".join([itos[i] for i in ids.tolist()])`` with a dict of characters."""

from __future__ import annotations

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

    def decode(ids: npt.NDArray[np.uint16]) -> str:
        require_ids(ids, len(stoi))
        return "".join([itos[id] for id in ids.tolist()])

    return decode
