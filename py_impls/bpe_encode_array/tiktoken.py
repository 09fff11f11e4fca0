"""tiktoken's array, copied: its own is read-only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tiktoken

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
    encode = tiktoken.Encoding(
        "own", pat_str=pattern, mergeable_ranks=checked(ranks), special_tokens={}
    ).encode_to_numpy

    def encode_text(text: str) -> npt.NDArray[np.uint32]:
        require_encodable(text)
        return np.array(encode(text, disallowed_special=()))

    return encode_text
