"""``numpy.array`` of the lecture's list: each id becomes a Python int, which numpy reads again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.vocabulary import ids_by_character, outside, require_at_most


def encode_uint8(vocabulary: Sequence[str]) -> Callable[[str], npt.NDArray[np.uint8]]:
    """Return a function from a text to a one-dimensional ``uint8`` array of ids.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order, or
            holds more than 256. The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    require_at_most(256, stoi, "encode_uint8")

    def encode_text(text: str) -> npt.NDArray[np.uint8]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        try:
            return np.array([stoi[c] for c in text], dtype=np.uint8)
        except KeyError:
            raise outside(text, stoi) from None

    return encode_text
