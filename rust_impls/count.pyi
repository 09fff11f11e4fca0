"""
How often each character occurs: count(text) -> dict[str, int], one idea per function.
"""

__all__ = ["code_table", "page_table", "pair_table", "rustc_hash"]

def code_table(text: str) -> dict[str, int]:
    """
    A counter for each code point: one increment for each character, and no other lookup.
    """

def page_table(text: str) -> dict[str, int]:
    """
    Counters in pages of 256 codes, made at first use: memory for unused pages is never touched.
    """

def pair_table(text: str) -> dict[str, int]:
    """
    A counter for each pair of bytes: half as many increments. Wider characters are counted singly.
    """

def rustc_hash(text: str) -> dict[str, int]:
    """
    A hash map from characters to counts, with the cheapest hasher: the obvious first version.
    """
