"""Reads the files twice, block by block: for the vocabulary, then into the tensor's memory.

The whole text is never in memory: there is only the result, and blocks that stay in the cache.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence

import numpy as np
import torch

from py_impls.block_ids import ids_by_block, vocabulary_and_length
from py_impls.files import changed, checked, finished

Prepared = tuple[str, torch.Tensor]


def prepare(paths: Sequence[str | os.PathLike[str]]) -> Prepared:
    """Return the vocabulary of the files' texts, in code-point order, and their ids.

    Raises:
        ValueError: A file is not UTF-8, and the message says at which byte; or it is none that can
            be read twice.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: The files changed between the two readings.
    """
    prepared: Prepared = finished(steps(paths))
    return prepared


def steps(paths: Sequence[str | os.PathLike[str]]) -> Generator[str, None, Prepared]:
    """Do the same as ``prepare``, and yield the name of each step when it is done."""
    names = checked(paths)
    characters, length = vocabulary_and_length(names)
    yield "read, vocabulary"
    ids = np.empty(length, np.int64)
    start = 0
    for found in ids_by_block(names, characters):
        if start + len(found) > length:
            raise changed()
        ids[start : start + len(found)] = found
        start += len(found)
    if start < length:
        raise changed()
    yield "read, encode"
    tensor = torch.from_numpy(ids)
    yield "tensor"
    return "".join(characters), tensor
