"""
The least memory traffic that a task needs, done in one plain way and called like the task.
"""

from .bpe_encode import TokenEncoder
from .bpe_encode_array import TokenArrayEncoder
from _typeshed import SupportsGetItem
from collections.abc import Sequence
from numpy import int64, uint16
from numpy.typing import NDArray
from os import PathLike
from typing import Any

__all__ = ["array_of_ids", "convert", "convert_int64", "convert_uint16", "convert_uint8", "copy_files", "decode_files", "list_of_ids", "look_up_pieces", "map_files", "memcpy", "memset", "memset_int64", "memset_str", "memset_uint16", "memset_uint8", "read", "read_and_touch", "read_and_write", "read_array", "read_files", "read_list", "split_pieces", "validate_files"]

def array_of_ids(ranks: dict[bytes, int], pattern: str) -> TokenArrayEncoder:
    """
    Makes a uint32 array with an id for every four bytes of a text.
    """

def convert(text: str) -> NDArray[uint16]:
    """
    Reads a text once and writes each character's code into a new uint16 array.
    """

def convert_int64(_vocabulary: Sequence[str]) -> Any:
    """
    Reads a text once and writes each character's code into a new int64 array.
    """

def convert_uint16(_vocabulary: Sequence[str]) -> Any:
    """
    Reads a text once and writes each character's code into a new uint16 array.
    """

def convert_uint8(_vocabulary: Sequence[str]) -> Any:
    """
    Reads a text once and writes each character's code into a new uint8 array.
    """

def copy_files(paths: SupportsGetItem[int, str | PathLike[str]], out: str | PathLike[str]) -> int:
    """
    Copies files into a folder.
    """

def decode_files(paths: SupportsGetItem[int, str | PathLike[str]], _out: str | PathLike[str] | None = None) -> int:
    """
    Reads files once, checks that they are UTF-8 and decodes them, block by block.
    """

def list_of_ids(ranks: dict[bytes, int], pattern: str) -> TokenEncoder:
    """
    Makes a list with an id for every four bytes of a text.
    """

def look_up_pieces(ranks: dict[bytes, int], pattern: str) -> TokenEncoder:
    """
    Splits a text into pieces and looks each up once among the tokens.
    """

def map_files(paths: SupportsGetItem[int, str | PathLike[str]]) -> int:
    """
    Maps files into memory and reads each of their bytes there.
    """

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
    Fills a new text as long as the ids, in the form for the vocabulary's widest character.
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
    Reads files once and fills a new int64 array with one number for each of their characters.
    """

def read_and_write(paths: SupportsGetItem[int, str | PathLike[str]], out: str | PathLike[str]) -> int:
    """
    Reads files once and writes two bytes for each of their characters into a folder.
    """

def read_array(_vocabulary: Sequence[str]) -> Any:
    """
    Reads an array of ids once.
    """

def read_files(paths: SupportsGetItem[int, str | PathLike[str]], _out: str | PathLike[str] | None = None) -> int:
    """
    Reads files once, block by block, without looking at their bytes.
    """

def read_list(_vocabulary: Sequence[str]) -> Any:
    """
    Reads the addresses in a list of ids once, but not the int objects.
    """

def split_pieces(ranks: dict[bytes, int], pattern: str) -> TokenEncoder:
    """
    Splits a text into the pieces of byte-pair encoding.
    """

def validate_files(paths: SupportsGetItem[int, str | PathLike[str]]) -> int:
    """
    Reads files once, block by block, and checks that they are UTF-8.
    """
