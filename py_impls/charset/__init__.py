"""The distinct characters of a text: ``charset(text: str) -> set[str]``."""
