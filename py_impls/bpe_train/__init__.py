"""Training byte-pair encoding: ``bpe_train(text, size) -> list[tuple[int, int]]``."""
