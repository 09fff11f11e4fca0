"""Preparing files for training: their vocabulary, and their ids in a tensor."""

from __future__ import annotations

from typing import Any

from nanogpt_rs.ruler.excerpts import excerpt
from nanogpt_rs.ruler.tasks.contract import Task
from nanogpt_rs.ruler.tasks.differences import sequence_difference, share_memory, text_difference
from nanogpt_rs.ruler.tasks.inputs import vocabulary_and_ids_of
from nanogpt_rs.ruler.tasks.reading import (
    EDGES_IN_FILES,
    call_on_file,
    call_on_paths,
    file_examples,
    file_refusals,
    files_read,
)


def tensor_difference(answer: Any, expected: tuple[str, list[int]]) -> str | None:
    """Describe the first difference: of types, the vocabulary, the tensor's layout, or an id."""
    import torch

    if type(answer) is not tuple or len(answer) != 2:
        return f"returned {excerpt(answer)}, not a tuple of two"
    if problem := text_difference(answer[0], expected[0]):
        return f"vocabulary: {problem}"
    tensor = answer[1]
    if type(tensor) is not torch.Tensor:
        return f"returned {type(tensor).__name__}, not torch.Tensor"
    if tensor.dtype != torch.int64 or tensor.ndim != 1:
        return f"returned {tensor.ndim}-dimensional {tensor.dtype}, not 1-dimensional torch.int64"
    if not tensor.is_contiguous() or tensor.device.type != "cpu" or tensor.requires_grad:
        return "returned a tensor that is not a contiguous one of the CPU without a gradient"
    return sequence_difference(tensor.tolist(), expected[1])


def share_tensor(first: Any, second: Any) -> bool:
    """Return whether the tensors of two answers overlap in memory, as numpy sees it."""
    return share_memory(first[1].numpy(), second[1].numpy())


PREPARE = Task(
    name="prepare",
    contract="prepare(paths) -> tuple[str, torch.int64 tensor]",
    call=call_on_file,
    renew=lambda call: call,
    build=None,
    oracle=vocabulary_and_ids_of,
    difference=tensor_difference,
    shared=share_tensor,
    edges=EDGES_IN_FILES,
    refusals=file_refusals(),
    examples=file_examples(vocabulary_and_ids_of, call_on_paths),
    largest_vocabulary=65_536,  # a contender that goes by way of uint16 ids may refuse more
    files=files_read,
)
