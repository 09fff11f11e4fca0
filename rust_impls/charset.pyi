"""
The distinct characters of a text: charset(text) -> set[str], one idea per function.
"""

__all__ = ["ahash", "bit_table", "bit_table_avx2", "bit_table_avx512", "bit_table_neon", "bit_table_rayon", "bit_table_scalar", "char_hasher", "fixed_array", "foldhash", "rayon", "rustc_hash", "smallvec", "std_hashset"]

def ahash(text: str) -> set[str]:
    """
    A hash set with ahash: one multiplication per character, AES only where it is compiled in.
    """

def bit_table(text: str) -> set[str]:
    """
    One bit per character, from CPython's own storage: whole blocks are checked for new characters.
    """

def bit_table_avx2(text: str) -> set[str]:
    """
    bit_table by AVX2: 32 bytes per shuffle, 16 rows in each of two tables.
    """

def bit_table_avx512(text: str) -> set[str]:
    """
    bit_table by AVX-512 VBMI: 64 bytes per shuffle, 64 rows in one register.
    """

def bit_table_neon(text: str) -> set[str]:
    """
    bit_table by NEON: 16 bytes per lookup, 64 rows in four registers.
    """

def bit_table_rayon(text: str) -> set[str]:
    """
    bit_table on all cores, if each core gets a million characters or more.
    """

def bit_table_scalar(text: str) -> set[str]:
    """
    bit_table by portable code alone, two bytes per lookup.
    """

def char_hasher(text: str) -> set[str]:
    """
    A hash set whose hash is the character itself: nothing to compute, but no spread either.
    """

def fixed_array(text: str) -> set[str]:
    """
    A flag for each code point: one store per character for ASCII, a 1.1 MB table for other texts.
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
