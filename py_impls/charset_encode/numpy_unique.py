"""``numpy.unique`` with the inverse: one call does everything, by sorting the whole text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from py_impls.code_points import code_points
from py_impls.vocabulary import require_few_distinct


def charset_encode(text: str) -> tuple[str, npt.NDArray[np.uint16]]:
    """Return the vocabulary of ``text``, in code-point order, and its ids, a ``uint16`` array.

    Raises:
        ValueError: ``text`` has more than 65,536 distinct characters.
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    codes, ids = np.unique(code_points(text), return_inverse=True)
    require_few_distinct(len(codes))
    return "".join(map(chr, codes.tolist())), ids.astype(np.uint16)
