"""``torch.from_numpy`` around a kernel from the registry: the tensor uses the array's memory.

It is in Python because in Rust a tensor would need torch's C++ headers for a single pointer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from py_impls.files import finished

Paths = Sequence[str | os.PathLike[str]]
Kernel = Callable[[Paths], tuple[str, npt.NDArray[np.int64]]]
Prepared = tuple[str, torch.Tensor]


def prepare(kernel: Kernel, paths: Paths) -> Prepared:
    """Return the vocabulary of the files' texts, in code-point order, and their ids.

    Raises:
        ValueError: A file is not UTF-8, and the message says at which byte; or it is none that can
            be read twice, if that is what the kernel does.
        OSError: A file cannot be read.
        TypeError: ``paths`` is not a sequence of paths.
    """
    prepared: Prepared = finished(steps(kernel, paths))
    return prepared


def steps(kernel: Kernel, paths: Paths) -> Generator[str, None, Prepared]:
    """Do the same as ``prepare``, and yield the name of each step when it is done."""
    vocabulary, ids = kernel(paths)
    yield "read, vocabulary, encode"
    tensor = torch.from_numpy(ids)
    yield "tensor"
    return vocabulary, tensor
