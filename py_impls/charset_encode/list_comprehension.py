"""The lecture: ``sorted(set(text))``, a dict, and ``numpy.array`` of a list of its ids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from py_impls.vocabulary import require_few_distinct


def charset_encode(text: str) -> tuple[str, npt.NDArray[np.uint16]]:
    """Return the vocabulary of ``text``, in code-point order, and its ids, a ``uint16`` array.

    Raises:
        ValueError: ``text`` has more than 65,536 distinct characters.
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    characters = sorted(set(text))
    require_few_distinct(len(characters))
    stoi = {character: id for id, character in enumerate(characters)}
    return "".join(characters), np.array([stoi[c] for c in text], dtype=np.uint16)
