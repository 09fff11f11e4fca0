"""``set(open(path).read())``, as in the lecture, which holds the whole text in memory."""

from __future__ import annotations

import os
from collections.abc import Sequence

from py_impls.files import checked, read_text


def file_charset(paths: Sequence[str | os.PathLike[str]]) -> set[str]:
    """Return the distinct characters of the files.

    Raises:
        ValueError: A file is not UTF-8, and the message says at which byte.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: A file changed while it was read.
    """
    found: set[str] = set()
    for path in checked(paths):
        found |= set(read_text(path))
    return found
