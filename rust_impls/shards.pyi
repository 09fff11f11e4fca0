"""
Files to shards of ids: shards(paths, out) -> str, one idea per function.
"""

from _typeshed import SupportsGetItem
from os import PathLike

__all__ = ["two_passes"]

def two_passes(paths: SupportsGetItem[int, str | PathLike[str]], out: str | PathLike[str]) -> str:
    """
    Reads the files twice, by blocks that stay in the cache, and writes ids as they are found.
    """
