r"""How byte-pair encoders cut a text into pieces: three published patterns, for ``re``.

No merge crosses from one piece to the next. The patterns use Unicode's categories (``\p{L}``),
which the module ``re`` lacks, so that they are spelled out here as ranges of characters.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from itertools import groupby

from nanogpt_rs.ruler.tasks.bpe_kept import kept

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""GPT-2's pattern, also that of ``r50k_base``. It means the same to every regex engine."""
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
"""The pattern of ``cl100k_base`` as tiktoken spells it. Older spellings make two pieces of some
white space at the very end of a text; with the ranks of ``cl100k_base`` the ids are the same."""
O200K = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)
"""The pattern of ``o200k_base``."""
PATTERNS = (GPT2, CL100K, O200K)
WHITE_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode's white space, as part of a set of characters. ``\\s`` of ``re`` has four more."""
SYMBOLS = range(0x1F000, 0x1FB00)
"""Blocks that Unicode keeps for emoji and other symbols: no letter or number will ever be there."""


def pieces(pattern: str, text: str) -> list[str]:
    """Return the pieces of a text, in their order. Together they are the text."""
    return compiled(pattern).findall(text)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern for ``re``, its categories spelled out as ranges of characters."""
    parts = []
    in_set = False
    for part in re.findall(r"\\p\{\w+\}|\\.|.", pattern):
        members = set_of(part)
        if members is None:
            in_set = part == "[" or (in_set and part != "]")
            parts.append(r"\Z" if part == "$" else part)  # for ``re``, $ is also before a last "\n"
        elif part == r"\S":
            parts.append(f"[^{members}]")
        else:
            parts.append(members if in_set else f"[{members}]")
    return re.compile("".join(parts))


def set_of(part: str) -> str | None:
    r"""Return the characters that ``\s``, ``\S`` or ``\p{...}`` is about, ``None`` for others."""
    if part in {r"\s", r"\S"}:
        return WHITE_SPACE
    if part.startswith(r"\p"):
        wanted = part[len(r"\p{") : -1]
        return "".join(ranges for name, ranges in categories().items() if name.startswith(wanted))
    return None


@cache
def categories() -> dict[str, str]:
    """Return the characters of each category, such as ``Lu``, as ranges in a set of ``re``."""
    ranges: dict[str, str] = {}
    numbers = iter(kept("categories", "", runs_of_categories))
    for letters, first, last in zip(numbers, numbers, numbers, strict=True):
        name = letters.to_bytes(2, "big").decode()
        ranges[name] = ranges.get(name, "") + f"\\U{first:08x}-\\U{last:08x}"
    return ranges


def runs_of_categories() -> list[int]:
    """Return three numbers for each run of characters of one category.

    They are the two letters of the category's name as one number, the first and the last code.
    """
    numbers: list[int] = []
    for name, codes in groupby(
        range(sys.maxunicode + 1), lambda code: unicodedata.category(chr(code))
    ):
        first, *others = codes
        last = others[-1] if others else first
        numbers += [int.from_bytes(name.encode(), "big"), first, last]
    return numbers


def unknown(text: str) -> str | None:
    """Return a character that this Python's Unicode does not know, ``None`` if it knows all.

    A later version may call it a letter, and then splits the text otherwise. Characters that can
    never be letters do not count: those of the symbols' blocks, and the 66 that mean nothing.
    """
    for character in set(text):
        code = ord(character)
        nothing = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
        if unicodedata.category(character) == "Cn" and code not in SYMBOLS and not nothing:
            return character
    return None
