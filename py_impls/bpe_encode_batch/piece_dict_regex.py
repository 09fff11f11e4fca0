"""A dict of pieces that all documents share, with the module ``regex``."""

from __future__ import annotations

from collections.abc import Callable

from py_impls.bpe_encode.piece_dict_regex import bpe_encode


def bpe_encode_batch(
    ranks: dict[bytes, int], pattern: str
) -> Callable[[list[str]], list[list[int]]]:
    """Return a function from documents to the ids of each.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    encode = bpe_encode(ranks, pattern)

    def encode_texts(texts: list[str]) -> list[list[int]]:
        return [encode(text) for text in texts]

    return encode_texts
