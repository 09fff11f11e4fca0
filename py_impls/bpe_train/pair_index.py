"""An index of the places of each pair, and a heap of counts: a merge visits its own places only."""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heappop, heappush

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
    ids: list[int] = []
    weights: list[int] = []
    before: list[int] = []
    after: list[int] = []
    for piece, count in Counter(splitter(GPT2)(text)).items():
        data = piece.encode()
        first, end = len(ids), len(ids) + len(data)
        ids += data
        weights += [count] * len(data)
        before.append(-1)
        before += range(first, end - 1)
        after += range(first + 1, end)
        after.append(-1)
    counts: dict[tuple[int, int], int] = {}
    places: dict[tuple[int, int], list[int]] = {}
    for at, to in enumerate(after):
        if to >= 0:
            pair = ids[at], ids[to]
            if pair in counts:
                counts[pair] += weights[at]
                places[pair].append(at)
            else:
                counts[pair] = weights[at]
                places[pair] = [at]
    heap = [(-count, pair) for pair, count in counts.items()]
    heapify(heap)
    merges: list[tuple[int, int]] = []
    while heap and len(merges) < size - 256:
        count, pair = heappop(heap)
        if counts[pair] != -count:  # it has become rarer since it was pushed
            if counts[pair]:
                heappush(heap, (-counts[pair], pair))
            continue
        for new in merge(pair, 256 + len(merges), ids, weights, before, after, counts, places):
            if counts[new]:
                heappush(heap, (-counts[new], new))
        merges.append(pair)
    return merges


def merge(
    pair: tuple[int, int],
    id: int,
    ids: list[int],
    weights: list[int],
    before: list[int],
    after: list[int],
    counts: dict[tuple[int, int], int],
    places: dict[tuple[int, int], list[int]],
) -> set[tuple[int, int]]:
    """Put ``id`` in the place of each occurrence of a pair, and return the pairs that this made.

    ``ids`` has -1 where a token was merged into the one before it.
    """
    first, second = pair
    made = set()
    for at in places.pop(pair):
        to = after[at]
        if to < 0 or ids[at] != first or ids[to] != second:
            continue  # merged with another neighbour meanwhile
        weight, left, right = weights[at], before[at], after[to]
        ids[at], ids[to] = id, -1
        after[at] = right
        if left >= 0:
            counts[ids[left], first] -= weight
            new = ids[left], id
            made.add(new)
            counts[new] = counts.get(new, 0) + weight
            places.setdefault(new, []).append(left)
        if right >= 0:
            before[right] = at
            counts[second, ids[right]] -= weight
            new = id, ids[right]
            made.add(new)
            counts[new] = counts.get(new, 0) + weight
            places.setdefault(new, []).append(at)
    counts[pair] = 0
    return made
