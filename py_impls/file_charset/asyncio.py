"""asyncio: a thread reads the next block while a kernel from the registry works on this one.

Files are always read by a thread: an event loop cannot wait for a file, as the system says that
every file is ready to be read.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence

from py_impls.files import Decoder, checked

BLOCK = 1 << 20
"""Bytes read at once: more than elsewhere, as each block is a task for a thread."""


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
        RuntimeError: A file changed while it was read, or this thread already runs an event loop.
    """
    return asyncio.run(gathered(kernel, checked(paths)))


async def gathered(kernel: Callable[[str], set[str]], paths: Sequence[str]) -> set[str]:
    """Return the characters that the kernel finds in all blocks together."""
    found: set[str] = set()
    for path in paths:
        async for block in texts(path):
            found |= kernel(block if isinstance(block, str) else block.decode("ascii"))
    return found


async def texts(path: str) -> AsyncIterator[bytes | str]:
    """Yield a file's text block by block, while the next block is already being read."""
    with await asyncio.to_thread(open, path, "rb", buffering=0) as file:
        decoder = Decoder(path, file.fileno())
        reading = asyncio.create_task(asyncio.to_thread(file.read, BLOCK))
        try:
            while not decoder.outgrown and (block := await reading):
                reading = asyncio.create_task(asyncio.to_thread(file.read, BLOCK))
                yield decoder.decode(block)
        finally:
            await asyncio.wait([reading])  # or the file would be closed while the thread reads it
        decoder.finish()
