"""Files that a crash, a full disk or a changed byte leaves whole, or is found in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler.corpora import sha256


def checksum(body: dict[str, Any]) -> str:
    """Return the SHA-256 of a record without its checksum, however it is spaced."""
    rest = {key: value for key, value in body.items() if key != "checksum"}
    canonical = json.dumps(rest, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode())


def append_whole(path: Path, data: bytes) -> None:
    """Append bytes to a file and see them on the disk; on failure the file is as it was.

    Raises:
        OSError: they cannot be written.
    """
    # A buffer's rest, for which the disk had no room, would be written when the file is closed.
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


def whole_lines(path: Path) -> bytes:
    """Return a file's lines, but for a last one that a crash cut off, which the file loses.

    Raises:
        OSError: it cannot be read or written.
    """
    data = path.read_bytes()
    if torn := len(data) - (data.rfind(b"\n") + 1):
        data = data[:-torn]
        with path.open("r+b") as file:
            file.truncate(len(data))
            os.fsync(file.fileno())
    return data


def see_names(folder: Path) -> None:
    """See on the disk what the files in a folder are called, where the system can be asked to."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
