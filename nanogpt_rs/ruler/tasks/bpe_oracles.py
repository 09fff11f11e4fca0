"""The right answers of byte-pair encoding: merges of a text, and ids of a text.

``merges_by_counting`` and ``ids_by_lowest_rank`` are the contracts in a few plain lines, whose time
grows with the square of a piece's length. The oracles that texts of a megabyte need follow them
below; tests hold the two against each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

from nanogpt_rs.ruler.tasks.bpe_split import GPT2, pieces

Ranks = Mapping[bytes, int]
"""The id of each token by its bytes. Of two tokens the one with the lower id is merged first."""
BYTES = 256
"""How many single bytes there are: the ids below are theirs, and merge k makes the id 256 + k."""
SHORT = 50
"""Length in bytes of pieces that are merged in the plainest way."""


def merges_by_counting(text: str, size: int) -> list[tuple[int, int]]:
    """Return the pairs that training merges, in their order, by counting all pairs each time.

    Pairs are counted within pieces, so that "aaa" has two, and are merged from the left. The pair
    of the largest count comes next; of several, the smallest pair.
    """
    words = Counter(tuple(piece.encode()) for piece in pieces(GPT2, text))
    merges: list[tuple[int, int]] = []
    while len(merges) < size - BYTES:
        counts: Counter[tuple[int, int]] = Counter()
        for word, count in words.items():
            for pair in pairwise(word):
                counts[pair] += count
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        words = Counter(
            {merged(word, best, BYTES + len(merges)): count for word, count in words.items()}
        )
        merges.append(best)
    return merges


def merged(word: tuple[int, ...], pair: tuple[int, int], id: int) -> tuple[int, ...]:
    """Return a word in which ``id`` stands for each occurrence of ``pair``, from the left."""
    ids: list[int] = []
    at = 0
    while at < len(word):
        found = word[at : at + 2] == pair
        ids.append(id if found else word[at])
        at += 2 if found else 1
    return tuple(ids)


def ids_by_lowest_rank(piece: bytes, ranks: Ranks) -> list[int]:
    """Return the ids of a piece, by searching it each time for the pair to merge next.

    A piece that is a token is one id. Otherwise the two neighbours are merged whose bytes together
    have the lowest rank; of several such pairs, the leftmost.
    """
    if piece in ranks:
        return [ranks[piece]]
    parts = [bytes([byte]) for byte in piece]
    while True:
        joined = [left + right for left, right in pairwise(parts)]
        found = [(ranks[bytes], at) for at, bytes in enumerate(joined) if bytes in ranks]
        if not found:
            return [ranks[part] for part in parts]
        _, at = min(found)
        parts[at : at + 2] = [joined[at]]


def ids_of_text(text: str, ranks: Ranks, pattern: str) -> list[int]:
    """Return the ids of a text."""
    known: dict[str, list[int]] = {}
    ids: list[int] = []
    for piece in pieces(pattern, text):
        if piece not in known:
            data = piece.encode()
            by = ids_by_lowest_rank if len(data) <= SHORT else ids_by_heap
            known[piece] = by(data, ranks)
        ids += known[piece]
    return ids


def ids_by_heap(piece: bytes, ranks: Ranks) -> list[int]:
    """Return what ``ids_by_lowest_rank`` returns, in n log n steps.

    A part is named by the position of its first byte. ``stop`` is where it ends, so that the next
    part begins there; 0 for one that was merged into the part before it.
    """
    if piece in ranks:
        return [ranks[piece]]
    stop = [*range(1, len(piece) + 1)]
    before = [*range(-1, len(piece) - 1)]
    heap: list[tuple[int, int, int]] = []

    def offer(at: int) -> None:
        if at >= 0 and (middle := stop[at]) < len(piece):
            rank = ranks.get(piece[at : stop[middle]])
            if rank is not None:
                heappush(heap, (rank, at, stop[middle]))

    for at in range(len(piece)):
        offer(at)
    while heap:
        _, at, end = heappop(heap)
        middle = stop[at]
        if not 0 < middle < len(piece) or stop[middle] != end:
            continue  # one of the two was merged with another meanwhile
        stop[at], stop[middle] = end, 0
        if end < len(piece):
            before[end] = at
        offer(at)
        offer(before[at])
    return [ranks[piece[at:end]] for at, end in enumerate(stop) if end]


def merges_of_text(text: str, size: int) -> list[tuple[int, int]]:
    """Return what ``merges_by_counting`` returns, in a time that suits a megabyte."""
    return merges_of_pieces(pieces(GPT2, text), size)


def merges_of_pieces(texts: Iterable[str], size: int) -> list[tuple[int, int]]:
    """Return the pairs that training on these pieces merges, in their order."""
    corpus = Places(texts)
    heap = [(-count, pair) for pair, count in corpus.counts.items()]
    heapify(heap)
    merges: list[tuple[int, int]] = []
    while heap and len(merges) < size - BYTES:
        count, pair = heappop(heap)
        now = corpus.counts[pair]
        if now != -count:  # it has become rarer since
            if now:
                heappush(heap, (-now, pair))
            continue
        for new in corpus.merge(pair, BYTES + len(merges)):
            if corpus.counts[new]:  # in "aaaa" a pair is made that the next merge unmakes
                heappush(heap, (-corpus.counts[new], new))
        merges.append(pair)
    return merges


class Places:
    """The tokens of all distinct pieces in one line, with the places and counts of each pair.

    Attributes:
        ids: The token that begins at each byte; -1 where none does any more.
        before: The place of the token before; -1 at the beginning of a piece.
        after: The place of the token after; -1 at the end of a piece.
        weights: How often the piece occurs.
        counts: How often each pair occurs.
        places: Where each pair was seen; what was merged or overwritten there since still counts.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.ids: list[int] = []
        self.before: list[int] = []
        self.after: list[int] = []
        self.weights: list[int] = []
        self.counts: Counter[tuple[int, int]] = Counter()
        self.places: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for text, count in Counter(texts).items():
            first = len(self.ids)
            self.ids += text.encode()
            end = len(self.ids)
            self.before += [at - 1 if at > first else -1 for at in range(first, end)]
            self.after += [at + 1 if at < end - 1 else -1 for at in range(first, end)]
            self.weights += [count] * (end - first)
        for at, to in enumerate(self.after):
            self.add(at, to)

    def add(self, at: int, to: int) -> tuple[int, int] | None:
        """Count the pair of the tokens at two places, unless one place is no place."""
        if at < 0 or to < 0:
            return None
        pair = self.ids[at], self.ids[to]
        self.counts[pair] += self.weights[at]
        self.places[pair].append(at)
        return pair

    def remove(self, at: int, to: int) -> None:
        """Count the pair of the tokens at two places no more, unless one place is no place."""
        if at >= 0 and to >= 0:
            self.counts[self.ids[at], self.ids[to]] -= self.weights[at]

    def merge(self, pair: tuple[int, int], id: int) -> set[tuple[int, int]]:
        """Put a token in each place of a pair, and return the pairs that this made."""
        made: set[tuple[int, int] | None] = set()
        for at in self.places.pop(pair):
            to = self.after[at]
            if to < 0 or (self.ids[at], self.ids[to]) != pair:
                continue
            left, right = self.before[at], self.after[to]
            self.remove(left, at)
            self.remove(to, right)
            self.ids[at], self.ids[to] = id, -1
            self.after[at] = right
            if right >= 0:
                self.before[right] = at
            made |= {self.add(left, at), self.add(at, right)}
        self.counts[pair] = 0
        return {new for new in made if new}


def ranks_of(merges: Sequence[tuple[int, int]]) -> dict[bytes, int]:
    """Return the ranks of a vocabulary with these merges."""
    tokens = [bytes([byte]) for byte in range(BYTES)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    ranks: dict[bytes, int] = {}
    for id, token in enumerate(tokens):
        ranks.setdefault(token, id)
    return ranks
