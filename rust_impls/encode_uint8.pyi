"""
Texts to numpy.uint8 arrays of ids: encode_uint8(vocabulary) -> Uint8Encoder, one idea per function.
"""

from collections.abc import Sequence
from numpy import uint8
from numpy.typing import NDArray
from typing import final

__all__ = ["Uint8Encoder", "id_table", "id_table_avx2", "id_table_avx512", "id_table_neon", "id_table_rayon", "id_table_scalar"]

@final
class Uint8Encoder:
    """
    Turns a text into a numpy.uint8 array of its characters' indices in the vocabulary.
    """
    def __call__(self, /, text: str) -> NDArray[uint8]: ...
    def kernel(self, /, text: str) -> None:
        """
        Runs the kernel alone, into memory that is kept from one call to the next.
        """

def id_table(vocabulary: Sequence[str]) -> Uint8Encoder:
    """
    A table of ids, from CPython's own storage: shuffles look up 64 characters at once.
    """

def id_table_avx2(vocabulary: Sequence[str]) -> Uint8Encoder:
    """
    id_table by AVX2: 32 bytes per shuffle, one shuffle for each 16 codes in use.
    """

def id_table_avx512(vocabulary: Sequence[str]) -> Uint8Encoder:
    """
    id_table by AVX-512 VBMI: 64 bytes per shuffle over 128 ids.
    """

def id_table_neon(vocabulary: Sequence[str]) -> Uint8Encoder:
    """
    id_table by NEON: 16 bytes per lookup, four lookups for all of Latin-1.
    """

def id_table_rayon(vocabulary: Sequence[str]) -> Uint8Encoder:
    """
    id_table on all cores, if each core gets a million characters or more.
    """

def id_table_scalar(vocabulary: Sequence[str]) -> Uint8Encoder:
    """
    id_table by portable code alone, one byte per lookup.
    """
