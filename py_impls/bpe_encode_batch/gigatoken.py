"""gigatoken's batch on one thread, to lists."""

from __future__ import annotations

from collections.abc import Callable

from gigatoken import Tokenizer

from py_impls.bpe_files import file_of, tiktoken_file
from py_impls.bpe_ranks import checked, require_encodable, require_pattern
from py_impls.bpe_schemes import scheme_of


def bpe_encode_batch(
    ranks: dict[bytes, int], pattern: str
) -> Callable[[list[str]], list[list[int]]]:
    """Return a function from documents to the ids of each.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        NotImplementedError: the library does not have a splitter for this pattern.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    require_pattern(pattern)
    checked(ranks)
    scheme = scheme_of(pattern, "gigatoken", ("gpt2", "gpt4", "o200k"))
    with file_of(tiktoken_file(ranks), "own.tiktoken") as path:
        encode = Tokenizer.from_tiktoken(path, pretokenizer=scheme).encode_batch_list

    def encode_texts(texts: list[str]) -> list[list[int]]:
        for text in texts:
            require_encodable(text)
        ids: list[list[int]] = encode(texts, parallel=False)
        return ids

    return encode_texts
