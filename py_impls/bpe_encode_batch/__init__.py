"""Byte-pair encoding of many documents: ``bpe_encode_batch(ranks, pattern)``."""
