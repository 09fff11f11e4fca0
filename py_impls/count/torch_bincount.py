"""``torch.bincount`` of the code points: counters in an array as long as the largest.

It takes bytes and 32-bit numbers as they are, which ``numpy.bincount`` widens first.
"""

from __future__ import annotations

import numpy as np
import torch

from py_impls.latin1 import latin1_bytes


def count(text: str) -> dict[str, int]:
    """Return how often each character of ``text`` occurs.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    if not text:
        return {}  # torch.frombuffer refuses an empty buffer
    latin1 = latin1_bytes(text)
    if latin1 is not None:
        codes = torch.frombuffer(bytearray(latin1), dtype=torch.uint8)  # warns of read-only bytes
    else:
        codes = torch.from_numpy(np.array([text]).view(np.int32))
    counts = codes.bincount()
    occurring = counts.nonzero().flatten()
    return dict(zip(map(chr, occurring.tolist()), counts[occurring].tolist(), strict=True))
