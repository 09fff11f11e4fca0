"""Measures what the registry holds, in paired rounds of fresh worker processes."""
