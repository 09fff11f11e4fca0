"""Searches each piece for its pair of lowest rank, merges it, and again: the lecture's encoder."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from py_impls.bpe_ranks import checked, require_text
from py_impls.bpe_split import splitter


def bpe_encode(ranks: dict[bytes, int], pattern: str) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its tokens.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    ranks = checked(ranks)
    split = splitter(pattern)

    def encode_text(text: str) -> list[int]:
        require_text(text)
        ids: list[int] = []
        for piece in split(text):
            ids += encode_piece(piece.encode(), ranks)
        return ids

    return encode_text


def encode_piece(piece: bytes, ranks: dict[bytes, int]) -> list[int]:
    """Return the ids of a piece."""
    if piece in ranks:
        return [ranks[piece]]
    parts = [piece[at : at + 1] for at in range(len(piece))]
    while len(parts) > 1:
        pairs = [left + right for left, right in pairwise(parts)]
        lowest = min(pairs, key=lambda pair: ranks.get(pair, float("inf")))
        if lowest not in ranks:
            break
        at = pairs.index(lowest)
        parts[at : at + 2] = [lowest]
    return [ranks[part] for part in parts]
