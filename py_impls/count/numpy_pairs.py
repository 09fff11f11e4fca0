"""``numpy.bincount`` of pairs of bytes: half as many counts to add; other texts block by block."""

from __future__ import annotations

import numpy as np

from py_impls.count.numpy_blocks import count as count_by_blocks
from py_impls.latin1 import latin1_bytes

LEAST = 1 << 16  # characters; in shorter texts the 65,536 counters take longer than the text
BLOCK = 1 << 17  # bytes; numpy makes indices of four times as many bytes


def count(text: str) -> dict[str, int]:
    """Return how often each character of ``text`` occurs.

    Raises:
        TypeError: ``text`` is not a ``str``.
    """
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    latin1 = latin1_bytes(text) if len(text) >= LEAST else None
    if latin1 is None:
        return count_by_blocks(text)
    pairs = np.frombuffer(latin1, np.uint16, len(latin1) // 2)
    by_pair = np.zeros(1 << 16, np.intp)
    for start in range(0, len(pairs), BLOCK // 2):
        by_pair += np.bincount(pairs[start : start + BLOCK // 2], minlength=1 << 16)
    square = by_pair.reshape(256, 256)
    counts = square.sum(0) + square.sum(1)
    if len(latin1) % 2:
        counts[latin1[-1]] += 1
    codes = np.flatnonzero(counts)
    return dict(zip(map(chr, codes.tolist()), counts[codes].tolist(), strict=True))
