"""Texts, vocabularies and ids that tasks are called on, and what every text's task refuses."""

from __future__ import annotations

from typing import Any

from nanogpt_rs.ruler.corpora import own_copy
from nanogpt_rs.ruler.tasks.contract import Refusal
from nanogpt_rs.ruler.timing import Call

EDGES = (
    "",
    "\0",
    "a\0b\0",
    "a",
    "aaaa",
    "\r\n\r\n",
    "\x7f\x80",  # the last of ASCII, the first of Latin-1
    "\xff\u0100",  # the last of one byte per character, the first of two
    "\uffff\U00010000",  # the last of two bytes, the first of four
    "\ud7ff\ue000\U0010ffff",
    "naïve Ωmega 漢字 😀",
    "e\u0301\u200d\ufe0f",  # combining characters stay characters of their own
    "".join(map(chr, range(128))),
    "".join(map(chr, range(256))),
    "".join(map(chr, range(0x3F0, 0x4510, 7))),
    "a" * 5000 + "z",
    "a" * 5000 + "\u0416",
    "a" * 5000 + "😀" + "b" * 5000,
    "a\ud800",
    "\udfff😀",
)


TEXT_REFUSALS = (
    Refusal(case="bytes for a text", attempt=lambda f: f(b"ab"), error=TypeError),
    Refusal(case="a list for a text", attempt=lambda f: f(["a"]), error=TypeError),
    Refusal(case="None for a text", attempt=lambda f: f(None), error=TypeError),
)
"""Inputs that every contender that is given a text alone refuses."""


def vocabulary_of(text: str) -> list[str]:
    """Return the text's vocabulary: its distinct characters, in code-point order."""
    return sorted(set(text))


def ids_of(text: str) -> list[int]:
    """Return the id of each character: its index in the text's vocabulary."""
    index = {character: id for id, character in enumerate(vocabulary_of(text))}
    return [index[character] for character in text]


def vocabulary_and_ids_of(text: str) -> tuple[str, list[int]]:
    """Return the text's vocabulary as one ``str``, and its ids."""
    return "".join(vocabulary_of(text)), ids_of(text)


def characters_in_order(count: int) -> list[str]:
    """Return the first ``count`` characters of Unicode, leaving out the surrogates."""
    return [chr(code) for code in range(count + 0x800) if not 0xD800 <= code <= 0xDFFF][:count]


def call_on_text(function: Any, text: str) -> Call:
    """Make the call of the contender itself on the text."""
    return function, (text,)


def with_fresh_text(call: Call) -> Call:
    """Make the same call on a new text object that equals the one before."""
    function, (text,) = call
    return function, (own_copy(str(text)),)
