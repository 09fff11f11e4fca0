"""``"".join(map(itos.__getitem__, ids))``: no bytecode runs per id."""

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

    def decode(ids: list[int]) -> str:
        if not isinstance(ids, list):
            raise not_ids(ids, len(itos))
        try:
            return "".join(map(itos.__getitem__, ids))
        except (KeyError, TypeError):
            raise not_ids(ids, len(itos)) from None

    return decode
