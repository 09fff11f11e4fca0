"""The vocabularies that byte-pair encoders are measured with, and the answers that take long.

Our own are trained by the oracle, on the text that is encoded. So they need no network, everyone
has the same ones, and the tokens suit the text.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nanogpt_rs.ruler import corpora
from nanogpt_rs.ruler.regular import write_whole
from nanogpt_rs.ruler.tasks import bpe_oracles, bpe_public, bpe_split
from nanogpt_rs.ruler.tasks.bpe_edges import EDGES
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
    return bpe_oracles.ranks_of(bpe_oracles.merges_of_pieces(EDGES, 8_192))


@lru_cache(maxsize=4)
def merges(text: str, size: int) -> tuple[tuple[int, int], ...]:
    """Return the merges of a text, from the cache if they are there."""
    flat = kept(
        f"merges-{size}",
        text,
        lambda: [id for pair in bpe_oracles.merges_of_text(text, size) for id in pair],
    )
    return tuple(zip(flat[::2], flat[1::2], strict=True))


@lru_cache(maxsize=4)
def ids(text: str, vocabulary: Vocabulary) -> tuple[int, ...]:
    """Return the ids of a text, from the cache if they are there."""

    def compute() -> list[int]:
        return bpe_oracles.ids_of_text(text, vocabulary.ranks(text), vocabulary.pattern)

    return tuple(kept(f"ids-{vocabulary.name or vocabulary.size}", text, compute))


@lru_cache(maxsize=1)
def version() -> str:
    """Return a hash of the code that computes what is kept, which must not outlive it."""
    files = (__file__, bpe_oracles.__file__, bpe_split.__file__)
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()


def kept(name: str, text: str, compute: Callable[[], list[int]]) -> list[int]:
    """Return numbers that are computed from a text, from the disk if they were computed before.

    Args:
        name: What is computed.
        text: The text.
        compute: Computes the numbers, each less than 2**32.
    """
    if len(text) < LONG:
        return compute()
    key = hashlib.sha256(f"{name} {version()} ".encode() + text.encode()).hexdigest()
    path = corpora.cache_folder() / "bpe" / f"{key}.uint32"
    numbers = array("I")
    with suppress(OSError, ValueError):
        data = path.read_bytes()
        if hashlib.sha256(data[32:]).digest() == data[:32]:
            numbers.frombytes(data[32:])
            return numbers.tolist()
    numbers.extend(compute())
    data = numbers.tobytes()
    with suppress(OSError):
        write_whole(path, hashlib.sha256(data).digest() + data)
    return numbers.tolist()


def token_count(text: str, size: int) -> int:
    """Return how many tokens the vocabulary of a text has: ``size``, or fewer if pairs run out."""
    return BYTES + len(merges(text, size))
