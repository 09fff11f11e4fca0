"""Hugging Face's batch on one thread."""

from __future__ import annotations

import os
from collections.abc import Callable

from tokenizers import Tokenizer

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
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    encode = Tokenizer.from_str(tokenizer_json(checked(ranks), pattern).decode()).encode_batch_fast

    def encode_texts(texts: list[str]) -> list[list[int]]:
        for text in texts:
            require_encodable(text)
        return [encoding.ids for encoding in encode(texts, add_special_tokens=False)]

    return encode_texts
