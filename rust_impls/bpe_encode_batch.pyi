"""
Many texts to lists of tokens' ids: bpe_encode_batch(ranks, pattern) -> TokenBatchEncoder.
"""

from typing import final

__all__ = ["TokenBatchEncoder", "piece_cache", "rayon"]

@final
class TokenBatchEncoder:
    """
    Turns a list of texts into the list of the lists of their tokens' ids.
    """
    def __call__(self, /, texts: list[str]) -> list[list[int]]: ...

def piece_cache(ranks: dict[bytes, int], pattern: str) -> TokenBatchEncoder:
    """
    One text after the other, all with the same cache of pieces.
    """

def rayon(ranks: dict[bytes, int], pattern: str) -> TokenBatchEncoder:
    """
    Texts shared out among all cores, each with a cache of pieces of its own.
    """
