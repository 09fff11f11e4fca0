"""The vocabularies that byte-pair encoders are measured with, and the answers that take long.

Our own are trained by the oracle, on the text that is encoded. So they need no network, everyone
has the same ones, and the tokens suit the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice

from nanogpt_rs.ruler.tasks import bpe_oracles, bpe_public, bpe_split
from nanogpt_rs.ruler.tasks.bpe_edges import EDGES
from nanogpt_rs.ruler.tasks.bpe_kept import kept
from nanogpt_rs.ruler.tasks.bpe_oracles import BYTES
from nanogpt_rs.ruler.tasks.bpe_split import GPT2

LONG = 10_000
"""Length in characters of a text from which on its answers are kept on the disk."""


@dataclass(frozen=True)
class Vocabulary:
    """What an encoder is made for: ranks, and a pattern to split by.

    Attributes:
        name: What the names of tasks with this vocabulary end in; empty for the one by default.
        pattern: The pattern that splits a text.
        size: The number of tokens of one that is trained on the text itself.
        public: The name of a published vocabulary, which is trained on no text of ours.
        of_edges: Whether it is the vocabulary of the edges, for any text.
    """

    name: str
    pattern: str
    size: int = 0
    public: str = ""
    of_edges: bool = False

    def ranks(self, text: str) -> dict[bytes, int]:
        """Return a new dict of the ranks for encoding a text.

        An edge is encoded with tokens that cross the borders of pieces, so that a wrong split
        shows in the ids.
        """
        if self.public:
            return dict(bpe_public.ranks_of(self.public))
        if self.of_edges or text in EDGES:
            return dict(edge_ranks())
        return bpe_oracles.ranks_of(merges(text, self.size))

    def ids(self, text: str) -> list[int]:
        """Return the right ids of a text, as a new list."""
        return list(ids(text, self))

    def inapplicable(self, text: str) -> str | None:
        """Return why nothing can be judged by a text in this vocabulary, ``None`` if it can.

        Libraries know different versions of Unicode. What one calls a letter is unknown to
        another, and neither is wrong.
        """
        if self.public and (reason := bpe_public.absent(self.public)):
            return reason
        if (character := bpe_split.unknown(text)) is None:
            return None
        return (
            f"the corpus has U+{ord(character):04X}, which this Python's version of Unicode does "
            "not know, so that it cannot say how the text is split"
        )


OWN = Vocabulary("", GPT2, 1_024)
OWN_8K = Vocabulary("8k", GPT2, 8_192)
OWN_32K = Vocabulary("32k", GPT2, 32_768)
R50K = Vocabulary("r50k", GPT2, public="r50k_base")
CL100K = Vocabulary("cl100k", bpe_split.CL100K, public="cl100k_base")
EDGE_RANKS = Vocabulary("edges", GPT2, of_edges=True)
O200K = Vocabulary("o200k", bpe_split.O200K, public="o200k_base")


@lru_cache(maxsize=1)
def edge_ranks() -> dict[bytes, int]:
    """Return the ranks that edges are encoded with, trained on all of them as single pieces."""

    def compute() -> list[int]:
        return flat(bpe_oracles.merges_of_pieces(EDGES, 8_192))

    return bpe_oracles.ranks_of(pairs(kept("merges-edges", "", compute)))


@lru_cache(maxsize=4)
def merges(text: str, size: int) -> tuple[tuple[int, int], ...]:
    """Return the merges of a text, from the cache if they are there."""

    def compute() -> list[int]:
        return flat(bpe_oracles.merges_of_text(text, size))

    ids = kept(f"merges-{size}", text, compute) if len(text) >= LONG else compute()
    return tuple(pairs(ids))


def flat(merges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the ids of pairs, one after the other."""
    return [id for pair in merges for id in pair]


def pairs(ids: Sequence[int]) -> list[tuple[int, int]]:
    """Return the pairs that ``flat`` put one after the other."""
    return [*zip(ids[::2], ids[1::2], strict=True)]


@lru_cache(maxsize=4)
def ids(text: str, vocabulary: Vocabulary) -> tuple[int, ...]:
    """Return the ids of a text, from the cache if they are there."""

    def compute() -> list[int]:
        return bpe_oracles.ids_of_text(text, vocabulary.ranks(text), vocabulary.pattern)

    if len(text) < LONG:
        return tuple(compute())
    return tuple(kept(f"ids-{vocabulary.name or vocabulary.size}", text, compute))


def ids_of_documents(
    documents: Sequence[str], vocabulary: Vocabulary, text: str
) -> list[list[int]]:
    """Return the ids of each document of a text, from the cache if they are there.

    Args:
        documents: The documents.
        vocabulary: The vocabulary.
        text: The text that the documents are cut from, whose vocabulary they are encoded by.
    """

    def compute() -> list[int]:
        ranks = vocabulary.ranks(text)
        ids = [bpe_oracles.ids_of_text(one, ranks, vocabulary.pattern) for one in documents]
        return [*map(len, ids), *chain.from_iterable(ids)]

    name = f"documents-{len(documents)}-{vocabulary.name or vocabulary.size}"
    numbers = kept(name, text, compute) if len(text) >= LONG else compute()
    rest = iter(numbers[len(documents) :])
    return [[*islice(rest, count)] for count in numbers[: len(documents)]]


def token_count(text: str, size: int) -> int:
    """Return how many tokens the vocabulary of a text has: ``size``, or fewer if pairs run out."""
    return BYTES + len(merges(text, size))
