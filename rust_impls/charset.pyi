"""
The distinct characters of a text: charset(text) -> set[str], one idea per function.
"""

__all__ = ["ahash", "bit_table", "bit_table_avx2", "bit_table_avx512", "bit_table_neon", "bit_table_rayon", "bit_table_scalar", "char_hasher", "fixed_array", "foldhash", "rayon", "rustc_hash", "smallvec", "std_hashset"]

def ahash(text: str) -> set[str]:
    """
    A hash set with ahash: one multiplication a character, AES only where it is compiled in.
    """

def bit_table(text: str) -> set[str]:
    """
    A bit a character, from CPython's own storage: whole blocks are asked for anything unseen.
    """

def bit_table_avx2(text: str) -> set[str]:
    """
    bit_table by AVX2: 32 bytes a shuffle, 16 rows in each of two tables.
    """

def bit_table_avx512(text: str) -> set[str]:
    """
    bit_table by AVX-512 VBMI: 64 bytes a shuffle, 64 rows in one register.
    """

def bit_table_neon(text: str) -> set[str]:
    """
    bit_table by NEON: 16 bytes a lookup, 64 rows in four registers.
    """

def bit_table_rayon(text: str) -> set[str]:
    """
    bit_table on all cores, for texts of which each core gets a million characters or more.
    """

def bit_table_scalar(text: str) -> set[str]:
    """
    bit_table by portable code alone, two bytes a lookup.
    """

def char_hasher(text: str) -> set[str]:
    """
    A hash set whose hash is the character itself: nothing to compute, no spread either.
    """

def fixed_array(text: str) -> set[str]:
    """
    A flag for each code point: one store a character for ASCII, a 1.1 MB table for all the rest.
    """

def foldhash(text: str) -> set[str]:
    """
    A hash set with foldhash: a seeded wide multiplication folded in half, well spread and cheap.
    """

def rayon(text: str) -> set[str]:
    """
    An ahash set for each piece of the text, filled by all cores and united: pays on long texts.
    """

def rustc_hash(text: str) -> set[str]:
    """
    A hash set with the compiler's own FxHash: a multiplication and a rotation, no seed.
    """

def smallvec(text: str) -> set[str]:
    """
    A list on the stack, searched from its start: quick for few characters, quadratic for many.
    """

def std_hashset(text: str) -> set[str]:
    """
    The standard hash set: SipHash resists chosen keys and pays for it on every character.
    """
