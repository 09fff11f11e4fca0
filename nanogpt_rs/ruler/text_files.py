"""Text files of the user: what is no text is refused in words, and what is odd is said.

Every command that reads a text reads it more than once, here and in worker processes. A file must
therefore give the same bytes each time, and a stream cannot.
"""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path
from shlex import quote

from nanogpt_rs.ruler.errors import USAGE, UserError
from nanogpt_rs.ruler.remarks import say

STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""Paths that mean something else in each process."""
MOST_LINKS = 40
"""Symbolic links that a path is followed through; the system follows no more either."""
HEAD = 4096
"""Bytes at the start of a file that are looked at."""
# None of these beginnings is UTF-8. That of UTF-32 is looked for first: it begins like UTF-16.
ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
ARCHIVES = (
    (b"\x1f\x8b", "gzip", "gunzip -k"),
    (b"\xfd7zXZ\0", "xz", "unxz -k"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
)
WRITE_FIRST = "write it to a file first, as in: `cat > text.txt`; then name that file"


class TextFileError(UserError):
    """A file is no text that can be read more than once; the message says why, without its name."""

    exit_status = USAGE


def check(path: str) -> os.stat_result:
    """Check that a path names a text file, as far as its first bytes tell, and return its state.

    Raises:
        TextFileError: it names none.
        OSError: there is no such file, or it cannot be read.
    """
    if path == "-" and not Path(path).exists():
        raise TextFileError(
            "is standard input, and a text is read more than once", hint=WRITE_FIRST
        )
    if is_stream(path):
        raise TextFileError(
            "is a stream of this process, and a text is read more than once", hint=WRITE_FIRST
        )
    state = Path(path).stat()
    if stat.S_ISDIR(state.st_mode):
        raise TextFileError("is a folder, not a file", hint="name the files in it")
    if not stat.S_ISREG(state.st_mode):
        raise TextFileError(
            "is a pipe or a device, and a text is read more than once", hint=WRITE_FIRST
        )
    with Path(path).open("rb") as file:
        head = file.read(HEAD)
    check_encoding(path, head)
    tell_of(path, head)
    return state


def is_stream(path: str) -> bool:
    """Return whether a path names a file that this process has open, such as standard input."""
    for _ in range(MOST_LINKS):
        path = os.path.abspath(path)  # noqa: PTH100 - follows no links
        if path.startswith(STREAMS):
            return True
        try:
            target = os.readlink(path)  # noqa: PTH115
        except (OSError, ValueError):
            return False
        path = os.path.join(os.path.dirname(path), target)  # noqa: PTH118, PTH120
    return False


def check_encoding(path: str, head: bytes) -> None:
    """Check that the first bytes of a file are not those of another encoding or of an archive.

    Raises:
        TextFileError: they are.
    """
    for beginning, encoding in ENCODINGS:
        if head.startswith(beginning):
            convert = f"iconv -f {encoding} -t UTF-8 {quote(path)} > utf8.txt"
            raise TextFileError(
                f"is {encoding}, not UTF-8", hint=f"`{convert}`; then name that file"
            )
    for beginning, archive, unpack in ARCHIVES:
        if head.startswith(beginning):
            raise TextFileError(
                f"is packed by {archive}", hint=f"unpack it first: `{unpack} {quote(path)}`"
            )


def remark(path: str, head: bytes) -> tuple[str, str] | None:
    """Return what is odd about a text that is taken as it is, and a hint; ``None`` if nothing is.

    Args:
        path: The text's path, for the hint.
        head: Its first bytes.
    """
    if head.startswith(codecs.BOM_UTF8):
        return (
            "begins with a byte order mark, which is measured as a character (U+FEFF)",
            f"without it: tail -c +4 {quote(path)} > plain.txt",
        )
    if 3 * head.count(0) > len(head):
        return (
            "holds many NUL characters: it may be UTF-16 without a byte order mark",
            f"if it is: iconv -f UTF-16LE -t UTF-8 {quote(path)} > utf8.txt",
        )
    return None


_told: set[str] = set()


def tell_of(path: str, head: bytes) -> None:
    """Tell once in this process what is odd about a text.

    Args:
        path: The text's path.
        head: Its first bytes.
    """
    if path not in _told and (found := remark(path, head)):
        message, hint = found
        say(f"{path} {message}", hint)
        _told.add(path)
