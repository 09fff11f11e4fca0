"""Reads the files twice, block by block: for the vocabulary, then to write each block's ids."""

from __future__ import annotations

import os
from collections.abc import Sequence

from py_impls import shard_files
from py_impls.block_ids import ids_by_block, vocabulary_and_length
from py_impls.files import checked
from py_impls.vocabulary import require_few_distinct


def shards(paths: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> str:
    """Write ``train.bin`` and ``val.bin`` into the folder ``out``; return the vocabulary.

    Raises:
        ValueError: A file is not UTF-8 or cannot be read twice, or the texts have more than
            65,536 distinct characters.
        OSError: A file cannot be read or written; the files in ``out`` are then incomplete.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: The files changed while they were read, or between the two readings.
    """
    names = checked(paths)
    characters, length = vocabulary_and_length(names)
    require_few_distinct(len(characters), "shards")
    shard_files.write(out, ids_by_block(names, characters), length)
    return "".join(characters)
