"""nanoGPT's two files of ids, written a block at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from py_impls.files import changed


def write(
    out: str | os.PathLike[str], blocks: Iterable[npt.NDArray[np.unsignedinteger]], length: int
) -> None:
    """Write blocks of ids as little-endian uint16, nine tenths into ``train.bin``.

    Args:
        out: Folder of the two files.
        blocks: Blocks of ids, together as long as ``length``.
        length: Number of characters.

    Raises:
        OSError: A file cannot be written.
        RuntimeError: There are more ids than ``length``, or fewer.
    """
    folder = Path(out)
    left, written = 9 * length // 10, 0
    with (folder / "train.bin").open("wb") as train, (folder / "val.bin").open("wb") as val:
        for found in blocks:
            ids = found.astype("<u2", copy=False)
            train.write(ids[:left].data)
            val.write(ids[left:].data)
            left -= min(left, len(ids))
            written += len(ids)
    if written != length:
        raise changed()
