"""splintr: caches of pieces, and a splitter that is compiled for a few known patterns."""

from __future__ import annotations

from collections.abc import Callable

import splintr

from py_impls.bpe_files import tiktoken_file
from py_impls.bpe_ranks import checked, require_encodable, require_pattern
from py_impls.bpe_split import portable


def bpe_encode(ranks: dict[bytes, int], pattern: str) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its tokens.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    require_pattern(pattern)
    checked(ranks)
    encode = splintr.Tokenizer.from_bytes(tiktoken_file(ranks), portable(pattern)).encode_ordinary

    def encode_text(text: str) -> list[int]:
        require_encodable(text)
        ids: list[int] = encode(text)
        return ids

    return encode_text
