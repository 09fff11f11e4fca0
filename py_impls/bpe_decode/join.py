"""Joins the bytes of each token, looked up in a dict: the lecture's decoder."""

from __future__ import annotations

from collections.abc import Callable

from py_impls.bpe_ranks import checked, not_tokens


def bpe_decode(ranks: dict[bytes, int]) -> Callable[[list[int]], bytes]:
    """Return a function from ids to the bytes of their tokens.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``; the decoder raises it for
            ids that are not a list of ``int``.
        ValueError: ``ranks`` lacks a byte or has an id twice; the decoder raises it for an id that
            has no token.
    """
    tokens = {id: token for token, id in checked(ranks).items()}

    def decode_ids(ids: list[int]) -> bytes:
        if not isinstance(ids, list):
            raise not_tokens(ids, tokens)
        try:
            return b"".join([tokens[id] for id in ids])
        except (KeyError, TypeError):
            raise not_tokens(ids, tokens) from None

    return decode_ids
