"""tiktoken's batch on one thread, which splits and merges without the GIL."""

from __future__ import annotations

from collections.abc import Callable

import tiktoken

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
    encode = tiktoken.Encoding(
        "own", pat_str=pattern, mergeable_ranks=checked(ranks), special_tokens={}
    ).encode_ordinary_batch

    def encode_texts(texts: list[str]) -> list[list[int]]:
        for text in texts:
            require_encodable(text)
        ids: list[list[int]] = encode(texts, num_threads=1)
        return ids

    return encode_texts
