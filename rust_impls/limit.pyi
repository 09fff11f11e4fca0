"""
What no idea can beat, each in the shape of the tasks it is a limit of.
"""

from _typeshed import SupportsGetItem
from collections.abc import Sequence
from numpy import int64, uint16
from numpy.typing import NDArray
from os import PathLike
from typing import Any

__all__ = ["memcpy", "memset", "memset_int64", "memset_str", "memset_uint16", "memset_uint8", "read", "read_and_touch", "read_array", "read_list"]

def memcpy(_vocabulary: Sequence[str]) -> Any:
    """
    Copies a text's storage into a new uint8 array.
    """

def memset(text: str) -> NDArray[uint16]:
    """
    Fills a new uint16 array as long as the text.
    """

def memset_int64(_vocabulary: Sequence[str]) -> Any:
    """
    Fills a new int64 array as long as the text.
    """

def memset_str(vocabulary: Sequence[str]) -> Any:
    """
    Fills a new text as long as the ids, in the form that the vocabulary's widest character needs.
    """

def memset_uint16(_vocabulary: Sequence[str]) -> Any:
    """
    Fills a new uint16 array as long as the text.
    """

def memset_uint8(_vocabulary: Sequence[str]) -> Any:
    """
    Fills a new uint8 array as long as the text.
    """

def read(text: str) -> int:
    """
    Reads a text's storage once and returns a checksum.
    """

def read_and_touch(paths: SupportsGetItem[int, str | PathLike[str]]) -> NDArray[int64]:
    """
    Reads files once and touches an int64 array as long as they have characters.
    """

def read_array(_vocabulary: Sequence[str]) -> Any:
    """
    Reads an array of ids once.
    """

def read_list(_vocabulary: Sequence[str]) -> Any:
    """
    Reads the addresses in a list of ids once, but no int.
    """
