"""Byte-pair encoding to a list: ``bpe_encode(ranks, pattern) -> Callable[[str], list[int]]``."""
