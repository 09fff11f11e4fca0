"""Python reads a block at a time and makes a ``str`` of it for a kernel from the registry.

Compared with a loop in the kernel it costs a copy: CPython checks and copies each block once more
to make a ``str`` of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from py_impls.files import checked, texts_by_block


def file_charset(
    kernel: Callable[[str], set[str]], paths: Sequence[str | os.PathLike[str]]
) -> set[str]:
    """Return the distinct characters of the files.

    Args:
        kernel: Function that returns the distinct characters of a text.
        paths: Paths of the files.

    Raises:
        ValueError: A file is not UTF-8, and the message says at which byte.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: A file changed while it was read.
    """
    found: set[str] = set()
    for block in texts_by_block(checked(paths), once=True):
        found |= kernel(block if isinstance(block, str) else block.decode("ascii"))
    return found
