"""Reads a block at a time; a table says whether its bytes or code points include a new one."""

from __future__ import annotations

import os
from collections.abc import Sequence

from py_impls.block_ids import vocabulary_and_length
from py_impls.files import checked


def file_charset(paths: Sequence[str | os.PathLike[str]]) -> set[str]:
    """Return the distinct characters of the files.

    Raises:
        ValueError: A file is not UTF-8, and the message says at which byte.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: A file changed while it was read.
    """
    characters, _ = vocabulary_and_length(checked(paths), once=True)
    return set(characters)
