"""``bytes(ids).translate``: a table of 256 characters, for vocabularies within Latin-1.

Other vocabularies go through the dict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from py_impls.vocabulary import ids_by_character, not_ids


def decode_list(vocabulary: Sequence[str]) -> Callable[[list[int]], str]:
    """Return a function from a list of ids to the text of their characters.

    Raises:
        ValueError: ``vocabulary`` does not hold distinct single characters in code-point order.
            The decoder raises it for an id outside the vocabulary.
        TypeError: ``vocabulary`` is not a sequence of ``str``, or the ids are not a ``list``
            of ``int``.
    """
    stoi = ids_by_character(vocabulary)
    itos = {id: character for character, id in stoi.items()}
    is_latin1 = all(character <= "\xff" for character in itos.values())
    # A byte that is no id becomes a character outside the vocabulary. If all of Latin-1 is in it,
    # every byte is an id.
    stranger = next((code for code in range(256) if chr(code) not in stoi), None)
    table = bytes(ord(itos.get(id, chr(stranger or 0))) for id in range(256)) if is_latin1 else b""

    def decode(ids: list[int]) -> str:
        if not isinstance(ids, list):
            raise not_ids(ids, len(itos))
        try:
            if not is_latin1:
                return "".join(map(itos.__getitem__, ids))
            text = bytes(ids).translate(table)
        except (KeyError, TypeError, ValueError):
            raise not_ids(ids, len(itos)) from None
        if stranger is not None and stranger in text:
            raise not_ids(ids, len(itos))
        return text.decode("latin-1")

    return decode
