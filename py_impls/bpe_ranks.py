"""For byte-pair encoding: checked ranks, and the errors for bad ranks, texts and ids."""

from __future__ import annotations

from collections.abc import Mapping

from py_impls.vocabulary import outside_vocabulary


def checked(ranks: dict[bytes, int]) -> dict[bytes, int]:
    """Return ``ranks`` if an encoder or a decoder can be made for them.

    Raises:
        TypeError: they are not a ``dict`` from ``bytes`` to ``int``.
        ValueError: a single byte is missing, a token is empty, two tokens have the same id, or an
            id does not fit into 32 bits.
    """
    if not isinstance(ranks, dict):
        raise TypeError(f"ranks are {type(ranks).__name__}, not a dict of bytes to int")
    if other := next((token for token in ranks if not isinstance(token, bytes)), None):
        raise TypeError(f"a token of the ranks is {type(other).__name__}, not bytes")
    for token, id in ranks.items():
        if not isinstance(id, int):
            raise TypeError(f"the id of {token!r} is {type(id).__name__}, not int")
        if not 0 <= id < 2**32:
            raise ValueError(f"the id of {token!r} is {id}; ids are from 0 to 4294967295")
    if b"" in ranks:
        raise ValueError("the ranks hold a token of no byte")
    for byte in range(256):
        if bytes([byte]) not in ranks:
            raise ValueError(f"the ranks lack the byte 0x{byte:02X}; every single byte needs an id")
    if len(set(ranks.values())) < len(ranks):
        seen: dict[int, bytes] = {}
        for token, id in ranks.items():
            if id in seen:
                raise ValueError(f"{seen[id]!r} and {token!r} have the same id, {id}")
            seen[id] = token
    return ranks


def require_text(text: str) -> None:
    """Raise ``TypeError`` if ``text`` is not a ``str``."""
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")


def not_tokens(ids: object, tokens: Mapping[int, bytes]) -> ValueError | TypeError:
    """Return the error for the first of ``ids`` that has no token.

    The search begins only after a decoder has failed, so that success costs nothing.
    """
    if not isinstance(ids, list):
        return TypeError(f"ids are {type(ids).__name__}, not a list of int")
    for position, id in enumerate(ids):
        if not isinstance(id, int):
            return TypeError(f"id at position {position} is {type(id).__name__}, not int")
        if id not in tokens:
            return outside_vocabulary(id, position, len(tokens))
    raise AssertionError("a decoder failed on ids that all have tokens")


def require_size(size: int) -> None:
    """Refuse sizes of a vocabulary that no training can reach.

    Raises:
        TypeError: ``size`` is not an ``int``.
        ValueError: it is less than 256.
    """
    if not isinstance(size, int):
        raise TypeError(f"size is {type(size).__name__}, not int")
    if size < 256:
        raise ValueError(f"size is {size}; a vocabulary holds the 256 bytes at least")
