"""The distinct characters of files, read in order: ``file_charset(paths) -> set[str]``."""
