"""``bytes.translate`` twice: to find new characters block by block, then to turn all into ids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from py_impls.charset.bytes_translate import charset
from py_impls.encode_array.bytes_translate import encode_array
from py_impls.vocabulary import require_few_distinct


def charset_encode(text: str) -> tuple[str, npt.NDArray[np.uint16]]:
    """Return the vocabulary of ``text``, in code-point order, and its ids, a ``uint16`` array.

    Raises:
        ValueError: ``text`` has more than 65,536 distinct characters.
        TypeError: ``text`` is not a ``str``.
    """
    characters = sorted(charset(text))
    require_few_distinct(len(characters))
    return "".join(characters), encode_array(characters)(text)
