"""Two passes over files by blocks: the vocabulary first, then the ids of each block.

A block of ASCII is looked up as bytes, by ``bytes.translate``; any other by a numpy table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from py_impls.code_points import BLOCK, Ids, code_points, gather, id_table
from py_impls.files import changed, texts_by_block


def vocabulary_and_length(paths: Sequence[str], *, once: bool = False) -> tuple[list[str], int]:
    """Return the distinct characters of the files, in code-point order, and how many there are.

    Args:
        paths: Paths of the files.
        once: Whether the files are read only once, so that they may be pipes.

    Raises:
        ValueError: A file is not UTF-8, or cannot be read a second time.
        OSError: A file cannot be read.
    """
    is_new = bytearray(b"\1" * 128) + bytes(128)
    wide: npt.NDArray[np.bool_] | None = None
    length = 0
    for block in texts_by_block(paths, once=once):
        length += len(block)
        if isinstance(block, str):
            if wide is None:
                wide = np.zeros(0x110000, np.bool_)
            for start in range(0, len(block), BLOCK):
                wide[code_points(block[start : start + BLOCK])] = True
            continue
        for start in range(0, len(block), BLOCK):
            part = block[start : start + BLOCK]
            if 1 in part.translate(is_new):
                for byte in set(part):
                    is_new[byte] = 0
    codes = {code for code in range(128) if not is_new[code]}
    if wide is not None:
        codes.update(np.flatnonzero(wide).tolist())
    return list(map(chr, sorted(codes))), length


def ids_by_block(paths: Sequence[str], characters: Sequence[str]) -> Iterator[Ids]:
    """Yield the files' ids in turn, block by block, as numbers wide enough for them.

    Raises:
        ValueError: A file is not UTF-8, or cannot be read a second time.
        OSError: A file cannot be read.
        RuntimeError: A character is outside the vocabulary, so the files have changed.
    """
    stoi = {character: id for id, character in enumerate(characters)}
    narrow = bytes(stoi.get(chr(code), 255) for code in range(256))  # ASCII has no id 255
    table = id_table(stoi, np.uint16)
    for block in texts_by_block(paths):
        ids: Ids
        if isinstance(block, bytes):
            ids, outside = np.frombuffer(block.translate(narrow), np.uint8), 255
        else:
            ids, outside = gather(table, block), len(stoi)
        if ids.size and ids.max() == outside:
            raise changed()
        yield ids
