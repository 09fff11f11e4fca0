"""Files of tokens as tiktoken has them: a token in Base64, a space and its id on each line."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from nanogpt_rs.ruler.tasks.bpe_oracles import BYTES


def read_ranks(data: bytes) -> dict[bytes, int]:
    """Return the id of each token in the content of a vocabulary's file.

    Raises:
        ValueError: A line is not a token and its id; the message names it.
    """
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            text, id = line.split(b" ")
            token = base64.b64decode(text, validate=True)
            ranks[token] = int(id)
        except ValueError:
            raise ValueError(
                f"line {number} is not a token in Base64, a space and its id"
            ) from None
    return ranks


def check_ranks(ranks: Mapping[bytes, int]) -> None:
    """Check that texts can be encoded by a vocabulary.

    Raises:
        ValueError: They cannot; the message says why.
    """
    for byte in range(BYTES):
        if bytes([byte]) not in ranks:
            raise ValueError(
                f"the byte 0x{byte:02X} is no token; each of the {BYTES} bytes must be"
            )
    if b"" in ranks:
        raise ValueError("a token has no byte")
    if len(set(ranks.values())) < len(ranks):
        raise ValueError("two tokens have the same id")
    if not 0 <= min(ranks.values()) <= max(ranks.values()) < 2**31:
        raise ValueError("an id is not between 0 and 2,147,483,647")


def file_of(ranks: Mapping[bytes, int]) -> bytes:
    """Return the content of a vocabulary's file."""
    return b"".join(
        base64.b64encode(token) + b" %d\n" % id
        for token, id in sorted(ranks.items(), key=lambda item: item[1])
    )


def tokens_of(ranks: Mapping[bytes, int]) -> Sequence[bytes]:
    """Return the bytes of each token by its id; no byte for an id that no token has."""
    tokens = [b""] * (max(ranks.values()) + 1)
    for token, id in ranks.items():
        tokens[id] = token
    return tokens
