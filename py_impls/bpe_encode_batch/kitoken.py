"""kitoken's batch: regular expressions and merging in Rust."""

from __future__ import annotations

from collections.abc import Callable

from kitoken import Kitoken

from py_impls.bpe_files import tokenizer_json
from py_impls.bpe_ranks import checked, require_encodable, require_pattern


def bpe_encode_batch(
    ranks: dict[bytes, int], pattern: str
) -> Callable[[list[str]], list[list[int]]]:
    """Return a function from documents to the ids of each.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    require_pattern(pattern)
    checked(ranks)
    encode = Kitoken.from_tokenizers(tokenizer_json(ranks, pattern)).encode_all

    def encode_texts(texts: list[str]) -> list[list[int]]:
        for text in texts:
            require_encodable(text)
        ids: list[list[int]] = encode(texts, False)
        return ids

    return encode_texts
