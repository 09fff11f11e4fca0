"""``bytes.translate`` of the whole file, once for what is new and once for ids; then widened.

ASCII and Latin-1 only: other texts go through a dict, character by character.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence

import torch

from py_impls.charset.bytes_translate import charset
from py_impls.encode_int64.bytes_translate import encode_int64
from py_impls.files import checked, decoded, finished, read_bytes

Prepared = tuple[str, torch.Tensor]


def prepare(paths: Sequence[str | os.PathLike[str]]) -> Prepared:
    """Return the vocabulary of the files' texts, in code-point order, and their ids.

    Raises:
        ValueError: a file is not UTF-8; the message says at which byte.
        OSError: one cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
    """
    prepared: Prepared = finished(steps(paths))
    return prepared


def steps(paths: Sequence[str | os.PathLike[str]]) -> Generator[str, None, Prepared]:
    """Do the same, and yield the name of each step that is done."""
    text = "".join([decoded(path, read_bytes(path)) for path in checked(paths)])
    yield "read"
    characters = sorted(charset(text))
    yield "vocabulary"
    ids = encode_int64(characters)(text)
    yield "encode"
    tensor = torch.from_numpy(ids)
    yield "tensor"
    return "".join(characters), tensor
