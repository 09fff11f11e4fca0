"""Counts all pairs anew for each merge, in a list for each piece: the lecture's training."""

from __future__ import annotations

from itertools import pairwise

from py_impls.bpe_ranks import require_size, require_text
from py_impls.bpe_split import GPT2, splitter


def bpe_train(text: str, size: int) -> list[tuple[int, int]]:
    """Return the pairs that are merged, in their order; pair k becomes the id 256 + k.

    Raises:
        TypeError: ``text`` is not a ``str``, or ``size`` not an ``int``.
        ValueError: ``size`` is less than 256.
        UnicodeEncodeError: the text has a lone surrogate.
    """
    require_text(text)
    require_size(size)
    words = [list(piece.encode()) for piece in splitter(GPT2)(text)]
    merges: list[tuple[int, int]] = []
    for id in range(256, size):
        counts: dict[tuple[int, int], int] = {}
        for word in words:
            for pair in pairwise(word):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            break
        most = max(counts.values())
        best = min(pair for pair, count in counts.items() if count == most)
        words = [merge(word, best, id) for word in words]
        merges.append(best)
    return merges


def merge(ids: list[int], pair: tuple[int, int], id: int) -> list[int]:
    """Return ``ids`` with ``id`` in the place of each occurrence of ``pair``, from the left."""
    merged = []
    at = 0
    while at < len(ids):
        if ids[at] == pair[0] and at + 1 < len(ids) and ids[at + 1] == pair[1]:
            merged.append(id)
            at += 2
        else:
            merged.append(ids[at])
            at += 1
    return merged
