"""A text's vocabulary and its ids, in one call."""

from __future__ import annotations

from nanogpt_rs.ruler.tasks.contract import Refusal, Task
from nanogpt_rs.ruler.tasks.differences import share_memory, vocabulary_and_ids_difference
from nanogpt_rs.ruler.tasks.inputs import (
    EDGES,
    TEXT_REFUSALS,
    call_on_text,
    characters_in_order,
    vocabulary_and_ids_of,
    with_fresh_text,
)

CHARSET_ENCODE = Task(
    name="charset_encode",
    contract="charset_encode(text: str) -> tuple[str, uint16 array]",
    call=call_on_text,
    renew=with_fresh_text,
    build=None,
    oracle=vocabulary_and_ids_of,
    difference=vocabulary_and_ids_difference,
    shared=lambda first, second: share_memory(first[1], second[1]),
    edges=EDGES,
    refusals=(
        *TEXT_REFUSALS,
        Refusal(
            case="a text with more distinct characters than there are ids",
            attempt=lambda contender: contender("".join(characters_in_order(65_537))),
            error=ValueError,
            message="text has 65537 distinct characters; charset_encode holds at most 65536",
        ),
    ),
    largest_vocabulary=65_536,
)
