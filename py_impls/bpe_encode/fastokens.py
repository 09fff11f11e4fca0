"""fastokens: the regular expressions of PCRE2, and caches that grow with new pieces."""

from __future__ import annotations

import os
from collections.abc import Callable

import fastokens

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
    os.environ.setdefault("FASTOKENS_BPE_THREADS", "1")  # by default it starts threads
    tokenizer = fastokens.Tokenizer.from_json_str(tokenizer_json(ranks, pattern).decode())
    encode = tokenizer.encode_ordinary

    def encode_text(text: str) -> list[int]:
        require_encodable(text)
        ids: list[int] = encode(text).ids
        return ids

    return encode_text
