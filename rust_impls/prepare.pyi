"""
Files to vocabulary and ids: prepare(paths) -> tuple[str, int64 array], one idea per function.
"""

from _typeshed import SupportsGetItem
from numpy import int64
from numpy.typing import NDArray
from os import PathLike

__all__ = ["rustc_hash", "two_passes"]

def rustc_hash(paths: SupportsGetItem[int, str | PathLike[str]]) -> tuple[str, NDArray[int64]]:
    """
    The whole text in memory, a hash set, a hash map to the ids: the obvious first version.
    """

def two_passes(paths: SupportsGetItem[int, str | PathLike[str]]) -> tuple[str, NDArray[int64]]:
    """
    Reads the files twice, by blocks that stay in the cache, and holds nothing but the result.
    """
