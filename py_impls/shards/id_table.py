"""Python reads the files twice, block by block, and gives each to a kernel of the registry's.

One kernel finds the distinct characters of a block, the other its ids; a block of ASCII is copied
once more to be the ``str`` that they take.
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
        charset: returns the distinct characters of a text.
        encode: returns an encoder, given a vocabulary.
        paths: of the files.
        out: the folder.

    Raises:
        ValueError: a file is not UTF-8, or is none that can be read twice; the texts have more than
            65,536 distinct characters.
        OSError: a file cannot be read or written. What is in ``out`` then is not whole.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: the files changed while they were read, or between the two readings.
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
    """Yield the files' texts, a block at a time."""
    for block in texts_by_block(paths):
        yield block if isinstance(block, str) else block.decode("ascii")


def ids(encoder: Encoder, paths: Sequence[str]) -> Iterator[Ids]:
    """Yield the files' ids, a block at a time.

    Raises:
        RuntimeError: a character is outside the vocabulary, which was that of the files.
    """
    for text in texts(paths):
        try:
            found = encoder(text)
        except ValueError:
            raise changed() from None
        yield found
