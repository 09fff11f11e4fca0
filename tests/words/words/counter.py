"""A Counter over the pieces of str.split: what one would write first."""

from collections import Counter


def words(text: str) -> dict[str, int]:
    """Return how often each word of ``text`` occurs."""
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")
    return dict(Counter(text.split()))
