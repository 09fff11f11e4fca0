"""Byte-pair encoding to an array of ids: ``bpe_encode_array(ranks, pattern)``."""
