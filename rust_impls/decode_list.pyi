"""
Lists of ids to texts: decode_list(vocabulary) -> ListDecoder, one idea per function.
"""

from collections.abc import Sequence
from typing import final

__all__ = ["ListDecoder", "fixed_array", "small_ints"]

@final
class ListDecoder:
    """
    Turns a list of indices in the vocabulary into the text of their characters.
    """
    def __call__(self, /, ids: list[int]) -> str: ...

def fixed_array(vocabulary: Sequence[str]) -> ListDecoder:
    """
    Characters in an array indexed by id; each id is read from its int object first.
    """

def small_ints(vocabulary: Sequence[str]) -> ListDecoder:
    """
    The address of a small int tells its value: 0 to 256 lie in a row. Otherwise an array.
    """
