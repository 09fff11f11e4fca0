"""nanoGPT's ``prepare.py``: two lists of ids, each written as a ``numpy.uint16`` array."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from py_impls.files import checked, read_text
from py_impls.vocabulary import require_few_distinct


def shards(paths: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> str:
    """Write ``train.bin`` and ``val.bin`` into the folder ``out``; return the vocabulary.

    Raises:
        ValueError: A file is not UTF-8; the texts have more than 65,536 distinct characters.
        OSError: A file cannot be read or written; the files in ``out`` are then incomplete.
        TypeError: ``paths`` is not a sequence of paths.
    """
    data = "".join([read_text(path) for path in checked(paths)])
    characters = sorted(set(data))
    require_few_distinct(len(characters), "shards")
    stoi = {character: id for id, character in enumerate(characters)}
    half = int(len(data) * 0.9)
    train_ids = [stoi[c] for c in data[:half]]
    val_ids = [stoi[c] for c in data[half:]]
    folder = os.fspath(out)
    np.array(train_ids, dtype="<u2").tofile(os.path.join(folder, "train.bin"))  # noqa: PTH118
    np.array(val_ids, dtype="<u2").tofile(os.path.join(folder, "val.bin"))  # noqa: PTH118
    return "".join(characters)
