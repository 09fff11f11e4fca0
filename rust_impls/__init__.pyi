"""
Rust ideas for the text preparation of a character-level GPT, a submodule for each task.
"""

from . import charset as charset, charset_encode as charset_encode, count as count, decode_array as decode_array, decode_list as decode_list, encode as encode, encode_array as encode_array, encode_int64 as encode_int64, encode_uint8 as encode_uint8, file_charset as file_charset, limit as limit, partition as partition, prepare as prepare, shards as shards, steps as steps

__all__ = ["_panic", "build_info", "simd_paths", "charset", "charset_encode", "count", "decode_array", "decode_list", "encode", "encode_array", "encode_int64", "encode_uint8", "file_charset", "limit", "partition", "prepare", "shards", "steps"]

def _panic() -> None:
    """
    Panics, so that a test can see that Python survives it.
    """

def build_info() -> dict[str, str]:
    """
    How this library was built, every value a str.
    """

def simd_paths() -> dict[str, str | list[str]]:
    """
    The instructions that kernels may use here: "active", the set that ideas take which are not
    held to one of their own, and "available", all that this processor has, least first.
    """
