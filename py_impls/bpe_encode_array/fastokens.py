"""fastokens' ids, made into an array: its encoder has caches that grow with new pieces."""

from __future__ import annotations

import os
from collections.abc import Callable

import fastokens
import numpy as np
import numpy.typing as npt

from py_impls.bpe_files import tokenizer_json
from py_impls.bpe_ranks import checked, require_encodable, require_pattern


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
    os.environ.setdefault("FASTOKENS_BPE_THREADS", "1")  # by default it starts threads
    tokenizer = fastokens.Tokenizer.from_json_str(tokenizer_json(ranks, pattern).decode())
    encode = tokenizer.encode_ordinary

    def encode_text(text: str) -> npt.NDArray[np.uint32]:
        require_encodable(text)
        return np.array(encode(text).ids, np.uint32)

    return encode_text
