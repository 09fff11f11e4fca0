"""Byte-pair decoding: from ids to the bytes of their tokens.

The answer is bytes, because libraries make four different things of bytes that are no UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from nanogpt_rs.ruler.excerpts import excerpt
from nanogpt_rs.ruler.tasks.bpe import ranks_refusals
from nanogpt_rs.ruler.tasks.bpe_edges import EDGES
from nanogpt_rs.ruler.tasks.bpe_vocabularies import CL100K, OWN, Vocabulary
from nanogpt_rs.ruler.tasks.contract import Example, Refusal, Task
from nanogpt_rs.ruler.tasks.decoders import with_fresh_ids

SMALL = {**{bytes([byte]): byte for byte in range(256)}, b"ab": 256, b"\xff\xfe": 257}
"""The bytes, and two tokens."""


def bytes_difference(answer: Any, expected: bytes) -> str | None:
    """Compare exact types, then lengths, then each byte."""
    if type(answer) is not bytes:
        return f"returned {type(answer).__name__}, not bytes"
    if answer == expected:
        return None
    if len(answer) != len(expected):
        return f"returned {len(answer):,} bytes, not {len(expected):,}"
    position = next(at for at, byte in enumerate(answer) if byte != expected[at])
    return f"at position {position}: {excerpt(answer[position : position + 1])}, not " + excerpt(
        expected[position : position + 1]
    )


def decoding(vocabulary: Vocabulary) -> Task:
    """Make the task of decoding the ids of a text in a vocabulary."""
    return Task(
        name=f"bpe_decode_{vocabulary.name}" if vocabulary.name else "bpe_decode",
        contract="bpe_decode(ranks: dict[bytes, int]) -> Callable[[list[int]], bytes]",
        variant_of="" if vocabulary is OWN else "bpe_decode",
        call=lambda function, text: (
            decoder_for(function, vocabulary, text),
            (vocabulary.ids(text),),
        ),
        renew=with_fresh_ids,
        build=lambda function, text: (build_and_use, (function, vocabulary.ranks(text))),
        oracle=str.encode,
        difference=bytes_difference,
        shared=lambda _first, _second: False,  # nobody can change bytes
        edges=EDGES,
        refusals=(
            *ranks_refusals(lambda contender, ranks: contender(ranks)),
            *ids_refusals(),
        ),
        examples=()
        if vocabulary.name
        else (
            example("no id", [], b""),
            example("tokens of every byte", [*range(256)], bytes(range(256))),
            example("bytes that are no UTF-8", [257, 128, 256, 255], b"\xff\xfe\x80ab\xff"),
            example("many times one token", [256] * 5_000, b"ab" * 5_000),
        ),
        inapplicable=vocabulary.inapplicable,
    )


def decoder_for(function: Any, vocabulary: Vocabulary, text: str) -> Any:
    """Return the decoder for a text; all edges are decoded by one, because making it takes long."""
    if text in EDGES:
        return edge_decoder(function, vocabulary)
    return function(vocabulary.ranks(text))


@lru_cache(maxsize=1)
def edge_decoder(function: Any, vocabulary: Vocabulary) -> Any:
    """Return a decoder for the edges."""
    return function(vocabulary.ranks(""))


def build_and_use(function: Any, ranks: dict[bytes, int]) -> object:
    """Make a decoder and decode one id: some prepare themselves in their first call."""
    return function(ranks)([0])


def example(case: str, ids: list[int], answer: bytes) -> Example:
    """Return an example of ids in the small vocabulary."""
    return Example(case=case, attempt=decode(ids), answer=answer)


def decode(ids: object) -> Callable[[Any], object]:
    """Make an attempt to decode ids in the small vocabulary."""
    return lambda contender: contender(dict(SMALL))(ids)


def ids_refusals() -> tuple[Refusal, ...]:
    """Return what every decoder refuses in the place of ids."""

    def outside(case: str, ids: list[int], id: int, position: int) -> Refusal:
        message = f"id {id} at position {position} is not in the vocabulary of {len(SMALL)}"
        return Refusal(case=case, attempt=decode(ids), error=ValueError, message=message)

    def wrong(case: str, ids: object) -> Refusal:
        return Refusal(case=case, attempt=decode(ids), error=TypeError)

    return (
        outside("an id outside the vocabulary", [*range(17), 300, 301], 300, 17),
        outside("the first id outside the vocabulary", [258], 258, 0),
        outside("a negative id", [0, -1, 300], -1, 1),
        outside("an id that 32 bits would cut short", [0, 2**32], 2**32, 1),
        outside("an id that 64 bits would cut short", [0, 0, 2**64], 2**64, 2),
        wrong("a float", [0, 1.5]),
        wrong("a str among the ids", [0, "a"]),
        wrong("None among the ids", [0, None]),
        wrong("a str for a list", "ab"),
        wrong("bytes for a list", b"ab"),
        wrong("None for a list", None),
    )


TASKS = (decoding(OWN), decoding(CL100K))
