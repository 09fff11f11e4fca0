"""Vocabulary and ids in one go: ``charset_encode(text: str) -> tuple[str, uint16 array]``."""
