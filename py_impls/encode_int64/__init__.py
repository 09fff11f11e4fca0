"""Characters to int64 ids: ``encode_int64(vocabulary) -> Callable[[str], numpy.ndarray]``."""
