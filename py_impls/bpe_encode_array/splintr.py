"""splintr's flat buffer of ids, copied into an array: no list is made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import splintr

from py_impls.bpe_files import tiktoken_file
from py_impls.bpe_ranks import checked, require_encodable, require_pattern
from py_impls.bpe_split import portable


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
    require_pattern(pattern)
    checked(ranks)
    encode = splintr.Tokenizer.from_bytes(tiktoken_file(ranks), portable(pattern)).encode_flat

    def encode_text(text: str) -> npt.NDArray[np.uint32]:
        require_encodable(text)
        return np.frombuffer(encode(text), np.uint32).copy()

    return encode_text
