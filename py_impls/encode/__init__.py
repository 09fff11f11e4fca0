"""Characters to a list of ids: ``encode(vocabulary) -> Callable[[str], list[int]]``."""
