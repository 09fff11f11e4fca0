"""Ranks in the forms that libraries read: tiktoken's file, and Hugging Face's ``tokenizer.json``.

A user of a library has such a file at hand. So it is made once, and kept for the next encoder.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from py_impls.bpe_pieces import ids_of_piece
from py_impls.bpe_split import portable

_kept: dict[tuple[str, str, int], bytes] = {}


def tiktoken_file(ranks: Mapping[bytes, int]) -> bytes:
    """Return the ranks as a ``.tiktoken`` file has them: a token in Base64 and its id a line."""
    key = ("tiktoken", "", hash(frozenset(ranks.items())))
    if key not in _kept:
        _kept[key] = b"".join(
            base64.b64encode(token) + b" %d\n" % id
            for token, id in sorted(ranks.items(), key=lambda item: item[1])
        )
    return _kept[key]


def tokenizer_json(ranks: Mapping[bytes, int], pattern: str) -> bytes:
    """Return a ``tokenizer.json`` that splits by a pattern and encodes with these ranks."""
    key = ("json", pattern, hash(frozenset(ranks.items())))
    if key not in _kept:
        split = {
            "type": "Split",
            "pattern": {"Regex": portable(pattern)},
            "behavior": "Isolated",
        }
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
        model = {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,  # a piece that is a token is one id
            "vocab": {as_letters(token): id for token, id in ranks.items()},
            "merges": [[as_letters(left), as_letters(right)] for left, right in merges(ranks)],
        }
        document: dict[str, object] = {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [{**split, "invert": False}, {**level, "use_regex": False}],
            },
            "post_processor": None,
            "decoder": {**level, "use_regex": True},
            "model": model,
        }
        _kept[key] = json.dumps(document).encode()
    return _kept[key]


@contextmanager
def file_of(data: bytes, name: str) -> Iterator[str]:
    """Provide the path of a passing file with this content, for libraries that read only files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield str(path)


def merges(ranks: Mapping[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the two parts that each token is merged of, in the order of the tokens' ranks.

    They are what the tokens before it make of its bytes. Single bytes have no parts.
    """
    lower = {token: id for token, id in ranks.items() if len(token) == 1}
    tokens = {id: token for token, id in ranks.items()}
    for id, token in sorted(tokens.items()):
        if len(token) > 1:
            parts = [tokens[part] for part in ids_of_piece(token, lower)]
            if len(parts) == 2:
                yield parts[0], parts[1]
            lower[token] = id


def pairs(tokens: list[bytes]) -> list[tuple[int, int]]:
    """Return the pairs of ids that a vocabulary was merged of, in their order.

    Args:
        tokens: The tokens by their ids, the single bytes first.
    """
    ids = {token: id for id, token in enumerate(tokens)}
    return [(ids[left], ids[right]) for left, right in merges(ids)]


VISIBLE = (*range(33, 127), *range(161, 173), *range(174, 256))
HIDDEN = [byte for byte in range(256) if byte not in VISIBLE]
LETTERS = {byte: chr(byte) for byte in VISIBLE} | {
    byte: chr(256 + place) for place, byte in enumerate(HIDDEN)
}
"""GPT-2's spelling of bytes: those that are no visible letter of Latin-1 come after it."""


def as_letters(token: bytes) -> str:
    """Return a token in GPT-2's spelling, with a letter for each byte."""
    return "".join(map(LETTERS.__getitem__, token))
