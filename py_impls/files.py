"""For ideas that read files: checked paths, the files' texts, and the error for invalid UTF-8.

Files are UTF-8. No newline is translated, and a byte order mark is a character like any other.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Any

BLOCK = 1 << 16
"""Bytes read at once: a block and its text stay in the cache. From 128 kB on, the allocator would
get each block anew from the system at first."""


def checked(paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return the paths as ``str``.

    Raises:
        TypeError: ``paths`` is a single path or not a sequence, or an entry is not a path.
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
        ValueError: The file is not UTF-8.
        OSError: The file cannot be read.
        RuntimeError: The file changed meanwhile.
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
        OSError: The file cannot be read.
        RuntimeError: The file changed meanwhile.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - saves a Path object
        before = stamp(file.fileno())
        data = file.read()
        require_unchanged(path, file.fileno(), before)
        return data


def decoded(path: str, data: bytes) -> str:
    """Return the characters of a file's bytes.

    Raises:
        ValueError: The bytes are not UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise not_utf8(path, error.start, data[:2]) from None


def texts_by_block(paths: Sequence[str], *, once: bool = False) -> Iterator[bytes | str]:
    """Yield the files' texts in turn, block by block: a block of ASCII as bytes, others as ``str``.

    Args:
        paths: Paths of the files.
        once: Whether the files are read only once, so that they may be pipes.

    Raises:
        ValueError: A file is not UTF-8, or cannot be read a second time.
        OSError: A file cannot be read.
        RuntimeError: A file changed meanwhile.
    """
    for path in paths:
        if not once:
            require_lasting(path)
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - saves a Path object
            decoder = Decoder(path, file.fileno())
            while not decoder.outgrown and (block := file.read(BLOCK)):
                yield decoder.decode(block)
            decoder.finish()


class Decoder:
    """Decodes an open file's blocks, which may end within a character.

    Attributes:
        path: Path of the file, for error messages.
        number: File descriptor of the open file.
        before: Stamp of the file when it was opened.
        position: Number of bytes that have been decoded.
        kept: The bytes of an incomplete character, which the next block completes.
    """

    def __init__(self, path: str, number: int) -> None:
        self.path = path
        self.number = number
        self.before = stamp(number)
        self.position = 0
        self.kept = b""

    @property
    def outgrown(self) -> bool:
        """Whether more was read than the file held at first; else a writer could keep us for ever.

        A size of 0 says nothing: some files, such as those in /proc, have no size.
        """
        return self.before is not None and 0 < self.before[0] < self.position

    def decode(self, block: bytes) -> bytes | str:
        """Return the next block as text, or as bytes if it is ASCII.

        Raises:
            ValueError: The file is not UTF-8.
            RuntimeError: The file is not UTF-8, and has changed.
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
            ValueError: The file ends within a character.
            RuntimeError: The file has changed.
        """
        require_unchanged(self.path, self.number, self.before)
        if self.kept:
            raise not_utf8(self.path, self.position)


def require_lasting(path: str) -> None:
    """Refuse a file that cannot be read again before it is opened: opening a pipe would wait.

    Raises:
        ValueError: The file is a pipe or a device.
        OSError: The file does not exist.
    """
    kind = os.stat(path).st_mode  # noqa: PTH116 - saves a Path object
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):  # a folder has its own error
        raise ValueError(f"{path}: not a regular file, and it would be read twice")


Stamp = tuple[int, int]


def stamp(number: int) -> Stamp | None:
    """Return the size and the modification time of an open file, which a write changes.

    A pipe has neither.
    """
    state = os.fstat(number)
    return (state.st_size, state.st_mtime_ns) if stat.S_ISREG(state.st_mode) else None


def require_unchanged(path: str, number: int, before: Stamp | None) -> None:
    """Make sure that an open file has the stamp that it had before it was read.

    Raises:
        RuntimeError: The file has another stamp now.
    """
    if stamp(number) != before:
        read = os.lseek(number, 0, os.SEEK_CUR)
        raise RuntimeError(f"{path}: changed while it was read, up to byte {read}")


def not_utf8(path: str, position: int, start: bytes = b"") -> ValueError:
    """Return the error for a file that is not UTF-8 from ``position`` on.

    Args:
        path: Path of the file.
        position: Position in bytes.
        start: First two bytes of the file, if the caller has them.
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
    """Run a generator of steps to its end, and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value
