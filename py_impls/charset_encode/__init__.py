"""Vocabulary and ids in one call: ``charset_encode(text: str) -> tuple[str, uint16 array]``."""
