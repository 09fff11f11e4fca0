"""A dict of pieces and their ids, with the module ``regex``, which knows Unicode's categories."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

import regex

from py_impls.bpe_pieces import PieceIds
from py_impls.bpe_ranks import checked, require_pattern, require_text


def bpe_encode(ranks: dict[bytes, int], pattern: str) -> Callable[[str], list[int]]:
    """Return a function from a text to the ids of its tokens. It keeps the ids of all pieces.

    Raises:
        TypeError: ``ranks`` is not a ``dict`` of ``bytes`` to ``int``, or ``pattern`` not a
            ``str``; the encoder raises it for a text that is not a ``str``.
        ValueError: ``ranks`` lacks a byte or has an id twice.
        UnicodeEncodeError: the encoder raises it for a lone surrogate.
    """
    split = regex_splitter(pattern)
    ids_of = PieceIds(checked(ranks)).__getitem__

    def encode_text(text: str) -> list[int]:
        require_text(text)
        return [*chain.from_iterable(map(ids_of, split(text)))]

    return encode_text


def regex_splitter(pattern: str) -> Callable[[str], list[str]]:
    """Return a function from a text to its pieces.

    Raises:
        TypeError: ``pattern`` is not a ``str``.
    """
    require_pattern(pattern)
    find: Callable[[str], list[str]] = regex.compile(pattern.replace("$", r"\Z")).findall
    return find  # in place of \Z, $ would be found before a last line break too
