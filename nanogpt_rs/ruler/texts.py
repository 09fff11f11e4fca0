"""Texts in other alphabets, vocabularies and lengths, made from ``synthetic`` or from nothing.

65 ASCII characters favour every idea that uses a small table. The same text in another alphabet
(each character replaced by another one) shows the cost of storing wider characters. Thousands of
distinct characters, or all of them, show the cost that small tables hide.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from nanogpt_rs.ruler.splitmix import below, shuffled, splitmix64

SEED = 2024


@dataclass(frozen=True)
class Alphabet:
    """Another spelling, character by character, of the 65 characters of TinyShakespeare.

    Attributes:
        width: How CPython stores a text in this alphabet.
        description: A description, to be written after a comma.
        spelling: Makes the new characters from the old ones in code-point order.
    """

    width: str
    description: str
    spelling: Callable[[str], str]

    def respell(self, text: str) -> str:
        """Return ``text`` in this alphabet. Different characters stay different."""
        characters = "".join(sorted(set(text)))
        return text.translate(str.maketrans(characters, self.spelling(characters)))


def letters_only(replacements: str) -> Callable[[str], str]:
    """Return a spelling that replaces letters only; spaces, digits and punctuation stay."""

    def spelling(characters: str) -> str:
        others = iter(replacements)
        return "".join(next(others) if c.isalpha() else c for c in characters)

    return spelling


def spread(first: int, step: int) -> Callable[[str], str]:
    """Return a spelling with the characters at ``first``, ``first + step`` and so on."""
    return lambda characters: "".join(chr(first + step * i) for i in range(len(characters)))


ALPHABETS = {
    "western": Alphabet(
        "latin1",
        "letters from the upper half of Latin-1",
        letters_only("".join(chr(code) for code in range(0xC0, 0x100) if code not in {0xD7, 0xF7})),
    ),
    "russian": Alphabet(
        "ucs2",
        "letters from the Cyrillic block",
        letters_only("".join(map(chr, range(0x410, 0x450)))),
    ),
    "chinese": Alphabet("ucs2", "all characters Han, spread over the block", spread(0x4E00, 97)),
    "emoji": Alphabet("ucs4", "all characters emoji", spread(0x1F300, 7)),
}


def width(text: str) -> str:
    """Return how CPython stores ``text``: ``ascii``, ``latin1``, ``ucs2`` or ``ucs4`` (PEP 393)."""
    widest = "" if text.isascii() else max(text)
    return (
        "ascii"
        if widest < "\x80"
        else "latin1"
        if widest < "\u0100"
        else ("ucs2" if widest < "\U00010000" else "ucs4")
    )


def repeated(text: str, length: int) -> str:
    """Return the first ``length`` characters of an endless repetition of ``text``."""
    return (text * -(-length // len(text)))[:length]


def with_emoji(text: str) -> str:
    """Return ``text`` with about one character in a hundred replaced by one of 64 emoji."""
    random = splitmix64(SEED)
    characters = list(text)
    at = 0
    while (at := at + 1 + below(199, random)) < len(characters):
        characters[at] = chr(0x1F600 + below(64, random))
    return "".join(characters)


def zipf(vocabulary: int, length: int) -> str:
    """Return a text of Han characters, whose k-th most common one is 1/k as common as the first.

    Each of the ``vocabulary`` characters occurs at least once. Common ones are scattered over the
    block.
    """
    random = splitmix64(SEED)
    codes = shuffled(list(range(0x4E00, 0x4E00 + 4 * vocabulary, 4)), random)
    characters = "".join(map(chr, codes))
    cumulative = list(accumulate(10**9 // (rank + 2) for rank in range(vocabulary)))
    text = [characters[bisect(cumulative, below(cumulative[-1], random))] for _ in range(length)]
    for rank, character in enumerate(characters):
        text[rank * (length // vocabulary)] = character
    return "".join(text)


def every_character() -> str:
    """Return all 1,112,064 characters of Unicode without the surrogates, shuffled."""
    codes = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    return "".join(map(chr, shuffled(codes, splitmix64(SEED))))


def random_bytes(length: int) -> str:
    """Return ``length`` random characters of Latin-1."""
    random = splitmix64(SEED)
    words = b"".join(next(random).to_bytes(8, "little") for _ in range(-(-length // 8)))
    return words[:length].decode("latin-1")
