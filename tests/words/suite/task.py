"""Counting words: the contract, and who says that they meet it."""

from __future__ import annotations

import operator

from nanogpt_rs.ruler.registry import row
from nanogpt_rs.ruler.tasks import EDGES, TEXT_REFUSALS, Task, call_on_text, with_fresh_text


def oracle(text: str) -> dict[str, int]:
    """Count one word after the other."""
    counts: dict[str, int] = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts


def difference(answer: object, expected: dict[str, int]) -> str | None:
    """Compare exact types, then each word's count; order is open."""
    if type(answer) is not dict:
        return f"returned {type(answer).__name__}, not dict"
    for word in sorted(expected.keys() | answer.keys()):
        if answer.get(word) != expected.get(word):
            return f"counts {word!a} {answer.get(word, 0)} times, not {expected.get(word, 0)}"
    return None


TASKS = [
    Task(
        name="words",
        contract="words(text: str) -> dict[str, int]",
        call=call_on_text,
        renew=with_fresh_text,
        build=None,
        oracle=oracle,
        difference=difference,
        shared=operator.is_,
        edges=(*EDGES, "to be or not to be", "a\u00a0b\u2003c\x1cd\u200be", " \t\n"),
        refusals=TEXT_REFUSALS,
    )
]
ROWS = [
    row("words", "python/counter", "words.counter:words", "baseline default"),
    row("words", "rust/hash_map", "words.rust:hash_map", "default utf8"),
]
