"""
Texts to numpy.uint32 arrays of tokens' ids: bpe_encode_array(ranks, pattern) -> TokenArrayEncoder.
"""

from numpy import uint32
from numpy.typing import NDArray
from typing import final

__all__ = ["TokenArrayEncoder", "linked_list", "piece_cache"]

@final
class TokenArrayEncoder:
    """
    Turns a text into a numpy.uint32 array of its tokens' ids.
    """
    def __call__(self, /, text: str) -> NDArray[uint32]: ...
    def kernel(self, /, text: str) -> None:
        """
        Runs the kernel alone, into memory that is kept from one call to the next.
        """

def linked_list(ranks: dict[bytes, int], pattern: str) -> TokenArrayEncoder:
    """
    Parts linked by the bits of a word, and their ranks in vectors: short pieces need no heap.
    """

def piece_cache(ranks: dict[bytes, int], pattern: str) -> TokenArrayEncoder:
    """
    A cache of pieces in 5 MiB that never grows: most pieces of a text cost one comparison.
    """
