"""``str.translate`` into the characters whose code points are the ids: fast for ASCII.

Other texts cost a dict lookup per character, like the lecture's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from py_impls.vocabulary import ids_by_character, outside


class CharacterIds(dict[int, int]):
    """Code point to id; a missing one raises what ``str.translate`` does not pass over."""

    def __missing__(self, code: int) -> int:
        raise ValueError(code)


def encode(vocabulary: Sequence[str]) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its characters.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    id_of = CharacterIds({ord(character): id for character, id in stoi.items()})
    ids_are_bytes = len(stoi) <= 256

    def encode_text(text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        try:
            translated = text.translate(id_of)
        except ValueError:
            raise outside(text, stoi) from None
        if ids_are_bytes:
            return list(translated.encode("latin-1"))
        return list(map(ord, translated))

    return encode_text
