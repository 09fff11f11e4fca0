"""A ``charset_encode`` kernel from the registry, on the whole text; then widened."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from py_impls.files import checked, decoded, finished, read_bytes

Kernel = Callable[[str], tuple[str, npt.NDArray[np.uint16]]]
Prepared = tuple[str, torch.Tensor]


def prepare(charset_encode: Kernel, paths: Sequence[str | os.PathLike[str]]) -> Prepared:
    """Return the vocabulary of the files' texts, in code-point order, and their ids.

    Raises:
        ValueError: A file is not UTF-8, and the message says at which byte; or the kernel has fewer
            ids than the text has distinct characters.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
    """
    prepared: Prepared = finished(steps(charset_encode, paths))
    return prepared


def steps(
    charset_encode: Kernel, paths: Sequence[str | os.PathLike[str]]
) -> Generator[str, None, Prepared]:
    """Do the same as ``prepare``, and yield the name of each step when it is done."""
    text = "".join([decoded(path, read_bytes(path)) for path in checked(paths)])
    yield "read"
    vocabulary, ids = charset_encode(text)
    yield "vocabulary, encode"
    tensor = torch.from_numpy(ids.astype(np.int64))
    yield "tensor"
    return vocabulary, tensor
