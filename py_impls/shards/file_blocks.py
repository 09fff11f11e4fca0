"""Reads the files twice, block by block: for the vocabulary, then to write the ids as they come."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from py_impls.block_ids import ids_by_block, vocabulary_and_length
from py_impls.files import changed, checked
from py_impls.vocabulary import require_few_distinct


def shards(paths: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> str:
    """Write ``train.bin`` and ``val.bin`` into the folder ``out``; return the vocabulary.

    Raises:
        ValueError: a file is not UTF-8, or is none that can be read twice; the texts have more than
            65,536 distinct characters.
        OSError: a file cannot be read or written. What is in ``out`` then is not whole.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: the files changed between the two readings.
    """
    names = checked(paths)
    characters, length = vocabulary_and_length(names)
    require_few_distinct(len(characters), "shards")
    folder = Path(out)
    left, written = 9 * length // 10, 0
    with (folder / "train.bin").open("wb") as train, (folder / "val.bin").open("wb") as val:
        for found in ids_by_block(names, characters):
            ids = found.astype("<u2")
            train.write(ids[:left].data)
            val.write(ids[left:].data)
            left -= min(left, len(ids))
            written += len(ids)
    if written != length:
        raise changed()
    return "".join(characters)
