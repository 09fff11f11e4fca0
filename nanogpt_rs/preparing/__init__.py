"""Turns texts of any size into the shards that a GPT is trained on."""
