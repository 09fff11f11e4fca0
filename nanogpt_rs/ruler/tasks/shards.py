"""Preparing files for training from a disk: nanoGPT's shards of ids, and the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler import files
from nanogpt_rs.ruler.tasks.contract import Refusal, Task
from nanogpt_rs.ruler.tasks.differences import sequence_difference, text_difference
from nanogpt_rs.ruler.tasks.inputs import characters_in_order, ids_of, vocabulary_of
from nanogpt_rs.ruler.tasks.reading import (
    EDGES_IN_FILES,
    file_examples,
    file_refusals,
    files_read,
)
from nanogpt_rs.ruler.timing import Call

Shards = tuple[Any, list[int], list[int]]
"""The contents of shards: the vocabulary, the ids for training, and the ids for validation."""


def shards_of(text: str) -> Shards:
    """Return the text's vocabulary, the first nine tenths of its ids, and the other ids."""
    ids = ids_of(text)
    return "".join(vocabulary_of(text)), ids[: 9 * len(ids) // 10], ids[9 * len(ids) // 10 :]


def written_shards(call: Call, answer: Any) -> Shards:
    """Return what a call of ``shards`` returned and wrote, and remove its files.

    They are removed so that the files of one call are never taken for those of the next.
    """
    import numpy

    folder = Path(str(call[1][1]))
    shards = []
    for name in ("train.bin", "val.bin"):
        shards.append(numpy.fromfile(folder / name, "<u2").tolist())
        (folder / name).unlink()
    return answer, shards[0], shards[1]


def shards_difference(answer: Any, expected: Shards) -> str | None:
    """Describe the first difference: of the vocabulary, then of the ids in a file."""
    if problem := text_difference(answer[0], expected[0]):
        return f"vocabulary: {problem}"
    for name, ids, right in zip(("train", "val"), answer[1:], expected[1:], strict=True):
        if problem := sequence_difference(ids, right):
            return f"{name}.bin: {problem}"
    return None


def call_on_file_and_folder(function: Any, text: str) -> Call:
    """Make the call of the contender on the path of a file with the text, and on a folder."""
    return function, ([files.path_of(text)], str(files.process_folder()))


def call_shards(function: Any, paths: Sequence[object]) -> Shards:
    """Call a contender on paths, and return its answer and the ids that it wrote."""
    call = (function, (paths, str(files.process_folder())))
    return written_shards(call, function(*call[1]))


SHARDS = Task(
    name="shards",
    contract="shards(paths, out) -> str, having written train.bin and val.bin",
    call=call_on_file_and_folder,
    renew=lambda call: call,
    build=None,
    oracle=shards_of,
    difference=shards_difference,
    shared=lambda _first, _second: False,  # they have been read from files
    edges=EDGES_IN_FILES,
    refusals=(
        *file_refusals(files.process_folder),
        Refusal(
            case="texts with more distinct characters than there are ids",
            attempt=lambda contender: contender(
                [files.path_of("".join(characters_in_order(65_537)))], files.process_folder()
            ),
            error=ValueError,
            message="text has 65537 distinct characters; shards holds at most 65536",
        ),
        Refusal(
            case="a folder that is not there, to write into",
            attempt=lambda contender: contender([files.path_of("ab")], "no/such/folder"),
            error=FileNotFoundError,
        ),
    ),
    examples=file_examples(shards_of, call_shards),
    largest_vocabulary=65_536,
    files=files_read,
    outcome=written_shards,
)
