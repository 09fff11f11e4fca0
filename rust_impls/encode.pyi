"""
Texts to lists of ids: encode(vocabulary) -> Encoder, one idea per function.
"""

from collections.abc import Sequence
from typing import final

__all__ = ["Encoder", "ListEncoder", "ahash", "char_hasher", "fixed_array", "foldhash", "id_table", "rayon", "rustc_hash", "smallvec", "std_hashset"]

@final
class Encoder:
    """
    Turns a text into the list of its characters' indices in the vocabulary.
    """
    def __call__(self, /, text: str) -> list[int]: ...
    def kernel(self, /, text: str) -> None:
        """
        Runs the kernel alone: finds the ids, but builds no Python object from them.
        """

@final
class ListEncoder:
    """
    Turns a text into the list of its characters' indices in the vocabulary.
    """
    def __call__(self, /, text: str) -> list[int]: ...
    def kernel(self, /, text: str) -> None:
        """
        Runs the kernel alone: finds the ids, but builds no list from them.
        """

def ahash(vocabulary: Sequence[str]) -> Encoder:
    """
    A hash map with ahash: one multiplication per character, AES only where it is compiled in.
    """

def char_hasher(vocabulary: Sequence[str]) -> Encoder:
    """
    A hash map whose hash is the character itself: nothing to compute, but no spread either.
    """

def fixed_array(vocabulary: Sequence[str]) -> Encoder:
    """
    Ids in an array indexed by code point: one load per character, memory up to the last code.
    """

def foldhash(vocabulary: Sequence[str]) -> Encoder:
    """
    A hash map with foldhash: a seeded wide multiplication folded in half, well spread and cheap.
    """

def id_table(vocabulary: Sequence[str]) -> ListEncoder:
    """
    A table of ids, from CPython's own storage; the ints are made once and counted exactly.
    """

def rayon(vocabulary: Sequence[str]) -> Encoder:
    """
    An ahash map that all cores read, each for pieces of the text: pays on long texts.
    """

def rustc_hash(vocabulary: Sequence[str]) -> Encoder:
    """
    A hash map with the compiler's own FxHash: a multiplication and a rotation, no seed.
    """

def smallvec(vocabulary: Sequence[str]) -> Encoder:
    """
    A binary search in a sorted list on the stack: no hash, but each load waits for the last.
    """

def std_hashset(vocabulary: Sequence[str]) -> Encoder:
    """
    The standard hash map: SipHash on every character. Named after its `charset` sibling.
    """
