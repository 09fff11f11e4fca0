"""Texts of English, Russian and Japanese words in a random order, for encoders that know words.

The words of ``synthetic`` mean nothing, so that a vocabulary trained on real texts cuts them into
many tokens. Here each word is a common one, or is made of real stems and endings. As in real texts,
a few words are common and most of the tens of thousands are rare, so that new words keep coming.
"""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from nanogpt_rs.ruler.splitmix import below, shuffled, splitmix64

SEED = 2027
WORDS_FILE = Path(__file__).with_name("prose_words.json")
"""Words, stems and endings of each language; they were written for this file."""
RARE = 1_000
"""Place among all words, the most common first, from which on they become rare faster."""
LETTERS = 8
"""Letters of each word that occurs only once."""


@dataclass(frozen=True)
class Language:
    """What the sentences of a language are made of.

    Attributes:
        common: The most common words, the most common first.
        stems: Beginnings of other words.
        endings: What follows a stem.
        clause: The number of words in a part of a sentence, at most.
        gap: What stands between two words.
        pause: What stands between two parts of a sentence.
        stop: What ends a sentence.
    """

    common: tuple[str, ...]
    stems: tuple[str, ...]
    endings: tuple[str, ...]
    clause: int
    gap: str
    pause: str
    stop: str

    def words(self, random: Iterator[int]) -> list[str]:
        """Return all words, the most common first: compounds come last, in a random order."""

        def words_with(middles: tuple[str, ...]) -> list[str]:
            return shuffled(
                [
                    stem + middle + ending
                    for stem in self.stems
                    for middle in middles
                    for ending in self.endings
                ],
                random,
            )

        made = (*self.common, *words_with(("",)), *words_with(self.stems[:40]))
        return list(dict.fromkeys(made))


def language(name: str, clause: int, gap: str, pause: str, stop: str) -> Language:
    """Return a language with the words that ``prose_words.json`` has under its name."""
    document = json.loads(WORDS_FILE.read_text(encoding="utf-8"))[name]
    common, stems, endings = (
        tuple(" ".join(document[kind]).split()) for kind in ("common", "stems", "endings")
    )
    return Language(common, stems, ("", *endings), clause, gap, pause, stop)


def english(length: int) -> str:
    """Return so many characters of English words in a random order."""
    return prose(language("english", 9, " ", ", ", ". "), length)


def russian(length: int) -> str:
    """Return so many characters of Russian words in a random order."""
    return prose(language("russian", 9, " ", ", ", ". "), length)


def japanese(length: int) -> str:
    """Return so many characters of Japanese words in a random order."""
    return prose(language("japanese", 4, "", "、", "。"), length)


def prose(language: Language, length: int) -> str:
    """Return so many characters of sentences in paragraphs."""
    random = splitmix64(SEED)
    draw = drawing(language.words(random), random)
    parts: list[str] = []
    made = 0
    while made < length:
        part = paragraph(language, draw, random)
        parts.append(part)
        made += len(part)
    return "".join(parts)[:length]


def drawing(words: list[str], random: Iterator[int]) -> Callable[[], str]:
    """Return a function that draws a word, the k-th of them about 1/k as often as the first.

    The rarest are rarer: a word that comes for the first time is one in twenty in a long text.
    """
    weights = (10**12 // ((rank + 3) * (1 + rank // RARE)) for rank in range(len(words)))
    cumulative = list(accumulate(weights))
    return lambda: words[bisect(cumulative, below(cumulative[-1], random))]


def paragraph(language: Language, draw: Callable[[], str], random: Iterator[int]) -> str:
    """Return a few sentences and a line break. Some hold a number."""
    sentences = []
    for _ in range(2 + below(5, random)):
        clauses = [
            language.gap.join(draw() for _ in range(2 + below(language.clause, random)))
            for _ in range(1 + below(3, random))
        ]
        if below(6, random) == 0:
            clauses[-1] += f" {below(3_000, random)}"
        sentence = language.pause.join(clauses)
        sentences.append(sentence[:1].upper() + sentence[1:] + language.stop)
    return "".join(sentences).rstrip() + "\n"


def unrepeated(length: int) -> str:
    """Return so many characters of random words of eight letters, none of which comes twice."""
    random = splitmix64(SEED)
    words: dict[str, None] = {}
    while len(words) * (LETTERS + 1) < length:
        number = next(random)
        letters = [chr(ord("a") + (number >> 8 * place & 0xFF) % 26) for place in range(LETTERS)]
        words["".join(letters)] = None
    return " ".join(words).ljust(length)[:length]
