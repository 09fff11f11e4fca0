"""For ideas that work on arrays: a text's code points, and a table of ids indexed by them.

Blocks of 16,384 characters, and the 8-byte indices that numpy makes of them, stay in the cache, and
no large memory has to be paged in.
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
    """Return the code points of ``text``; ``uint8`` and read-only if all are in Latin-1.

    Reading ``text.encode("utf-32-le", "surrogatepass")`` instead: no faster, and read-only.
    """
    latin1 = latin1_bytes(text)
    if latin1 is not None:
        return np.frombuffer(latin1, np.uint8)
    return np.array([text]).view(np.uint32)  # numpy's own strings take four bytes a character


def vocabulary_codes(ids: Mapping[str, int]) -> npt.NDArray[np.uint32]:
    """Return the code point of each entry, in the order of the ids."""
    return np.fromiter(map(ord, ids), np.uint32, len(ids))


def id_table(ids: Mapping[str, int], narrowest: type[np.uint8 | np.uint16]) -> Ids:
    """Return an array that holds each id at its code point, and ``len(ids)`` everywhere else.

    Its last entry belongs to no character, so an index that is clipped to it means "outside". Its
    numbers have the type ``narrowest``, or the next wider type that holds them all.
    """
    codes = vocabulary_codes(ids)
    table = np.full(int(codes[-1]) + 2 if ids else 1, len(ids), np.uint32)
    table[codes] = np.arange(len(ids))
    if narrowest is np.uint8 and len(ids) <= 0xFF:
        return table.astype(np.uint8)
    return table.astype(np.uint16) if len(ids) <= 0xFFFF else table


def gather(table: Ids, text: str) -> Ids:
    """Return the table's entry for each character; a code beyond the table gets its last entry.

    All at once instead: 1.2 times slower; ``table[codes]`` 1.7 times.
    """
    found = np.empty(len(text), table.dtype)
    for start in range(0, len(text), BLOCK):
        block = slice(start, start + BLOCK)
        table.take(code_points(text[block]), out=found[block], mode="clip")
    return found


def id_list(ids: npt.NDArray[np.generic]) -> list[int]:
    """Return ``ids`` as a list of ints: through bytes if they are bytes, which is twice as fast."""
    if ids.dtype == np.uint8:
        return list(ids.tobytes())
    listed: list[int] = ids.tolist()
    return listed
