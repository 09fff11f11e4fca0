"""Characters to an array of ids: ``encode_array(vocabulary) -> Callable[[str], numpy.ndarray]``."""
