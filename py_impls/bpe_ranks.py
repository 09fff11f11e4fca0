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
    if {*map(type, ranks)} - {bytes}:
        other = next(token for token in ranks if not isinstance(token, bytes))
        raise TypeError(f"a token of the ranks is {type(other).__name__}, not bytes")
    ids = ranks.values()
    if {*map(type, ids)} - {int, bool} or min(ids, default=0) < 0 or max(ids, default=0) >= 2**32:
        raise bad_id(ranks)
    if b"" in ranks:
        raise ValueError("the ranks hold a token of no byte")
    for byte in range(256):
        if bytes([byte]) not in ranks:
            raise ValueError(f"the ranks lack the byte 0x{byte:02X}; every single byte needs an id")
    if len({*ids}) < len(ranks):
        first = {id: token for token, id in reversed(ranks.items())}
        token = next(token for token, id in ranks.items() if first[id] != token)
        raise ValueError(f"{first[ranks[token]]!r} and {token!r} have the same id, {ranks[token]}")
    return ranks


def bad_id(ranks: dict[bytes, int]) -> ValueError | TypeError:
    """Return the error for the first id that is no ``int`` or does not fit into 32 bits."""
    for token, id in ranks.items():
        if not isinstance(id, int):
            return TypeError(f"the id of {token!r} is {type(id).__name__}, not int")
        if not 0 <= id < 2**32:
            return ValueError(f"the id of {token!r} is {id}; ids are from 0 to 4294967295")
    raise AssertionError("the ids are good")


def require_text(text: str) -> None:
    """Raise ``TypeError`` if ``text`` is not a ``str``."""
    if not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}, not str")


def require_encodable(text: str) -> None:
    """Refuse what libraries take in different ways.

    Raises:
        TypeError: ``text`` is not a ``str``.
        UnicodeEncodeError: it has a lone surrogate.
    """
    require_text(text)
    if not text.isascii():
        text.encode()


def require_pattern(pattern: str) -> None:
    """Raise ``TypeError`` if ``pattern`` is not a ``str``."""
    if not isinstance(pattern, str):
        raise TypeError(f"pattern is {type(pattern).__name__}, not str")


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
