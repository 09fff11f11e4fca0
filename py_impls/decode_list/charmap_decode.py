"""The charmap codec: ``bytes(ids)`` looked up in a ``str`` of up to 256 characters.

Vocabularies of more than 256 go through a list.
"""

from __future__ import annotations

from codecs import charmap_decode
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
    itos = dict(enumerate(stoi))
    characters = "".join(stoi)
    # The codec takes U+FFFE in its table to mean that a byte has no character.
    is_charmap = len(stoi) <= 256 and "\ufffe" not in stoi

    def decode(ids: list[int]) -> str:
        if not isinstance(ids, list):
            raise not_ids(ids, len(itos))
        try:
            if is_charmap:
                return charmap_decode(bytes(ids), "strict", characters)[0]
            return "".join(map(itos.__getitem__, ids))
        except (KeyError, TypeError, ValueError):
            raise not_ids(ids, len(itos)) from None

    return decode
