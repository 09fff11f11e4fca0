"""
Lists of tokens' ids to bytes: bpe_decode(ranks) -> TokenDecoder, one idea per function.
"""

from typing import final

__all__ = ["TokenDecoder", "flat_bytes"]

@final
class TokenDecoder:
    """
    Turns a list of ids into the bytes of their tokens.
    """
    def __call__(self, /, ids: list[int]) -> bytes: ...

def flat_bytes(ranks: dict[bytes, int]) -> TokenDecoder:
    """
    All tokens in one row of bytes: short ones are copied 16 bytes at a time.
    """
