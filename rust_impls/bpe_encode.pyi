"""
Texts to lists of tokens' ids: bpe_encode(ranks, pattern) -> TokenEncoder, one idea per function.
"""

from typing import final

__all__ = ["TokenEncoder", "heap", "linked_list", "longest_match", "naive", "piece_cache"]

@final
class TokenEncoder:
    """
    Turns a text into the list of its tokens' ids.
    """
    def __call__(self, /, text: str) -> list[int]: ...
    def kernel(self, /, text: str) -> None:
        """
        Runs the kernel alone: finds the ids, but builds no list from them.
        """

def heap(ranks: dict[bytes, int], pattern: str) -> TokenEncoder:
    """
    A heap of the pairs that can be merged: n log n for any piece, but slow for short ones.
    """

def linked_list(ranks: dict[bytes, int], pattern: str) -> TokenEncoder:
    """
    Parts linked by the bits of a word, and their ranks in vectors: short pieces need no heap.
    """

def longest_match(ranks: dict[bytes, int], pattern: str) -> TokenEncoder:
    """
    The longest token at each place, given back where its neighbour would not stand beside it.
    """

def naive(ranks: dict[bytes, int], pattern: str) -> TokenEncoder:
    """
    Parts in a vector, searched whole for each merge: quadratic, but there is nothing to build.
    """

def piece_cache(ranks: dict[bytes, int], pattern: str) -> TokenEncoder:
    """
    A cache of pieces in 5 MiB that never grows: most pieces of a text cost one comparison.
    """
