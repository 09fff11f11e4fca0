"""The common part of encoders and decoders: each is made for a vocabulary, and refuses bad ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nanogpt_rs.ruler.tasks.contract import Refusal
from nanogpt_rs.ruler.tasks.inputs import characters_in_order, vocabulary_of
from nanogpt_rs.ruler.timing import Call


def building(vocabulary: object) -> Callable[[Any], object]:
    """Make an attempt to make an encoder or a decoder for a vocabulary."""
    return lambda contender: contender(vocabulary)


def using(vocabulary: object, argument: object) -> Callable[[Any], object]:
    """Make an attempt to make an encoder or a decoder, and to call it."""
    return lambda contender: contender(vocabulary)(argument)


def vocabulary_refusals(task: str, largest: int) -> tuple[Refusal, ...]:
    """Return the vocabularies that every encoder and decoder refuses.

    Args:
        task: The task's name, which one message contains.
        largest: The largest number of entries that the task's ids can tell apart.
    """
    refusals = [
        Refusal(
            case="a vocabulary out of order",
            attempt=building(["b", "a"]),
            error=ValueError,
            message="vocabulary is not in code-point order: "
            "'b' (U+0062) comes before 'a' (U+0061) at entry 1",
        ),
        Refusal(
            case="a character twice in the vocabulary",
            attempt=building("aab"),
            error=ValueError,
            message="vocabulary holds 'a' (U+0061) twice, at entries 0 and 1",
        ),
        Refusal(
            case="a vocabulary entry of two characters",
            attempt=building(["a", "b", "cd"]),
            error=ValueError,
            message="vocabulary entry 2 is 'cd', not a single character",
        ),
        Refusal(
            case="an empty vocabulary entry",
            attempt=building(["", "a"]),
            error=ValueError,
            message="vocabulary entry 0 is '', not a single character",
        ),
        Refusal(
            case="a vocabulary of ints",
            attempt=building([97, 98]),
            error=TypeError,
            message="vocabulary entry 0 is int, not str",
        ),
        Refusal(
            case="a vocabulary that is a set",
            attempt=building({"a"}),
            error=TypeError,
            message="vocabulary is set, not a sequence of str",
        ),
    ]
    if largest <= 0x10000:
        refusals.append(
            Refusal(
                case="a vocabulary too large for the ids",
                attempt=lambda contender: contender(characters_in_order(largest + 1)),
                error=ValueError,
                message=f"vocabulary has {largest + 1} entries; {task} holds at most {largest}",
            )
        )
    return tuple(refusals)


MIXED = "".join([*map(chr, range(0x41, 0x5B)), "é", "Ж", "漢", "😀"])
"""A vocabulary of every width: 26 letters of ASCII, then one character of each wider kind."""
NARROW_IDS = {
    "ids of ASCII only, of a wider vocabulary": [25, 0, 7] * 100,
    "ids up to Latin-1, of a wider vocabulary": [0, 26] * 100,
    "ids up to two bytes a character, of a wider vocabulary": [1, 28, 27] * 100,
    "ids of every width": [0, 26, 27, 28, 29] * 100,
    "a long run of ASCII, then one wide character": [3] * 5000 + [29],
}
"""Ids by case, of the vocabulary ``MIXED``. A decoded text must be stored in the width of its own
widest character, not of the vocabulary's."""


def build_encoder(function: Any, text: str) -> Call:
    """Make the call that builds the encoder or decoder for the text's vocabulary."""
    return function, (vocabulary_of(text),)
