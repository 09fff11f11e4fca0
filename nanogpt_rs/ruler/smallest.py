"""The smallest text that shows a fault, found by delta debugging.

A contender is seldom wrong on a whole megabyte. Parts of the text are left out as long as the
contender stays wrong, first large parts and in the end single characters (Zeller and Hildebrandt,
"Simplifying and isolating failure-inducing input", 2002).
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from nanogpt_rs.ruler.excerpts import excerpt

SECONDS = 10.0
"""Seconds that the search may take. The text that it has reached by then is shown."""
SHOWN = 60
"""Length of a text up to which it is shown whole."""


def smallest(text: str, is_wrong: Callable[[str], bool], seconds: float = SECONDS) -> str:
    """Return a text that shows a fault, of which no character can be left out.

    Args:
        text: A text that shows the fault.
        is_wrong: Returns whether a text shows the fault.
        seconds: Seconds that the search may take. After them the text may still be too long.
    """
    end = monotonic() + seconds
    length = max(1, len(text) // 2)
    while text:
        shorter = without_parts(text, length, is_wrong, end)
        if monotonic() > end or (length == 1 and shorter == text):
            return shorter
        # After something was left out, parts before it may have become needless too.
        length = max(1, min(length // 2, len(shorter) // 2))
        text = shorter
    return text


def without_parts(text: str, length: int, is_wrong: Callable[[str], bool], end: float) -> str:
    """Return a text without the parts of a length that can be left out, from the left.

    Args:
        text: A text that shows the fault.
        length: Number of characters in a part.
        is_wrong: Returns whether a text shows the fault.
        end: Time of ``monotonic`` after which nothing more is tried.
    """
    at = 0
    while at < len(text) and monotonic() <= end:
        candidate = text[:at] + text[at + length :]
        if is_wrong(candidate):
            text = candidate
        else:
            at += length
    return text


def in_words(text: str) -> str:
    """Return a text as a message shows it: long ones shortened, repetitions by their number."""
    if len(text) > 5 and len(set(text)) == 1:
        return f"{text[0]!a} * {len(text)}"
    if len(text) <= SHOWN:
        return ascii(text)
    return f"{excerpt(text)} of {len(text):,} characters"
