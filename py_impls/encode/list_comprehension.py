"""A dict looked up in a list comprehension: the lecture's ``[stoi[c] for c in s]``."""

from __future__ import annotations

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

    def encode_text(text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        try:
            return [stoi[c] for c in text]
        except KeyError:
            raise outside(text, stoi) from None

    return encode_text
