"""Prepares texts of any size: turns them into the shards that a GPT is trained on."""
