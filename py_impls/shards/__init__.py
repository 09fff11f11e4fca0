"""Files to nanoGPT's shards of little-endian uint16 ids: ``shards(paths, out) -> str``."""
