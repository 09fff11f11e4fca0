"""``torch.bincount`` of the code points: counts in an array as long as the largest code point.

It takes bytes and 32-bit numbers unchanged; ``numpy.bincount`` widens them first.
"""

from __future__ import annotations

import numpy as np
import torch

from py_impls.latin1 import latin1_bytes


def charset(text: str) -> set[str]:
    """Return the distinct characters of ``text``.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    if not text:
        return set()  # torch.frombuffer refuses an empty buffer
    latin1 = latin1_bytes(text)
    if latin1 is not None:
        codes = torch.frombuffer(bytearray(latin1), dtype=torch.uint8)  # warns of read-only bytes
    else:
        codes = torch.from_numpy(np.array([text]).view(np.int32))
    return set(map(chr, codes.bincount().nonzero().flatten().tolist()))
