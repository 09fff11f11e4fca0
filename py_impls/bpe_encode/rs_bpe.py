"""rs-bpe: the same crates as bpe-openai behind another border, for fixed vocabularies."""

from __future__ import annotations

from collections.abc import Callable

from rs_bpe import openai

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
    encode = getattr(openai, name_of(ranks, pattern, "rs-bpe"))().encode

    def encode_text(text: str) -> list[int]:
        require_encodable(text)
        ids: list[int] = encode(text)
        return ids

    return encode_text
