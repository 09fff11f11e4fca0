"""Files that survive a crash or a full disk, checksums that show a changed byte, and locks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.regular import read_regular, write_whole


@contextmanager
def locked(folder: Path, error: type[Exception], in_use: str | None = None) -> Iterator[None]:
    """Keep other processes out of a folder, which is made if it does not exist.

    Args:
        folder: The folder. The lock is the file ``.lock`` in it.
        error: The exception to raise where the folder cannot be had.
        in_use: The message where another process holds the lock; the folder's path is put before
            it. By default the call waits until the lock is free.

    Raises:
        error: Another process holds the lock and ``in_use`` is given, or the folder or the lock
            cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock", timeout=-1 if in_use is None else 0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise error(f"{folder}: {in_use}") from None
    except OSError as reason:
        raise error(f"{folder}: {reason.strerror}") from None
    try:
        yield
    finally:
        lock.release()


def checksum(body: dict[str, Any]) -> str:
    """Return the SHA-256 of a record without its checksum.

    It does not depend on the order of the names or on the spaces between them.
    """
    rest = {key: value for key, value in body.items() if key != "checksum"}
    canonical = json.dumps(rest, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode())


def append_whole(path: Path, data: bytes) -> None:
    """Append bytes to a file and wait until they are on the disk.

    Raises:
        OSError: The bytes cannot be written. The file is then as it was before.
    """
    if not path.is_file():  # a pipe or a device has no end to go back to
        write_whole(path, data)
        return
    # Without a buffer: what a full disk refuses would stay in it and be written on closing.
    with path.open("r+b", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except BaseException:
            os.ftruncate(file.fileno(), before)
            raise


def without_torn_end(data: bytes) -> bytes:
    """Return the whole lines in the bytes of a file, without a last line that a crash cut off."""
    return data[: data.rfind(b"\n") + 1]


def whole_lines(path: Path) -> bytes:
    """Return a file's lines, after removing from the file a last line that a crash cut off.

    Raises:
        OSError: The file cannot be read or written.
    """
    data = read_regular(path)
    whole = without_torn_end(data)
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
            os.fsync(file.fileno())
    return whole


def see_names(folder: Path) -> None:
    """Wait until the names of the files in a folder are on the disk; POSIX systems can do that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
