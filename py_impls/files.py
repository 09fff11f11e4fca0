"""What ideas that read files share: their paths checked, their texts, and the error for no UTF-8.

A file is UTF-8 and is its characters: no newline is translated, and a byte order mark is one of
them.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Any

BLOCK = 1 << 16
"""Bytes read at once: what is made of them stays in the cache. From 128 kB on, the allocator would
fetch each block anew from the system, until it has learnt not to."""


def checked(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return the paths as ``str``.

    Raises:
        TypeError: ``paths`` is a single path, or no sequence, or an entry is no path.
    """
    if isinstance(paths, str | bytes) or not isinstance(paths, Sequence):
        raise TypeError(f"paths is {type(paths).__name__}, not a sequence of paths")
    found = [os.fspath(path) for path in paths]
    for index, path in enumerate(found):
        if not isinstance(path, str):
            raise TypeError(f"path {index} is {type(path).__name__}, not str")
    return found


def read_text(path: str) -> str:
    """Return the characters of a file.

    Raises:
        ValueError: it is not UTF-8.
        OSError: it cannot be read.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123 - the lecture's own
            return file.read()
    except UnicodeDecodeError as error:
        raise not_utf8(path, error.start) from None


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - no object made of the path
        return file.read()


def decoded(path: str, data: bytes) -> str:
    """Return the characters of a file's bytes.

    Raises:
        ValueError: they are not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(path, error.start) from None


def texts_by_block(paths: Sequence[str]) -> Iterator[bytes | str]:
    """Yield the files' texts in turn, a block at a time: a block of ASCII as its bytes.

    Raises:
        ValueError: a file is not UTF-8, or is none that can be read again.
        OSError: one cannot be read.
    """
    for path in paths:
        kind = os.stat(path).st_mode  # noqa: PTH116 - no object made of the path
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):  # what cannot be opened says so itself
            raise ValueError(f"{path}: not a regular file, and it would be read twice")
        before, kept = 0, b""
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            while block := file.read(BLOCK):
                if not kept and block.isascii():
                    yield block
                    before += len(block)
                    continue
                block = kept + block
                try:
                    text, whole = codecs.utf_8_decode(block, "strict", False)
                except UnicodeDecodeError as error:
                    raise not_utf8(path, before + error.start) from None
                yield text
                before += whole
                kept = block[whole:]
        if kept:
            raise not_utf8(path, before)


def not_utf8(path: str, position: int) -> ValueError:
    """Return the error for a file whose bytes are no text from ``position`` on."""
    return ValueError(f"{path}: not UTF-8 at byte {position}")


def changed() -> RuntimeError:
    """Return the error for files whose second reading differs from the first."""
    return RuntimeError("the files changed while they were read")


def finished(steps: Iterator[str]) -> Any:
    """Return what a generator of steps returns in the end."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value
