"""quicktok: hand-written splitters in C++, for fixed vocabularies."""

from __future__ import annotations

from collections.abc import Callable

import quicktok

from py_impls.bpe_public import name_of
from py_impls.bpe_ranks import require_encodable


def bpe_encode(ranks: dict[bytes, int], pattern: str) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its tokens.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        NotImplementedError: the library does not have this vocabulary.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    encode = quicktok.Tokenizer(name_of(ranks, pattern, "quicktok")).encode_ordinary

    def encode_text(text: str) -> list[int]:
        require_encodable(text)
        ids: list[int] = encode(text)
        return ids

    return encode_text
