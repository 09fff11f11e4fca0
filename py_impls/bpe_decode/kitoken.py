"""kitoken's ``decode``, which gives bytes."""

from __future__ import annotations

from collections.abc import Callable

from kitoken import Kitoken

from py_impls.bpe_files import tokenizer_json
from py_impls.bpe_ranks import checked, not_tokens
from py_impls.bpe_split import GPT2


def bpe_decode(ranks: dict[bytes, int]) -> Callable[[list[int]], bytes]:
    """Return a function from ids to the bytes of their tokens.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``; the decoder raises it for
            ids that are not a list of ``int``.
        ValueError: ``ranks`` lacks a byte or has an id twice; the decoder raises it for an id that
            has no token.
    """
    decode = Kitoken.from_tokenizers(tokenizer_json(checked(ranks), GPT2)).decode
    tokens = {id: token for token, id in ranks.items()}

    def decode_ids(ids: list[int]) -> bytes:
        if not isinstance(ids, list):
            raise not_tokens(ids, tokens)
        try:
            answer: bytes = decode(ids)
        except (ValueError, TypeError, OverflowError):
            raise not_tokens(ids, tokens) from None
        return answer

    return decode_ids
