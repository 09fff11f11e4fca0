"""
Parts of files, which can be turned into shards on several cores or machines. A part consists of
pieces: a path, and the bytes where the piece begins and ends. All functions run without the
GIL.
"""

from _typeshed import SupportsGetItem
from collections.abc import Sequence
from os import PathLike
from typing import Any, SupportsIndex
from typing_extensions import Buffer

__all__ = ["checksum", "crc32", "encode", "encode_tokens", "next_cut", "scan"]

def checksum(pieces: SupportsGetItem[int, tuple[str | PathLike[str], SupportsIndex, SupportsIndex]]) -> int:
    """
    The CRC-32 of the pieces' bytes.
    """

def crc32(data: Buffer, before: SupportsIndex) -> int:
    """
    The CRC-32 of `data` after other bytes, whose CRC-32 is `before` (0 if there are none).
    Nobody may write to `data` meanwhile.
    """

def encode(pieces: SupportsGetItem[int, tuple[str | PathLike[str], SupportsIndex, SupportsIndex]], vocabulary: Sequence[str], train: str | PathLike[str], val: str | PathLike[str], position: SupportsIndex, training: SupportsIndex, updates: SupportsGetItem[int, Any] | None = None) -> tuple[int, int, int, float, float]:
    """
    Writes the ids of the pieces' characters into the files `train` and `val`.

    `position` characters come before these; the first `training` characters of all belong into
    `train`, the others into `val`. Returns the number of characters, the CRC-32 of the bytes
    read and that of the bytes written, the seconds that the system took to write, and the
    seconds that the functions in `updates` took. The first of these two functions is called
    with the bytes for `train`, the second with those for `val`.
    """

def encode_tokens(pieces: SupportsGetItem[int, tuple[str | PathLike[str], SupportsIndex, SupportsIndex]], vocabulary: str | PathLike[str], pattern: str, width: SupportsIndex, out: str | PathLike[str], position: SupportsIndex, training: SupportsIndex) -> tuple[int, int, int, int, int, float]:
    """
    Writes the ids of the tokens of the pieces' text into a file of its own, `out`.

    `vocabulary` is a `.tiktoken` file, and `pattern` one of `gpt2`, `cl100k` and `o200k`. An id
    has `width` bytes, 2 or 4. `position` characters come before these; the first `training`
    characters of all train, the others validate, and no token crosses that border. Returns the
    number of characters, the CRC-32 of the bytes read, the numbers of ids that train and that
    validate, which is their order in the file, the CRC-32 of the bytes written, and the seconds
    that the system took to write.
    """

def next_cut(path: str | PathLike[str], start: SupportsIndex) -> int | None:
    """
    The first place at or after `start` where the text of a file can be cut so that both halves
    have the byte-pair tokens of the whole; `None` if there is none.
    """

def scan(pieces: SupportsGetItem[int, tuple[str | PathLike[str], SupportsIndex, SupportsIndex]], updates: SupportsGetItem[int, Any] | None = None) -> tuple[str, int, int, float]:
    """
    Reads the pieces. Returns their distinct characters in code-point order, the number of their
    characters, the CRC-32 of their bytes, and the seconds that the functions in `updates` took.

    The function at a piece's index in `updates` is called with the bytes of that piece.
    """
