"""An array of ids to text: ``decode_array(vocabulary) -> Callable[[uint16 array], str]``."""
