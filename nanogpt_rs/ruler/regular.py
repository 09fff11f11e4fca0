"""Reads and writes the files that a user names, whatever they turn out to be.

A pipe or a device is never read as if it were a file: its reader might wait for ever, or fill the
memory. And it is never replaced by a file: what is written to it goes into it.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

from nanogpt_rs.ruler.errors import USAGE, UserError

STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""Paths of files that are open already: whoever opened them would not see another file there."""


class OverwriteError(UserError):
    """A file that is read would be overwritten by what is made of it; the message names it."""

    exit_status = USAGE


def check_apart(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Check that no file is both read and written, whatever paths lead to it.

    Raises:
        OverwriteError: A file is.
    """
    read = [path for path in inputs if path.is_file()]
    for output in outputs:
        if output.is_file() and any(output.samefile(path) for path in read):
            raise OverwriteError(
                f"{output}: is read, and would be overwritten",
                hint="name another file or folder to write to",
            )


def check_regular(path: Path) -> None:
    """Check that a path leads to a regular file.

    Raises:
        OSError: It leads to nothing, or to something else, which the error's message names.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "a folder, where a file is needed", str(path))
    if not stat.S_ISREG(mode):
        reason = "a pipe or a device, where a file is needed"
        raise OSError(errno.EINVAL, reason, str(path))


def read_regular(path: Path) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        OSError: It is no regular file, cannot be read, or is larger than the memory.
    """
    check_regular(path)
    try:
        return path.read_bytes()
    except (MemoryError, OverflowError):
        reason = f"{path.stat().st_size / 1e9:,.0f} GB, for which there is not enough memory"
        raise OSError(errno.ENOMEM, reason, str(path)) from None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that neither a reader nor a crash ever finds a part of it at ``path``.

    Symbolic links are followed, and a file that was there keeps its mode. A pipe or a device is
    written into.

    Raises:
        OSError: The file cannot be written. What was there before is there still.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = None
    is_stream = str(path.absolute()).startswith(STREAMS)
    if mode is not None and (is_stream or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))):
        with path.open("wb", buffering=0) as stream:
            rest = memoryview(data)
            while rest:
                rest = rest[stream.write(rest) :]
        return
    target = Path(os.path.realpath(path))
    if mode is not None and not os.access(target, os.W_OK):  # os.replace does not ask
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            if mode is not None:
                temporary.chmod(stat.S_IMODE(mode))
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename, error.filename2 = str(path), None
        raise


def check_can_write(path: Path) -> None:
    """Check that ``write_whole`` can write a file, without leaving anything.

    Raises:
        OSError: It cannot.
    """
    exists = path.exists()
    if exists and path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder, where a file is needed", str(path))
    if exists and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if exists and not path.is_file():
        return
    folder = Path(os.path.realpath(path)).parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
