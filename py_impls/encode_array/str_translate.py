"""``str.translate`` into the characters whose code points are the ids, written as UTF-16.

ASCII goes through fast; other texts cost a dict lookup per character, like the lecture's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.vocabulary import ids_by_character, outside, require_at_most


class CharacterIds(dict[int, int]):
    """Code point to id; a missing one raises what ``str.translate`` does not pass over."""

    def __missing__(self, code: int) -> int:
        raise ValueError(code)


def encode_array(vocabulary: Sequence[str]) -> Callable[[str], npt.NDArray[np.uint16]]:
    """Return a function from a text to a one-dimensional ``uint16`` array of ids.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order, or
            holds more than 65,536. The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    require_at_most(65_536, stoi, "encode_array")
    id_of = CharacterIds({ord(character): id for character, id in stoi.items()})

    def encode_text(text: str) -> npt.NDArray[np.uint16]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        try:
            translated = text.translate(id_of)
        except ValueError:
            raise outside(text, stoi) from None
        utf16 = translated.encode("utf-16-le", "surrogatepass")
        return np.frombuffer(utf16, "<u2").astype(np.uint16)

    return encode_text
