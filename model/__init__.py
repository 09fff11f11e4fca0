"""The reference GPT and its training, which prepared text is made for. Needs torch."""
