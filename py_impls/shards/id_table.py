"""Python reads the files twice, block by block, and gives each to a kernel from the registry.

One kernel finds the distinct characters of a block, the other its ids. A block of ASCII is copied
once more, to make the ``str`` that they take.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from py_impls import shard_files
from py_impls.files import changed, checked, texts_by_block
from py_impls.vocabulary import require_few_distinct

Ids = npt.NDArray[np.uint16]
Encoder = Callable[[str], Ids]


def shards(
    charset: Callable[[str], set[str]],
    encode: Callable[[Sequence[str]], Encoder],
    paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
) -> str:
    """Write ``train.bin`` and ``val.bin`` into the folder ``out``; return the vocabulary.

    Args:
        charset: Function that returns the distinct characters of a text.
        encode: Function that returns the encoder of a vocabulary.
        paths: Paths of the files.
        out: Folder of the two files.

    Raises:
        ValueError: A file is not UTF-8 or cannot be read twice, or the texts have more than
            65,536 distinct characters.
        OSError: A file cannot be read or written; the files in ``out`` are then incomplete.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: The files changed while they were read, or between the two readings.
    """
    names = checked(paths)
    found: set[str] = set()
    length = 0
    for text in texts(names):
        found |= charset(text)
        length += len(text)
    characters = sorted(found)
    require_few_distinct(len(characters), "shards")
    shard_files.write(out, ids(encode(characters), names), length)
    return "".join(characters)


def texts(paths: Sequence[str]) -> Iterator[str]:
    """Yield the files' texts, block by block."""
    for block in texts_by_block(paths):
        yield block if isinstance(block, str) else block.decode("ascii")


def ids(encoder: Encoder, paths: Sequence[str]) -> Iterator[Ids]:
    """Yield the files' ids, block by block.

    Raises:
        RuntimeError: A character is outside the vocabulary, so the files have changed.
    """
    for text in texts(paths):
        try:
            found = encoder(text)
        except ValueError:
            raise changed() from None
        yield found
