"""
Arrays of ids to texts: decode_array(vocabulary) -> ArrayDecoder, one idea per function.
"""

from collections.abc import Sequence
from numpy import uint16
from numpy.typing import NDArray
from typing import final

__all__ = ["ArrayDecoder", "fixed_array", "register_table"]

@final
class ArrayDecoder:
    """
    Turns a one-dimensional numpy.uint16 array of indices in the vocabulary into a text.
    """
    def __call__(self, /, ids: NDArray[uint16]) -> str: ...

def fixed_array(vocabulary: Sequence[str]) -> ArrayDecoder:
    """
    Characters in an array indexed by id: one load and one store per character.
    """

def register_table(vocabulary: Sequence[str]) -> ArrayDecoder:
    """
    Up to 128 characters in vector registers: a shuffle looks up 16 to 64 ids. Otherwise an array.
    """
