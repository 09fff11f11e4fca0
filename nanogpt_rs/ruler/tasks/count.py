"""How often each character occurs in a text."""

from __future__ import annotations

import operator
from collections import Counter
from typing import Any

from nanogpt_rs.ruler.tasks.contract import Task
from nanogpt_rs.ruler.tasks.inputs import EDGES, TEXT_REFUSALS, call_on_text, with_fresh_text


def count_difference(answer: Any, expected: dict[str, int]) -> str | None:
    """Describe the first difference: of exact types, then of each character's count.

    The order of the keys is left open, because ``==`` does not compare it.
    """
    if type(answer) is not dict:
        return f"returned {type(answer).__name__}, not dict"
    for part, right_type, types in (
        ("keys", str, set(map(type, answer))),
        ("values", int, set(map(type, answer.values()))),
    ):
        if other_types := {kind.__name__ for kind in types - {right_type}}:
            return f"returned a dict with {part} of {', '.join(sorted(other_types))}"
    for character in sorted(expected.keys() | answer.keys()):
        count = answer.get(character, 0)
        if character not in answer or count != expected.get(character):
            return f"counts {character!a} {count} times, not {expected.get(character, 0)}"
    return None


COUNT = Task(
    name="count",
    contract="count(text: str) -> dict[str, int]",
    call=call_on_text,
    renew=with_fresh_text,
    build=None,
    oracle=Counter,
    difference=count_difference,
    shared=operator.is_,
    edges=EDGES,
    refusals=TEXT_REFUSALS,
)
