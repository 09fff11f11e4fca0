"""
Parts of files, for whoever makes shards of them on several cores or machines. A piece of a part is a
path and the bytes of it where it begins and ends. All run without the GIL.
"""

from _typeshed import SupportsGetItem
from collections.abc import Sequence
from os import PathLike
from typing import Any, SupportsIndex
from typing_extensions import Buffer

__all__ = ["checksum", "crc32", "encode", "scan"]

def checksum(pieces: SupportsGetItem[int, tuple[str | PathLike[str], SupportsIndex, SupportsIndex]]) -> int:
    """
    The CRC-32 of the pieces' bytes.
    """

def crc32(data: Buffer, before: SupportsIndex) -> int:
    """
    The CRC-32 of bytes that come after others of a given one, or after none (0). Nobody may write
    to them meanwhile.
    """

def encode(pieces: SupportsGetItem[int, tuple[str | PathLike[str], SupportsIndex, SupportsIndex]], vocabulary: Sequence[str], train: str | PathLike[str], val: str | PathLike[str], position: SupportsIndex, training: SupportsIndex, updates: SupportsGetItem[int, Any] | None = None) -> tuple[int, int, int, float, float]:
    """
    Writes the pieces' ids behind `position` others, the first `training` of all into `train` and
    the others into `val`; returns how many, the CRC-32 of what was read and of what was written,
    and for how many seconds the system was writing. Of two functions in `updates` the first gets
    what is written into `train`, the other the rest; for how many seconds comes last.
    """

def scan(pieces: SupportsGetItem[int, tuple[str | PathLike[str], SupportsIndex, SupportsIndex]], updates: SupportsGetItem[int, Any] | None = None) -> tuple[str, int, int, float]:
    """
    What the pieces hold: the distinct characters in order, how many characters, the bytes' CRC-32.
    A function for each piece in `updates` gets its bytes; for how many seconds comes last.
    """
