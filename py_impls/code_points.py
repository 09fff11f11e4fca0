"""What ideas that work on arrays share: a text's code points, and a table of ids indexed by them.

Blocks of 16,384 stay in the cache, and so do the 8-byte indices that numpy makes of any others.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from py_impls.latin1 import latin1_bytes

BLOCK = 1 << 14

Codes = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
Ids = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


def code_points(text: str) -> Codes:
    """Return the code points of ``text``, read-only; ``uint8`` if all are in Latin-1.

    ``np.array(text).view(np.uint32)`` instead: writable, for wide text a fifth slower.
    """
    latin1 = latin1_bytes(text)
    if latin1 is not None:
        return np.frombuffer(latin1, np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(
        np.uint32, copy=False
    )


def vocabulary_codes(ids: Mapping[str, int]) -> npt.NDArray[np.uint32]:
    """Return the code point of each entry, in the order of the ids."""
    return np.fromiter(map(ord, ids), np.uint32, len(ids))


def id_table(ids: Mapping[str, int], narrowest: type[np.unsignedinteger]) -> Ids:
    """Return an array that holds each id at its code point, and ``len(ids)`` everywhere else.

    Its last entry belongs to no character, so that an index which is clipped to it finds none. It
    has the first type from ``narrowest`` on, of 8, 16 and 32 bits, that holds all this.
    """
    types = (np.uint8, np.uint16, np.uint32)
    fitting = next(
        t
        for t in types[types.index(narrowest) :]
        if len(ids) <= np.iinfo(t).max  # type: ignore[arg-type]
    )
    codes = vocabulary_codes(ids)
    table = np.full(int(codes[-1]) + 2 if ids else 1, len(ids), fitting)
    table[codes] = np.arange(len(ids))
    return table


def gather(table: Ids, codes: Codes) -> Ids:
    """Return ``table[codes]``; a code beyond the table finds its last entry.

    All at once instead: 1.3 times slower; ``table[codes]`` 1.6 times.
    """
    found = np.empty(len(codes), table.dtype)
    for start in range(0, len(codes), BLOCK):
        block = slice(start, start + BLOCK)
        table.take(codes[block], out=found[block], mode="clip")
    return found


def id_list(ids: npt.NDArray[np.generic]) -> list[int]:
    """Return ``ids`` as a list of ints: by way of bytes where they are, twice as fast."""
    if ids.dtype == np.uint8:
        return list(ids.tobytes())
    listed: list[int] = ids.tolist()
    return listed
