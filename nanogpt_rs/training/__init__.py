"""Trains the reference GPT on a corpus or on shards, and races preparations against each other."""
