"""
The distinct characters of files: file_charset(paths) -> set[str], one idea per function.
"""

from _typeshed import SupportsGetItem
from os import PathLike

__all__ = ["mmap", "rayon", "read_loop", "tokio"]

def mmap(paths: SupportsGetItem[int, str | PathLike[str]]) -> set[str]:
    """
    A file mapped window by window: no copy. A file cut short meanwhile ends the process (SIGBUS).
    """

def rayon(paths: SupportsGetItem[int, str | PathLike[str]]) -> set[str]:
    """
    A read loop on each core, over pieces of a file that begin and end between characters.
    """

def read_loop(paths: SupportsGetItem[int, str | PathLike[str]]) -> set[str]:
    """
    A loop that reads blocks into the same memory, where they stay in the cache, and looks them up.
    """

def tokio(paths: SupportsGetItem[int, str | PathLike[str]]) -> set[str]:
    """
    tokio: a thread of its pool reads the next block while this one is looked up.
    """
