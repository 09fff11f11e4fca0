"""How often each character occurs: ``count(text: str) -> dict[str, int]``."""
