"""asyncio: a thread reads the next block while a kernel that the registry gives has this one.

Python's own way to read files without waiting is a thread as well: no event loop is told when a
file can be read, since the system says that it always can.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence

from py_impls.files import Decoder, checked

BLOCK = 1 << 20
"""Bytes read at once: more than elsewhere, as each is a task for a thread."""


def file_charset(
    kernel: Callable[[str], set[str]], paths: Sequence[str | os.PathLike[str]]
) -> set[str]:
    """Return the distinct characters of the files.

    Args:
        kernel: the same of a text.
        paths: of the files.

    Raises:
        ValueError: a file is not UTF-8, and the message says at which byte.
        OSError: one cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
        RuntimeError: one changed while it was read; or an event loop runs in this thread already.
    """
    return asyncio.run(gathered(kernel, checked(paths)))


async def gathered(kernel: Callable[[str], set[str]], paths: Sequence[str]) -> set[str]:
    """Return what the kernel finds in any block."""
    found: set[str] = set()
    for path in paths:
        async for block in texts(path):
            found |= kernel(block if isinstance(block, str) else block.decode("ascii"))
    return found


async def texts(path: str) -> AsyncIterator[bytes | str]:
    """Yield a file's texts, a block at a time, the next of which is being read already."""
    with await asyncio.to_thread(open, path, "rb", buffering=0) as file:
        decoder = Decoder(path, file.fileno())
        reading = asyncio.create_task(asyncio.to_thread(file.read, BLOCK))
        try:
            while not decoder.outgrown and (block := await reading):
                reading = asyncio.create_task(asyncio.to_thread(file.read, BLOCK))
                yield decoder.decode(block)
        finally:
            await asyncio.wait([reading])  # or the file would be closed under it
        decoder.finish()
