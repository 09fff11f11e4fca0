"""A copy of the set that an earlier call made of the same text: only the result is made."""

from __future__ import annotations

from functools import lru_cache


def limit(text: str) -> set[str]:
    """Return a new set of the distinct characters. Only the first call looks at the text."""
    return set(characters(text))


@lru_cache(maxsize=1)
def characters(text: str) -> frozenset[str]:
    """Return the distinct characters of the text, which the cache keeps."""
    return frozenset(text)
