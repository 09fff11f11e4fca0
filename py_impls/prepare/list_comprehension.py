"""The lecture: ``open().read()``, ``sorted(set(text))``, a list, and ``torch.tensor`` of it."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence

import torch

from py_impls.files import checked, finished, read_text

Prepared = tuple[str, torch.Tensor]


def prepare(paths: Sequence[str | os.PathLike[str]]) -> Prepared:
    """Return the vocabulary of the files' texts, in code-point order, and their ids.

    Raises:
        ValueError: A file is not UTF-8; the message says at which byte.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
    """
    prepared: Prepared = finished(steps(paths))
    return prepared


def steps(paths: Sequence[str | os.PathLike[str]]) -> Generator[str, None, Prepared]:
    """Do the same as ``prepare``, and yield the name of each step when it is done."""
    text = "".join([read_text(path) for path in checked(paths)])
    yield "read"
    characters = sorted(set(text))
    yield "vocabulary"
    stoi = {character: id for id, character in enumerate(characters)}
    ids = [stoi[c] for c in text]
    yield "encode"
    tensor = torch.tensor(ids, dtype=torch.int64)
    yield "tensor"
    return "".join(characters), tensor
