"""The lecture's encoder, and an array of its list."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from py_impls.bpe_encode.lowest_pair import bpe_encode


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
    encode = bpe_encode(ranks, pattern)

    def encode_text(text: str) -> npt.NDArray[np.uint32]:
        return np.array(encode(text), np.uint32)

    return encode_text
