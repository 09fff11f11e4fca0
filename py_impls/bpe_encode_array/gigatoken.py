"""gigatoken's own array: no list is made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from gigatoken import Tokenizer

from py_impls.bpe_files import file_of, tiktoken_file
from py_impls.bpe_ranks import checked, require_encodable, require_pattern
from py_impls.bpe_schemes import scheme_of


def bpe_encode_array(
    ranks: dict[bytes, int], pattern: str
) -> Callable[[str], npt.NDArray[np.uint32]]:
    """Return a function from a text to a one-dimensional ``uint32`` array of ids.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        NotImplementedError: the library does not have a splitter for this pattern.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    require_pattern(pattern)
    checked(ranks)
    scheme = scheme_of(pattern, "gigatoken", ("gpt2", "gpt4", "o200k"))
    with file_of(tiktoken_file(ranks), "own.tiktoken") as path:
        encode = Tokenizer.from_tiktoken(path, pretokenizer=scheme).encode

    def encode_text(text: str) -> npt.NDArray[np.uint32]:
        require_encodable(text)
        ids: npt.NDArray[np.uint32] = encode(text)
        return ids if ids.flags.writeable else ids.copy()

    return encode_text
