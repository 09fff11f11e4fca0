"""``numpy.fromiter`` over ``map`` of the dict's lookup: no list, but a Python int for each id."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.vocabulary import ids_by_character, outside, require_at_most


def encode_array(vocabulary: Sequence[str]) -> Callable[[str], npt.NDArray[np.uint16]]:
    """Return a function from a text to a one-dimensional ``uint16`` array of ids.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order, or
            holds more than 65,536. The encoder raises it for a character outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the text is not a ``str``.
    """
    stoi = ids_by_character(vocabulary)
    require_at_most(65_536, stoi, "encode_array")
    id_of = stoi.__getitem__

    def encode_text(text: str) -> npt.NDArray[np.uint16]:
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}, not str")
        try:
            return np.fromiter(map(id_of, text), np.uint16, len(text))
        except KeyError:
            raise outside(text, stoi) from None

    return encode_text
