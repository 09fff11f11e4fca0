"""Texts as files, for tasks that are given paths; and files that the system holds no copy of."""

from __future__ import annotations

import atexit
import ctypes
import mmap
import os
import tempfile
from functools import cache
from pathlib import Path

from nanogpt_rs.ruler.corpora import cache_folder, sha256, write_whole

KEPT_FROM = 1 << 20
"""Bytes from which a file is kept in the cache: others are made again in no time."""


def path_of(text: str | bytes) -> str:
    """Return the path of a file that holds ``text`` as UTF-8, or just these bytes.

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
"""Where that is: in a worker the folder of whoever started it, which goes even if it is killed."""


@cache
def process_folder() -> Path:
    """Return a folder of this process's own, which goes with it."""
    folder = tempfile.TemporaryDirectory(prefix="nanogpt-rs-files-", dir=place)
    atexit.register(folder.cleanup)
    return Path(folder.name)


def uncache(path: str) -> None:
    """Have the system forget its copy of a file, and make sure that it did.

    What is below the system, a disk's own memory or that of a virtual machine's host, stays.

    Raises:
        OSError: it still has one: the file lies in memory (tmpfs), or is in use by another.
        AttributeError: this system offers no way (see ``cannot_uncache``).
    """
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)  # what has not been written to the disk is not forgotten
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        if resident := resident_pages(file):
            raise OSError(f"{path}: the system keeps {resident} pages of this file in memory")
    finally:
        os.close(file)


def resident_pages(file: int) -> int:
    """Return how many pages of an open file the system has in memory, without fetching any.

    By mincore(2): a read that must not wait would have them fetched behind its back.

    Raises:
        OSError: the system does not say.
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
        del first  # or the map could not be closed
        if refused:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    return sum(page & 1 for page in pages)


@cache
def cannot_uncache() -> str | None:
    """Return why files cannot be had without the system's own copy here, or ``None``."""
    if not hasattr(os, "posix_fadvise"):
        return "this system offers no way to make it forget its copy of a file"
    try:
        folder = Path(path_of(bytes(KEPT_FROM))).parent
        # A file of its own: another process that asks the same might read that one meanwhile.
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(bytes(KEPT_FROM))
            file.flush()
            uncache(file.name)
    except OSError as error:
        return f"{error.strerror or error}; NANOGPT_RS_CACHE may name a folder on a disk"
    return None
