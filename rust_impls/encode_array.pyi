"""
Texts to arrays of ids: encode_array(vocabulary) -> ArrayEncoder, one idea per function.
"""

from collections.abc import Sequence
from numpy import uint16
from numpy.typing import NDArray
from typing import final

__all__ = ["ArrayEncoder", "Uint16Encoder", "ahash", "char_hasher", "fixed_array", "foldhash", "id_table", "id_table_avx2", "id_table_avx512", "id_table_neon", "id_table_rayon", "id_table_scalar", "rayon", "rustc_hash", "smallvec", "std_hashset"]

@final
class ArrayEncoder:
    """
    Turns a text into a numpy.uint16 array of its characters' indices in the vocabulary.
    """
    def __call__(self, /, text: str) -> NDArray[uint16]: ...
    def kernel(self, /, text: str) -> None:
        """
        Runs the kernel alone: finds the ids, but builds no Python object from them.
        """

@final
class Uint16Encoder:
    """
    Turns a text into a numpy.uint16 array of its characters' indices in the vocabulary.
    """
    def __call__(self, /, text: str) -> NDArray[uint16]: ...
    def kernel(self, /, text: str) -> None:
        """
        Runs the kernel alone, into memory that is kept from one call to the next.
        """

def ahash(vocabulary: Sequence[str]) -> ArrayEncoder:
    """
    A hash map with ahash: one multiplication per character, AES only where it is compiled in.
    """

def char_hasher(vocabulary: Sequence[str]) -> ArrayEncoder:
    """
    A hash map whose hash is the character itself: nothing to compute, but no spread either.
    """

def fixed_array(vocabulary: Sequence[str]) -> ArrayEncoder:
    """
    Ids in an array indexed by code point: one load per character, memory up to the last code.
    """

def foldhash(vocabulary: Sequence[str]) -> ArrayEncoder:
    """
    A hash map with foldhash: a seeded wide multiplication folded in half, well spread and cheap.
    """

def id_table(vocabulary: Sequence[str]) -> Uint16Encoder:
    """
    A table of ids, from CPython's own storage: shuffles look up 64 characters at once.
    """

def id_table_avx2(vocabulary: Sequence[str]) -> Uint16Encoder:
    """
    id_table by AVX2: 32 bytes per shuffle, one shuffle for each 16 codes in use.
    """

def id_table_avx512(vocabulary: Sequence[str]) -> Uint16Encoder:
    """
    id_table by AVX-512 VBMI: 64 bytes per shuffle over 128 ids.
    """

def id_table_neon(vocabulary: Sequence[str]) -> Uint16Encoder:
    """
    id_table by NEON: 16 bytes per lookup, four lookups for all of Latin-1.
    """

def id_table_rayon(vocabulary: Sequence[str]) -> Uint16Encoder:
    """
    id_table on all cores, if each core gets a million characters or more.
    """

def id_table_scalar(vocabulary: Sequence[str]) -> Uint16Encoder:
    """
    id_table by portable code alone, one byte per lookup.
    """

def rayon(vocabulary: Sequence[str]) -> ArrayEncoder:
    """
    An ahash map that all cores read, each for pieces of the text: pays on long texts.
    """

def rustc_hash(vocabulary: Sequence[str]) -> ArrayEncoder:
    """
    A hash map with the compiler's own FxHash: a multiplication and a rotation, no seed.
    """

def smallvec(vocabulary: Sequence[str]) -> ArrayEncoder:
    """
    A binary search in a sorted list on the stack: no hash, but each load waits for the last.
    """

def std_hashset(vocabulary: Sequence[str]) -> ArrayEncoder:
    """
    The standard hash map: SipHash on every character. Named after its `charset` sibling.
    """
