"""``numpy.array`` of the lecture's list: each id becomes a Python int, which numpy reads again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.vocabulary import ids_by_character, outside


def encode_int64(vocabulary: Sequence[str]) -> Callable[[str], npt.NDArray[np.int64]]:
    """Return a function from a text to a one-dimensional ``int64`` array of ids.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)

    def encode_text(text: str) -> npt.NDArray[np.int64]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        try:
            return np.array([stoi[c] for c in text], dtype=np.int64)
        except KeyError:
            raise outside(text, stoi) from None

    return encode_text
