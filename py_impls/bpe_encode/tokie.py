"""tokie: hand-written splitters for known patterns; starts threads by default."""

from __future__ import annotations

from collections.abc import Callable

from tokie import Tokenizer

from py_impls.bpe_files import file_of, tokenizer_json
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
    with file_of(tokenizer_json(ranks, pattern), "tokenizer.json") as path:
        encode = Tokenizer.from_json(path).encode

    def encode_text(text: str) -> list[int]:
        require_encodable(text)
        ids: list[int] = encode(text, False).ids
        return ids

    return encode_text
