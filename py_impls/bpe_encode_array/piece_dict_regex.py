"""A dict of pieces and their ids, with the module ``regex``, to an array one by one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import numpy as np
import numpy.typing as npt

from py_impls.bpe_encode.piece_dict_regex import regex_splitter
from py_impls.bpe_pieces import PieceIds
from py_impls.bpe_ranks import checked, require_text


def bpe_encode_array(
    ranks: dict[bytes, int], pattern: str
) -> Callable[[str], npt.NDArray[np.uint32]]:
    """Return a function from a text to a one-dimensional ``uint32`` array of ids.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    split = regex_splitter(pattern)
    ids_of = PieceIds(checked(ranks)).__getitem__

    def encode_text(text: str) -> npt.NDArray[np.uint32]:
        require_text(text)
        return np.fromiter(chain.from_iterable(map(ids_of, split(text))), np.uint32)

    return encode_text
