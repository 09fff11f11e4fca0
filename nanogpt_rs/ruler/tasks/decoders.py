"""Decoders: from a list or an array of ids to the text of their characters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from nanogpt_rs.ruler.tasks.contract import Example, Refusal, Task
from nanogpt_rs.ruler.tasks.differences import same_text, text_difference
from nanogpt_rs.ruler.tasks.inputs import EDGES, ids_of, vocabulary_of
from nanogpt_rs.ruler.tasks.vocabularies import (
    MIXED,
    NARROW_IDS,
    build_encoder,
    using,
    vocabulary_refusals,
)
from nanogpt_rs.ruler.timing import Call

LETTERS = "".join(map(chr, range(0x30, 0x30 + 65)))
"""A vocabulary of 65 characters of ASCII."""


def list_decoding_refusals() -> tuple[Refusal, ...]:
    """Return the inputs that every decoder of lists refuses.

    Values that are no ``int`` but equal one, such as 1.0, are left open: a ``dict`` takes them for
    the ``int``.
    """

    def refusal(case: str, ids: Sequence[object], error: type[Exception], message: str) -> Refusal:
        return Refusal(case=case, attempt=using(LETTERS, ids), error=error, message=message)

    def outside(case: str, ids: Sequence[object], id: int, position: int) -> Refusal:
        message = f"id {id} at position {position} is not in the vocabulary of 65"
        return refusal(case, ids, ValueError, message)

    return (
        *vocabulary_refusals("decode_list", sys.maxunicode + 1),
        outside("an id outside the vocabulary", [*range(17), 70, 70], 70, 17),
        outside("the first id outside the vocabulary", [65], 65, 0),
        outside("a negative id, then others outside", [0, -1, 300, 70], -1, 1),
        outside("an id at the end that a byte would cut short", [1] * 5000 + [256], 256, 5000),
        outside("an id that 32 bits would cut short", [0, 2**32], 2**32, 1),
        outside("an id that 64 bits would cut short", [0, 0, 2**64, 70], 2**64, 2),
        outside("a very negative id", [0, -(2**70)], -(2**70), 1),
        Refusal(
            case="an empty vocabulary and an id",
            attempt=using("", [0]),
            error=ValueError,
            message="id 0 at position 0 is not in the vocabulary of 0",
        ),
        refusal("a float", [0, 1.5], TypeError, "id at position 1 is float, not int"),
        refusal(
            "a str, then an id outside", ["a", 70], TypeError, "id at position 0 is str, not int"
        ),
        refusal("None", [3, 2, None], TypeError, "id at position 2 is NoneType, not int"),
        Refusal(case="a str for a list", attempt=using("ab", "ab"), error=TypeError),
        Refusal(case="bytes for a list", attempt=using("ab", b"\0\1"), error=TypeError),
        Refusal(case="a tuple for a list", attempt=using("ab", (0, 1)), error=TypeError),
        Refusal(case="None for a list", attempt=using("ab", None), error=TypeError),
    )


def array_decoding_refusals() -> tuple[Refusal, ...]:
    """Return the inputs that every decoder of arrays refuses."""

    def decode(vocabulary: str, make: Callable[[Any], object]) -> Callable[[Any], object]:
        def attempt(contender: Any) -> object:
            import numpy

            return contender(vocabulary)(make(numpy))

        return attempt

    def outside(case: str, ids: list[int], id: int, position: int) -> Refusal:
        return Refusal(
            case=case,
            attempt=decode(LETTERS, lambda numpy: numpy.array(ids, numpy.uint16)),
            error=ValueError,
            message=f"id {id} at position {position} is not in the vocabulary of 65",
        )

    return (
        *vocabulary_refusals("decode_array", 65_536),
        outside("an id outside the vocabulary", [*range(17), 70, 71], 70, 17),
        outside("an id at the end that a byte would cut short", [1] * 5000 + [256], 256, 5000),
        outside("the first and the last id outside", [0, 65, 65535], 65, 1),
        outside("an id with its highest bit set", [0, 0, 0x8000, 70], 0x8000, 2),
        Refusal(
            case="an empty vocabulary and an id",
            attempt=decode("", lambda numpy: numpy.zeros(1, numpy.uint16)),
            error=ValueError,
            message="id 0 at position 0 is not in the vocabulary of 0",
        ),
        Refusal(
            case="ids of 64 bits",
            attempt=decode("ab", lambda numpy: numpy.array([0, 1])),
            error=TypeError,
            message="ids are a 1-dimensional array of int64, not of uint16",
        ),
        Refusal(
            case="ids of the other byte order",
            attempt=decode(
                "ab", lambda numpy: numpy.array([0, 1], numpy.dtype(numpy.uint16).newbyteorder())
            ),
            error=TypeError,
        ),
        Refusal(
            case="ids in two dimensions",
            attempt=decode("ab", lambda numpy: numpy.zeros((2, 2), numpy.uint16)),
            error=TypeError,
            message="ids are a 2-dimensional array of uint16, not 1-dimensional",
        ),
        Refusal(case="a list for an array", attempt=using("ab", [0, 1]), error=TypeError),
        Refusal(case="None for an array", attempt=using("ab", None), error=TypeError),
    )


def list_examples() -> tuple[Example, ...]:
    """Return lists of ids that no encoder makes of a whole text, with the texts that they mean."""
    return (
        *(
            Example(case=case, attempt=using(MIXED, ids), answer="".join(MIXED[id] for id in ids))
            for case, ids in NARROW_IDS.items()
        ),
        Example(case="bools, which are ints", attempt=using("ab", [True, False]), answer="ba"),
    )


def array_examples() -> tuple[Example, ...]:
    """Return arrays of ids that no encoder makes of a whole text, with the texts that they mean."""

    def decode(ids: list[int], step: int = 1, *, writeable: bool = True) -> Callable[[Any], object]:
        def attempt(contender: Any) -> object:
            import numpy

            array = numpy.repeat(numpy.array(ids, numpy.uint16), step)[::step]
            array.flags.writeable = writeable
            return contender(MIXED)(array)

        return attempt

    return (
        *(
            Example(case=case, attempt=decode(ids), answer="".join(MIXED[id] for id in ids))
            for case, ids in NARROW_IDS.items()
        ),
        Example(
            case="an array that is not contiguous", attempt=decode([5, 26, 0], 3), answer="FéA"
        ),
        Example(
            case="an array that is read-only",
            attempt=decode([5, 26, 0], writeable=False),
            answer="FéA",
        ),
    )


def call_list_decoder(function: Any, text: str) -> Call:
    """Make the call on the text's ids, of the decoder that is made for the text's vocabulary."""
    return function(vocabulary_of(text)), (ids_of(text),)


def call_array_decoder(function: Any, text: str) -> Call:
    """Make the same call as ``call_list_decoder``, with the ids in an array."""
    import numpy

    return function(vocabulary_of(text)), (numpy.array(ids_of(text), numpy.uint16),)


def with_fresh_ids(call: Call) -> Call:
    """Make the same call on a new list or array that equals the one before."""
    function, (ids,) = call
    return function, (ids.copy(),)  # type: ignore[attr-defined]


DECODE_LIST = Task(
    name="decode_list",
    contract="decode_list(vocabulary: Sequence[str]) -> Callable[[list[int]], str]",
    call=call_list_decoder,
    renew=with_fresh_ids,
    build=build_encoder,
    oracle=str,
    difference=text_difference,
    shared=same_text,
    edges=EDGES,
    refusals=list_decoding_refusals(),
    examples=list_examples(),
)
DECODE_ARRAY = Task(
    name="decode_array",
    contract="decode_array(vocabulary: Sequence[str]) -> Callable[[uint16 array], str]",
    call=call_array_decoder,
    renew=with_fresh_ids,
    build=build_encoder,
    oracle=str,
    difference=text_difference,
    shared=same_text,
    edges=EDGES,
    refusals=array_decoding_refusals(),
    examples=array_examples(),
    largest_vocabulary=65_536,
)
