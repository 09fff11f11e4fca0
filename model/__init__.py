"""The reference training run: what the prepared text is for. Needs torch."""
