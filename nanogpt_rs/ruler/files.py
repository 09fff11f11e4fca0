"""Texts as files, for tasks that are given paths, and files that the system has no copy of."""

from __future__ import annotations

import atexit
import ctypes
import mmap
import os
import tempfile
from functools import cache
from pathlib import Path

from nanogpt_rs.ruler.corpora import cache_folder
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.regular import write_whole

KEPT_FROM = 1 << 20
"""Size in bytes from which a file is kept in the cache. Smaller ones take no time to write."""


def path_of(text: str | bytes) -> str:
    """Return the path of a file that holds a text as UTF-8, or these bytes.

    Raises:
        UnicodeEncodeError: the text has a lone surrogate, which UTF-8 cannot express.
        OSError: the file cannot be written.
    """
    data = text.encode() if isinstance(text, str) else text
    name = sha256(data)
    folder = cache_folder() / "files" if len(data) >= KEPT_FROM else process_folder()
    path = folder / f"{name}.txt"
    try:
        if not (path.exists() and sha256(path.read_bytes()) == name):
            write_whole(path, data)
    except OSError:
        if folder == process_folder():
            raise
        path = process_folder() / path.name  # a cache that we may not write to
        write_whole(path, data)
    return str(path)


place: str | None = None
"""The folder in which a process makes its own folder. In a worker it belongs to the parent process,
which removes it even if the worker is killed."""


@cache
def process_folder() -> Path:
    """Return a folder of this process's own, which is removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="nanogpt-rs-files-", dir=place)
    atexit.register(folder.cleanup)
    return Path(folder.name)


def uncache(path: str) -> None:
    """Have the system drop its copy of a file, and check that it did.

    Copies below the system stay: in a disk's own memory, or in the host of a virtual machine.

    Raises:
        OSError: the system still has a copy. The file lies in memory (tmpfs), or another process
            uses it.
        AttributeError: this system offers no way (see ``cannot_uncache``).
    """
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)  # pages that have not been written to the disk are not dropped
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        if resident := resident_pages(file):
            raise OSError(f"{path}: the system keeps {resident} pages of this file in memory")
    finally:
        os.close(file)


def resident_pages(file: int) -> int:
    """Return how many pages of an open file the system has in memory, without fetching any.

    mincore(2) tells. A read that must not wait would make the system fetch pages in the background.

    Raises:
        OSError: the system does not tell.
    """
    if not (size := os.fstat(file).st_size):
        return 0
    with mmap.mmap(file, size, access=mmap.ACCESS_COPY) as mapped:
        first = ctypes.c_char.from_buffer(mapped)
        pages = (ctypes.c_ubyte * -(-size // mmap.PAGESIZE))()
        libc = ctypes.CDLL(None, use_errno=True)
        refused = libc.mincore(
            ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(size), pages
        )
        del first  # while it exists the map cannot be closed
        if refused:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    return sum(page & 1 for page in pages)


@cache
def cannot_uncache() -> str | None:
    """Return the reason why the system's copy of a file cannot be dropped here, or ``None``."""
    if not hasattr(os, "posix_fadvise"):
        return "this system offers no way to make it drop its copy of a file"
    try:
        folder = Path(path_of(bytes(KEPT_FROM))).parent
        # A file of this call's own, because another process with the same question may read one of
        # a fixed name meanwhile.
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(bytes(KEPT_FROM))
            file.flush()
            uncache(file.name)
    except OSError as error:
        return f"{error.strerror or error}; NANOGPT_RS_CACHE may name a folder on a disk"
    return None
