"""The ids of one piece, merged with a heap, and a dict that remembers the ids of each piece."""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush


def ids_of_piece(piece: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Return the ids of a piece, in time that grows as n log n with its length.

    A part is named by the position of its first byte. ``ends[at]`` is where the part ends, and 0
    once it was merged into the part before it.
    """
    if piece in ranks:
        return [ranks[piece]]
    length = len(piece)
    ends = [*range(1, length + 1)]
    starts = [*range(-1, length)]  # of the part before the one that begins there
    rank_of = ranks.get
    heap = [
        (rank, at, at + 2)
        for at in range(length - 1)
        if (rank := rank_of(piece[at : at + 2])) is not None
    ]
    heapify(heap)
    while heap:
        _, at, end = heappop(heap)
        middle = ends[at]
        if not 0 < middle < length or ends[middle] != end:
            continue
        ends[middle] = 0
        ends[at] = end
        starts[end] = at
        if end < length and (rank := rank_of(piece[at : ends[end]])) is not None:
            heappush(heap, (rank, at, ends[end]))
        before = starts[at]
        if before >= 0 and (rank := rank_of(piece[before:end])) is not None:
            heappush(heap, (rank, before, end))
    return [ranks[piece[at:end]] for at, end in enumerate(ends) if end]


class PieceIds(dict[str, list[int]]):
    """The ids of each piece that was looked up so far; it grows with each new piece."""

    def __init__(self, ranks: Mapping[bytes, int]) -> None:
        super().__init__()
        self.ranks = ranks

    def __missing__(self, piece: str) -> list[int]:
        """Compute the ids of a piece, and keep them."""
        ids = ids_of_piece(piece.encode(), self.ranks)
        self[piece] = ids
        return ids
