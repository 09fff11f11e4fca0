"""The same in Python, for where nothing can be compiled."""


def count(text: str) -> dict[str, int]:
    """Return how often each word of a text occurs; spaces end words."""
    counts: dict[str, int] = {}
    for word in filter(None, text.split(" ")):
        counts[word] = counts.get(word, 0) + 1
    return counts
