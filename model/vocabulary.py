"""The vocabulary of a model: characters, as the lecture has them, or byte-pair tokens."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Tokens:
    """Byte-pair tokens.

    Attributes:
        tokens: The bytes of each token by its id; none for an id that no token has.
        pattern: Name of the pattern that splits a text into the pieces that tokens are made in.
    """

    tokens: tuple[bytes, ...]
    pattern: str

    def __len__(self) -> int:
        return len(self.tokens)


Vocabulary: TypeAlias = str | Tokens
"""Distinct characters in code-point order, whose places are their ids, or tokens."""


def texts_of(vocabulary: Vocabulary, ids: Iterable[int]) -> Iterator[str]:
    """Yield the text of each id. A character in several tokens comes with the last of them.

    Bytes that are no UTF-8 become the replacement character U+FFFD.
    """
    if isinstance(vocabulary, str):
        yield from (vocabulary[id] for id in ids)
        return
    decoder = getincrementaldecoder("utf-8")("replace")
    yield from (decoder.decode(vocabulary.tokens[id]) for id in ids)
    yield decoder.decode(b"", final=True)


def to_document(vocabulary: Vocabulary) -> str | dict[str, Any]:
    """Return a vocabulary as a checkpoint holds it: a letter of Latin-1 stands for each byte."""
    if isinstance(vocabulary, str):
        return vocabulary
    letters = [token.decode("latin-1") for token in vocabulary.tokens]
    return {"tokens": letters, "pattern": vocabulary.pattern}


def from_document(document: str | dict[str, Any]) -> Vocabulary:
    """Return the vocabulary that a checkpoint holds.

    Raises:
        KeyError, TypeError, AttributeError: It holds none.
    """
    if isinstance(document, str):
        return document
    tokens = tuple(letters.encode("latin-1") for letters in document["tokens"])
    return Tokens(tokens, document["pattern"])


def bytes_of(vocabulary: Vocabulary) -> bytes:
    """Return bytes that tell this vocabulary from all others."""
    if isinstance(vocabulary, str):
        return vocabulary.encode(errors="surrogatepass")
    sizes = b"".join(len(token).to_bytes(4, "little") for token in vocabulary.tokens)
    return b"".join((vocabulary.pattern.encode(), b"\0", sizes, *vocabulary.tokens))
