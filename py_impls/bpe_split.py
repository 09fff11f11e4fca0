"""Cuts a text into the pieces of byte-pair encoding, with the standard library's ``re``."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache, partial

from py_impls.bpe_ranks import require_pattern

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""GPT-2's pattern."""
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
"""The pattern of ``cl100k_base`` as tiktoken spells it."""
PORTABLE_CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""The same in older words. Oniguruma, which Hugging Face uses, reads ``{1,3}+`` differently."""
SPACES = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode's white space, for a set of characters. ``\\s`` of ``re`` has four control characters
more."""


def portable(pattern: str) -> str:
    """Return a pattern in words that engines without possessive quantifiers read alike."""
    return PORTABLE_CL100K if pattern == CL100K else pattern


def splitter(pattern: str) -> Callable[[str], list[str]]:
    r"""Return a function from a text to its pieces.

    ``re`` knows no ``\p{L}``, whose characters are spelled out. A set of all letters is slow to
    look up, so that a text of ASCII is split with the few that it can have.

    Raises:
        TypeError: ``pattern`` is not a ``str``.
    """
    require_pattern(pattern)
    return partial(split, pattern)


def split(pattern: str, text: str) -> list[str]:
    """Return the pieces of a text."""
    return compiled(pattern, 127 if text.isascii() else sys.maxunicode).findall(text)


@cache
def compiled(pattern: str, last: int) -> re.Pattern[str]:
    """Return a pattern for ``re``, for texts whose characters have at most the code ``last``."""
    parts = []
    inside = False
    for part in re.findall(r"\\p\{\w+\}|\\.|.", pattern):
        if part in {"[", "]"}:
            inside = part == "["
        if part == r"\s":
            members = SPACES
        elif part.startswith(r"\p"):
            members = members_of(part[3:-1], last)
        else:
            parts.append({r"\S": f"[^{SPACES}]", "$": r"\Z"}.get(part, part))
            continue
        parts.append(members if inside else f"[{members}]")
    return re.compile("".join(parts))


@cache
def members_of(category: str, last: int) -> str:
    """Return the characters up to the code ``last`` of a category of Unicode, for a set of ``re``.

    A category with none has a character of the private use area, because no set may be empty.
    """
    codes = [c for c in range(last + 1) if unicodedata.category(chr(c)).startswith(category)]
    ranges: list[list[int]] = []
    for code in codes or [0xE000]:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)
