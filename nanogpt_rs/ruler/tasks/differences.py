"""How an answer is compared with the right one: exact types first, then each element.

Each function describes the first difference in words, or returns ``None`` if there is none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from nanogpt_rs.ruler.corpora import own_copy
from nanogpt_rs.ruler.excerpts import excerpt
from nanogpt_rs.ruler.plurals import counted


def list_difference(answer: Any, expected: list[int]) -> str | None:
    """Compare exact types, then length, then each id."""
    if type(answer) is not list:
        return f"returned {type(answer).__name__}, not list"
    if other_types := {kind.__name__ for kind in set(map(type, answer)) - {int}}:
        return f"returned a list that holds {', '.join(sorted(other_types))}, not int"
    return sequence_difference(answer, expected)


def array_difference(dtype: str) -> Callable[[Any, list[int]], str | None]:
    """Make a comparison of arrays of ``dtype``: of type and layout, then of each id."""

    def difference(answer: Any, expected: list[int]) -> str | None:
        import numpy

        if type(answer) is not numpy.ndarray:
            return f"returned {type(answer).__name__}, not numpy.ndarray"
        if answer.dtype != numpy.dtype(dtype) or answer.ndim != 1:
            return f"returned {answer.ndim}-dimensional {answer.dtype}, not 1-dimensional {dtype}"
        if not (answer.flags.c_contiguous and answer.flags.writeable):
            return "returned an array that is not contiguous and writable"
        return sequence_difference(answer.tolist(), expected)

    return difference


def text_difference(answer: Any, expected: str) -> str | None:
    """Compare exact types, then the characters, then how CPython stores them (PEP 393).

    A ``str`` in a wider form than its widest character needs is broken: for ``==`` and ``hash`` it
    is another text.
    """
    if type(answer) is not str:
        return f"returned {type(answer).__name__}, not str"
    if len(answer) != len(expected):
        return f"returned {counted(len(answer), 'character')}, not {len(expected):,}"
    if answer != expected:
        for position, (actual, right) in enumerate(zip(answer, expected, strict=True)):
            if actual != right:
                return f"at position {position}: {actual!a}, not {right!a}"
    # CPython may have kept the UTF-8 of a str, which getsizeof counts. A longer str made of it has
    # characters of the same width, and no UTF-8 yet.
    stored = (answer.isascii(), sys.getsizeof(answer + "\0"))
    if stored != (expected.isascii(), sys.getsizeof(own_copy(expected) + "\0")):
        return "returned the right characters, not stored as CPython stores them"
    return None


def vocabulary_and_ids_difference(answer: Any, expected: tuple[str, list[int]]) -> str | None:
    """Compare exact types, then the vocabulary, then the ids."""
    if type(answer) is not tuple or len(answer) != 2:
        return f"returned {excerpt(answer)}, not a tuple of two"
    if problem := text_difference(answer[0], expected[0]):
        return f"vocabulary: {problem}"
    return array_difference("uint16")(answer[1], expected[1])


def sequence_difference(answer: list[int], expected: list[int]) -> str | None:
    """Describe the first place where two lists of ids differ."""
    if answer == expected:
        return None
    if len(answer) != len(expected):
        return f"returned {counted(len(answer), 'id')} for {counted(len(expected), 'character')}"
    position = next(
        p for p, pair in enumerate(zip(answer, expected, strict=True)) if pair[0] != pair[1]
    )
    return f"at position {position}: id {answer[position]}, not {expected[position]}"


def share_memory(first: Any, second: Any) -> bool:
    """Return whether two arrays overlap in memory."""
    import numpy

    return bool(numpy.shares_memory(first, second))


def same_text(first: str, second: str) -> bool:
    """Return whether two texts are one object; CPython itself shares texts of one character."""
    return first is second and len(first) > 1
