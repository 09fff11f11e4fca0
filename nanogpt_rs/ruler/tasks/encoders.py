"""Encoders: from a text to the ids of its characters, as a list or as an array of some type."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from nanogpt_rs.ruler.tasks.contract import Example, Refusal, Task
from nanogpt_rs.ruler.tasks.differences import array_difference, list_difference, share_memory
from nanogpt_rs.ruler.tasks.inputs import EDGES, ids_of, vocabulary_of, with_fresh_text
from nanogpt_rs.ruler.tasks.vocabularies import (
    MIXED,
    NARROW_IDS,
    build_encoder,
    using,
    vocabulary_refusals,
)
from nanogpt_rs.ruler.timing import Call

CHARACTERS = sys.maxunicode + 1
"""How many characters there are: the largest vocabulary that any id can be needed for."""


def encoding_refusals(task: str, largest: int) -> tuple[Refusal, ...]:
    """Return the inputs that every encoder refuses: bad vocabularies, characters outside good ones.

    Args:
        task: The task's name.
        largest: The largest number of entries that a vocabulary may have.
    """
    return (
        *vocabulary_refusals(task, largest),
        Refusal(
            case="a character outside the vocabulary",
            attempt=using("abc", "abcabcabcabcabcabé"),
            error=ValueError,
            message="character 'é' (U+00E9) at position 17 is not in the vocabulary",
        ),
        Refusal(
            case="two characters outside the vocabulary, after one beyond the BMP",
            attempt=using("a😀", "😀" * 3000 + "a\nz"),
            error=ValueError,
            message=r"character '\n' (U+000A) at position 3001 is not in the vocabulary",
        ),
        Refusal(
            case="an empty vocabulary and a text",
            attempt=using("", "a"),
            error=ValueError,
            message="character 'a' (U+0061) at position 0 is not in the vocabulary",
        ),
        Refusal(case="bytes for a text", attempt=using("ab", b"ab"), error=TypeError),
        Refusal(case="a list for a text", attempt=using("ab", ["a", "b"]), error=TypeError),
        Refusal(case="None for a text", attempt=using("ab", None), error=TypeError),
    )


def encoding_examples() -> tuple[Example, ...]:
    """Return texts that have few of a vocabulary's characters, with their ids.

    Every other text is encoded with its own vocabulary, which does not prove that an encoder uses
    the vocabulary that it is given.
    """
    return tuple(
        Example(
            case=f"{case}, from their text",
            attempt=using(MIXED, "".join(MIXED[id] for id in ids)),
            answer=ids,
        )
        for case, ids in NARROW_IDS.items()
    )


def call_encoder(function: Any, text: str) -> Call:
    """Make the call on the text, of the encoder that is made for the text's vocabulary."""
    return function(vocabulary_of(text)), (text,)


def encoder(
    name: str,
    result: str,
    difference: Callable[[Any, list[int]], str | None],
    shared: Callable[[Any, Any], bool],
    largest: int = CHARACTERS,
    *,
    by_default: bool = False,
    as_array: str = "",
) -> Task:
    """Make the task of encoding a text.

    Args:
        name: The task's name.
        result: The type of an encoder's result, as the contract spells it.
        difference: Compares an answer with the right ids.
        shared: Whether a change to one answer would change another.
        largest: The largest number of entries that a vocabulary may have.
        by_default: Whether the task is measured when no tasks are named.
        as_array: The name of the same task with an array for its result.
    """
    return Task(
        name=name,
        as_array=as_array,
        contract=f"{name}(vocabulary: Sequence[str]) -> Callable[[str], {result}]",
        by_default=by_default,
        call=call_encoder,
        renew=with_fresh_text,
        build=build_encoder,
        oracle=ids_of,
        difference=difference,
        shared=shared,
        edges=EDGES,
        refusals=encoding_refusals(name, largest),
        examples=encoding_examples(),
        largest_vocabulary=largest,
    )


ENCODE = encoder(
    "encode",
    "list[int]",
    list_difference,
    operator.is_,
    by_default=True,
    as_array="encode_array",
)
ENCODE_ARRAY = encoder(
    "encode_array",
    "uint16 array",
    array_difference("uint16"),
    share_memory,
    65_536,
    by_default=True,
)
ENCODE_UINT8 = encoder("encode_uint8", "uint8 array", array_difference("uint8"), share_memory, 256)
ENCODE_INT64 = encoder("encode_int64", "int64 array", array_difference("int64"), share_memory)
