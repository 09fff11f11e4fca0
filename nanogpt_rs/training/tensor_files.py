"""Tensors in files: the safetensors format, which every library of the race reads, and starts.

A file of safetensors is the length of a header (8 bytes, little-endian), the header as JSON, and
the bytes of the tensors. The few types that weights have here take fewer lines than a dependency.
Source: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler.errors import UserError

TYPES = {"F32": "<f4", "F64": "<f8"}
"""The types that weights may have, and numpy's names for them."""


class TensorFileError(UserError):
    """A file of tensors cannot be read; the message says what is wrong with it."""


def write_tensors(path: Path, tensors: Mapping[str, Any]) -> None:
    """Write arrays of numpy, float32 or float64, as safetensors.

    Raises:
        OSError: The file cannot be written.
    """
    names = {numpy_name: name for name, numpy_name in TYPES.items()}
    header, blocks, start = {}, [], 0
    for name, tensor in tensors.items():
        block = tensor.astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes()
        header[name] = {
            "dtype": names[f"<{tensor.dtype.kind}{tensor.dtype.itemsize}"],
            "shape": list(tensor.shape),
            "data_offsets": [start, start + len(block)],
        }
        blocks.append(block)
        start += len(block)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)  # the format asks for data that begins at a multiple of 8
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"".join(blocks))


def read_tensors(path: Path) -> dict[str, Any]:
    """Return the tensors of a file of safetensors as arrays of numpy.

    Raises:
        OSError: The file cannot be read.
        TensorFileError: It is no file of safetensors, or has a type that weights do not have here.
    """
    import numpy as np

    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + size])
        header.pop("__metadata__", None)
        tensors = {}
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            kind, shape = np.dtype(TYPES[entry["dtype"]]), tuple(entry["shape"])
            block = data[8 + size + first : 8 + size + last]
            if len(block) != last - first or len(block) != kind.itemsize * math.prod(shape):
                raise ValueError(f"the bytes of {name} do not fit its shape")
            tensors[name] = np.frombuffer(block, kind).reshape(shape)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TensorFileError(f"{path.name} is no file of safetensors: {error}") from None
    return tensors


def write_starts(path: Path, starts: Any) -> None:
    """Write where the sequences of all batches start, as unsigned 32-bit numbers.

    Args:
        path: File to write.
        starts: Array of integers, of shape (steps, batch).

    Raises:
        OSError: The file cannot be written.
    """
    path.write_bytes(starts.astype("<u4").tobytes())


def read_starts(path: Path, steps: int, batch: int, last: int) -> Any:
    """Return where the sequences of all batches start, an int64 array of shape (steps, batch).

    Args:
        path: File to read.
        steps: Number of steps.
        batch: Number of sequences in a batch.
        last: Largest position that a sequence may start at.

    Raises:
        OSError: The file cannot be read.
        TensorFileError: It does not have a start for each sequence, or one is too large.
    """
    import numpy as np

    starts = np.fromfile(path, "<u4").astype(np.int64)
    if starts.size != steps * batch:
        raise TensorFileError(
            f"{path.name} holds {starts.size:,} starts, and {steps:,} steps of {batch} take "
            f"{steps * batch:,}"
        )
    if starts.size and starts.max() > last:
        raise TensorFileError(f"{path.name} has a start of {starts.max():,}; the last is {last:,}")
    return starts.reshape(steps, batch)
