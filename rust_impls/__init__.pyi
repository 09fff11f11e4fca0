"""
Rust ideas for the text preparation of a character-level GPT, with one submodule for each task.
"""

from . import bpe_decode as bpe_decode, bpe_encode as bpe_encode, bpe_encode_array as bpe_encode_array, bpe_encode_batch as bpe_encode_batch, bpe_train as bpe_train, charset as charset, charset_encode as charset_encode, count as count, decode_array as decode_array, decode_list as decode_list, encode as encode, encode_array as encode_array, encode_int64 as encode_int64, encode_uint8 as encode_uint8, file_charset as file_charset, limit as limit, partition as partition, prepare as prepare, shards as shards, steps as steps

__all__ = ["_panic", "build_info", "simd_paths", "bpe_decode", "bpe_encode", "bpe_encode_array", "bpe_encode_batch", "bpe_train", "charset", "charset_encode", "count", "decode_array", "decode_list", "encode", "encode_array", "encode_int64", "encode_uint8", "file_charset", "limit", "partition", "prepare", "shards", "steps"]

def _panic() -> None:
    """
    Panics, so that a test can see that Python survives it.
    """

def build_info() -> dict[str, str]:
    """
    How this library was built: names and values, all of them str.

    "layout_seed" tells apart builds of the same sources that were linked in another order; it
    is "0" for the order that the linker chose by itself.
    """

def simd_paths() -> dict[str, str | list[str]]:
    """
    The sets of instructions that kernels can use on this processor.

    "active" names the set that every idea takes which is not held to one of its own.
    "available" lists all sets that this processor has, from the least to the best.
    """
