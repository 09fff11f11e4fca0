"""Reads the files twice, block by block: for the vocabulary, then to write the ids as they come."""

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
        ValueError: a file is not UTF-8, or is none that can be read twice; the texts have more than
            65,536 distinct characters.
        OSError: a file cannot be read or written. What is in ``out`` then is not whole.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: the files changed while they were read, or between the two readings.
    """
    names = checked(paths)
    characters, length = vocabulary_and_length(names)
    require_few_distinct(len(characters), "shards")
    shard_files.write(out, ids_by_block(names, characters), length)
    return "".join(characters)
