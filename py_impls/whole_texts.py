"""For ideas for ``prepare`` that hold the whole text: the steps that they have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from py_impls.files import checked, decoded, read_bytes

Paths = Sequence[str | os.PathLike[str]]
Prepared = tuple[str, torch.Tensor]
Encode = Callable[[Sequence[str]], Callable[[str], npt.NDArray[np.int64]]]


def steps_by(
    paths: Paths, charset: Callable[[str], set[str]], encode_int64: Encode
) -> Generator[str, None, Prepared]:
    """Return the vocabulary of the files' texts and their ids, and yield the name of each step.

    Raises:
        ValueError: A file is not UTF-8; the message says at which byte.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
    """
    text = "".join([decoded(path, read_bytes(path)) for path in checked(paths)])
    yield "read"
    characters = sorted(charset(text))
    yield "vocabulary"
    ids = encode_int64(characters)(text)
    yield "encode"
    tensor = torch.from_numpy(ids)
    yield "tensor"
    return "".join(characters), tensor
