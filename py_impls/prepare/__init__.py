"""Files to vocabulary and training tensor: ``prepare(paths) -> tuple[str, torch.int64 tensor]``."""
