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
        RuntimeError: it changed meanwhile.
    """
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123 - the lecture's own
        before = stamp(file.fileno())
        try:
            return file.read()
        except UnicodeDecodeError as error:
            raise not_utf8(path, error.start, error.object[:2]) from None
        finally:
            require_unchanged(path, file.fileno(), before)


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        OSError: it cannot be read.
        RuntimeError: it changed meanwhile.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - no object made of the path
        before = stamp(file.fileno())
        data = file.read()
        require_unchanged(path, file.fileno(), before)
        return data


def decoded(path: str, data: bytes) -> str:
    """Return the characters of a file's bytes.

    Raises:
        ValueError: they are not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(path, error.start, data[:2]) from None


def texts_by_block(paths: Sequence[str], *, once: bool = False) -> Iterator[bytes | str]:
    """Yield the files' texts in turn, a block at a time: a block of ASCII as its bytes.

    Args:
        paths: of the files.
        once: they are not going to be read again, so that pipes are welcome.

    Raises:
        ValueError: a file is not UTF-8, or is none that can be read again.
        OSError: one cannot be read.
        RuntimeError: one changed meanwhile.
    """
    for path in paths:
        if not once:
            require_lasting(path)
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - no object made of the path
            decoder = Decoder(path, file.fileno())
            while not decoder.outgrown and (block := file.read(BLOCK)):
                yield decoder.decode(block)
            decoder.finish()


class Decoder:
    """Makes text of an open file's blocks, which may end within a character.

    Attributes:
        path: of the file, for what is said of it.
        number: the system's, of the open file.
        before: its stamp when it was opened.
        position: how many of its bytes have become text.
        kept: what the next block goes on with.
    """

    def __init__(self, path: str, number: int) -> None:
        self.path = path
        self.number = number
        self.before = stamp(number)
        self.position = 0
        self.kept = b""

    @property
    def outgrown(self) -> bool:
        """Whether more has been read of it than it had: another might write for ever.

        A size of 0 says nothing: some files have none, as in /proc.
        """
        return self.before is not None and 0 < self.before[0] < self.position

    def decode(self, block: bytes) -> bytes | str:
        """Return the next block as text, or as it is where it is ASCII.

        Raises:
            ValueError: it is not UTF-8.
            RuntimeError: it is not, and the file has changed.
        """
        if not self.kept and block.isascii():
            self.position += len(block)
            return block
        block = self.kept + block
        try:
            text, whole = codecs.utf_8_decode(block, "strict", False)
        except UnicodeDecodeError as error:
            require_unchanged(self.path, self.number, self.before)
            start = b"" if self.position else block[:2]
            raise not_utf8(self.path, self.position + error.start, start) from None
        self.position += whole
        self.kept = block[whole:]
        return text

    def finish(self) -> None:
        """Make sure that the file has not changed, and does not end within a character.

        Raises:
            ValueError: it does.
            RuntimeError: it has changed.
        """
        require_unchanged(self.path, self.number, self.before)
        if self.kept:
            raise not_utf8(self.path, self.position)


def require_lasting(path: str) -> None:
    """Refuse what cannot be read again, before it is opened: to open a pipe is to wait for it.

    Raises:
        ValueError: it is a pipe or a device.
        OSError: it is not there.
    """
    kind = os.stat(path).st_mode  # noqa: PTH116 - no object made of the path
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):  # what cannot be opened says so itself
        raise ValueError(f"{path}: not a regular file, and it would be read twice")


Stamp = tuple[int, int]


def stamp(number: int) -> Stamp | None:
    """Return size and time of modification of an open file, which a write changes.

    A pipe has none.
    """
    state = os.fstat(number)
    return (state.st_size, state.st_mtime_ns) if stat.S_ISREG(state.st_mode) else None


def require_unchanged(path: str, number: int, before: Stamp | None) -> None:
    """Make sure that an open file has the stamp that it had before it was read.

    Raises:
        RuntimeError: it has another.
    """
    if stamp(number) != before:
        read = os.lseek(number, 0, os.SEEK_CUR)
        raise RuntimeError(f"{path}: changed while it was read, up to byte {read}")


def not_utf8(path: str, position: int, start: bytes = b"") -> ValueError:
    """Return the error for a file whose bytes are no text from ``position`` on.

    Args:
        path: of the file.
        position: in bytes.
        start: its first two bytes, if they are at hand.
    """
    if position == 1 and start == b"\x1f\x8b":
        what = ": it is compressed by gzip, as 1f 8b at its start says"
    else:
        what = ""
    return ValueError(f"{path}: not UTF-8 at byte {position}{what}")


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
