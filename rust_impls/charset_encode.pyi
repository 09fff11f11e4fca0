"""
Vocabulary and ids in one go: charset_encode(text) -> tuple[str, uint16 array].
"""

from numpy import uint16
from numpy.typing import NDArray

__all__ = ["bit_table", "rustc_hash"]

def bit_table(text: str) -> tuple[str, NDArray[uint16]]:
    """
    The bit table of charset finds the vocabulary, and the id table of encode_array the ids.
    """

def rustc_hash(text: str) -> tuple[str, NDArray[uint16]]:
    """
    A hash set, sorted, then a hash map to the ids: the obvious first version.
    """
