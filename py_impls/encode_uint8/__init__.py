"""Characters to uint8 ids: ``encode_uint8(vocabulary) -> Callable[[str], numpy.ndarray]``."""
