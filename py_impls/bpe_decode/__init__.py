"""Ids of byte-pair encoding to bytes: ``bpe_decode(ranks) -> Callable[[list[int]], bytes]``."""
