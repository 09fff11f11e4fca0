"""A list of ids to text: ``decode_list(vocabulary) -> Callable[[list[int]], str]``."""
