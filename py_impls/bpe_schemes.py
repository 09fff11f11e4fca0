"""For libraries that have splitters for a few named patterns: which of them a pattern is."""

from __future__ import annotations

from collections.abc import Sequence

from py_impls.bpe_split import GPT2


def scheme_of(pattern: str, library: str, schemes: Sequence[str]) -> str:
    """Return a library's name of a pattern.

    Args:
        pattern: A pattern.
        library: The library's name, for the error.
        schemes: The library's names of the patterns of GPT-2, cl100k_base and o200k_base.

    Raises:
        NotImplementedError: the library has no splitter for the pattern.
    """
    if pattern == GPT2:
        return schemes[0]
    if r"\p{Lu}" in pattern and r"\p{N}{1,3}" in pattern:
        return schemes[2]
    if r"\p{N}{1,3}" in pattern:
        return schemes[1]
    raise NotImplementedError(f"{library} has no splitter for the pattern {pattern}")
