"""Hugging Face's tokenizers: a cache of pieces, but offsets and strings for each token."""

from __future__ import annotations

import os
from collections.abc import Callable

from tokenizers import Tokenizer

from py_impls.bpe_files import tokenizer_json
from py_impls.bpe_ranks import checked, require_encodable, require_pattern


def bpe_encode(ranks: dict[bytes, int], pattern: str) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its tokens.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    require_pattern(pattern)
    checked(ranks)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a batch is a text here
    encode = Tokenizer.from_str(tokenizer_json(ranks, pattern).decode()).encode_batch_fast

    def encode_text(text: str) -> list[int]:
        require_encodable(text)
        (encoding,) = encode([text], add_special_tokens=False)
        ids: list[int] = encoding.ids
        return ids

    return encode_text
