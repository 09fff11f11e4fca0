"""A codec with the vocabulary as its characters: ``codecs.charmap_encode`` writes ids as bytes.

For up to 255 entries, C builds a three-level table; if one of them is beyond U+FFFF it builds a
dict, which is no faster than the lecture's. Larger vocabularies go through the lecture's dict.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence

from py_impls.vocabulary import ids_by_character, outside


def encode(vocabulary: Sequence[str]) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its characters.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    # Byte 0 has to be NUL's; where that is not in the vocabulary, bytes are ids plus one.
    shift = 0 if "\0" in stoi else 1
    mapping = codecs.charmap_build("\0" * shift + "".join(stoi)) if len(stoi) < 256 else None
    less_one = bytes([0, *range(255)])

    def encode_text(text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        if mapping is not None:
            try:
                ids, _ = codecs.charmap_encode(text, "strict", mapping)
            except UnicodeEncodeError:
                pass  # a character outside, or U+FFFE, which a codec cannot have: the dict tells
            else:
                if not shift:
                    return list(ids)
                if 0 not in ids:
                    return list(ids.translate(less_one))
        try:
            return [stoi[c] for c in text]
        except KeyError:
            raise outside(text, stoi) from None

    return encode_text
