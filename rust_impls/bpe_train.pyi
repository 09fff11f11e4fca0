"""
Merges of a vocabulary: bpe_train(text, size) -> list[tuple[int, int]], one idea per function.
"""

from typing import SupportsIndex

__all__ = ["naive", "pair_places"]

def naive(text: str, size: SupportsIndex) -> list[tuple[int, int]]:
    """
    All pairs counted anew for each merge: the rule in a few lines, for small texts.
    """

def pair_places(text: str, size: SupportsIndex) -> list[tuple[int, int]]:
    """
    Distinct pieces in one line, the places of each pair in lists, and a heap of counts.
    """
