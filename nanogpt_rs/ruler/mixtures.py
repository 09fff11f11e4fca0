"""Texts that mix scripts as real ones do: stretches of ASCII, and other characters between them.

The alphabets of ``texts`` replace every letter by another one. A real text seldom looks like that:
Markdown has an emoji here and there, source code has accents in its comments, and a Chinese manual
has English words and figures. What is fast on text of one kind may be slow where the kind changes
every few characters. These texts mean nothing; their words are those of ``synthetic``.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate

from nanogpt_rs.ruler.splitmix import below, shuffled, splitmix64

SEED = 2026
EMOJI = (*"🚀🎉🐛🔥✨📦🙂😀👍💡🔒🧪🦀🐍", "⚠️", "❤️", "✅", "👩‍💻", "👍🏽")
"""Some consist of several characters, as emoji often do."""
ACCENTS = str.maketrans("aeiouncAE", "àéîôùñçÀÉ")
HAN = 3_000
"""Distinct Han characters, about as many as a newspaper uses."""

Line = Callable[[list[str], Iterator[int]], str]


def markdown(words: list[str], length: int) -> str:
    """Return Markdown: prose, headings, lists, links and code, an emoji in every third line."""
    return joined(markdown_line, words, length)


def source_code(words: list[str], length: int) -> str:
    """Return Python code of ASCII, with comments and strings that have accents (Latin-1)."""
    return joined(source_line, words, length)


def manual(words: list[str], length: int) -> str:
    """Return Chinese prose with English words, figures and code between the Han characters."""
    characters = shuffled(list(range(0x4E00, 0x4E00 + 5 * HAN, 5)), splitmix64(SEED))
    han = "".join(map(chr, characters))
    cumulative = list(accumulate(10**9 // (rank + 2) for rank in range(HAN)))

    def line(words: list[str], random: Iterator[int]) -> str:
        parts = []
        for _ in range(3 + below(6, random)):
            count = 2 + below(12, random)
            ranks = [bisect(cumulative, below(cumulative[-1], random)) for _ in range(count)]
            parts.append("".join(han[rank] for rank in ranks))
            match below(6, random):
                case 0:
                    parts.append(f" {chosen(words, 1, random)} ")
                case 1:
                    parts.append(f" `{chosen(words, 2, random).replace(' ', '_')}()` ")
                case 2:
                    parts.append(f" {below(1000, random)} ")
                case _:
                    parts.append("，、；：「」"[below(6, random)])
        return "".join(parts) + "。\n"

    return joined(line, words, length)


def joined(line: Line, words: list[str], length: int) -> str:
    """Return so many characters of lines that are made one after the other from ``words``."""
    random = splitmix64(SEED)
    lines, made = [], 0
    while made < length:
        lines.append(line(words, random))
        made += len(lines[-1])
    return "".join(lines)[:length]


def chosen(words: list[str], count: int, random: Iterator[int]) -> str:
    """Return so many random words with spaces between them."""
    return " ".join(words[below(len(words), random)] for _ in range(count))


def markdown_line(words: list[str], random: Iterator[int]) -> str:
    """Return one line of Markdown, or several that belong together."""
    emoji = EMOJI[below(len(EMOJI), random)] + " " if below(3, random) == 0 else ""
    text = chosen(words, 3 + below(12, random), random)
    match below(8, random):
        case 0:
            return f"\n## {emoji}{chosen(words, 3, random)}\n\n"
        case 1 | 2:
            return f"- {emoji}**{chosen(words, 1, random)}** – {text}\n"
        case 3:
            address = chosen(words, 1, random)
            return f"{text} [{address}](https://example.org/{address}) {emoji}\n"
        case 4:
            return f"\n```sh\n$ {chosen(words, 4, random)} --count={below(100, random)}\n```\n\n"
        case 5:
            return f"> {emoji}“{text}” → it’s {chosen(words, 2, random)}…\n"
        case _:
            return f"{text}. {emoji}{chosen(words, 6, random)}.\n"


def source_line(words: list[str], random: Iterator[int]) -> str:
    """Return one line of Python."""
    indent = "    " * below(4, random)
    name = chosen(words, 2, random).lower().replace(" ", "_")
    value = below(10_000, random)
    comment = chosen(words, 4 + below(6, random), random)
    # One letter of four that can have an accent has one.
    spelt = "".join(c.translate(ACCENTS) if below(4, random) == 0 else c for c in comment)
    match below(8, random):
        case 0:
            return f"\n\ndef {name}(self, value: int = {value}) -> None:\n"
        case 1 | 2:
            return f"{indent}# {spelt}\n"
        case 3:
            return f'{indent}raise ValueError("{spelt}")\n'
        case 4:
            return f"{indent}if {name} >= 0x{value:04x} and not self.{name}:\n"
        case 5:
            return f"{indent}{name}[{value % 16}] += self._{name}(*args, **kwargs)\n"
        case _:
            return f"{indent}{name} = {value}\n"
