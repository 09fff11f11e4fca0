"""What a training run needs of the house: a preparation from the registry, a corpus as files.

The training itself is ``model.train``, which knows neither.
"""

from __future__ import annotations

import importlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import corpora, tasks
from benchmarks.registry import Implementation
from harness.selection import SelectionError, lacking, select

Prepare = Callable[[Sequence[str]], tuple[str, Any]]
"""Files to vocabulary and ids, a one-dimensional tensor of torch.int64."""


class NoTorchError(Exception):
    """Training cannot run here; the message says what would help."""


def room() -> Any:
    """Import and return ``model.train``.

    Raises:
        NoTorchError: torch is not installed.
    """
    try:
        return importlib.import_module("model.train")
    except ImportError as error:
        if error.name != "torch":
            raise
        raise NoTorchError(
            "training needs torch, which is not installed here: pip install 'nanogpt-rs[torch]'"
        ) from None


def preparation(id: str | None) -> tuple[Implementation, Prepare]:
    """Return the row with this id of the task that prepares texts, and what it does with files.

    Args:
        id: of an implementation; without one, the strongest Python for ASCII.

    Raises:
        SelectionError: there is no such row, or it cannot run here.
    """
    rows = select([tasks.PREPARATION], [id] if id else (), everything=True)
    row = next((row for row in rows if id or "strongest:ascii" in row.marks), rows[0])
    if reason := lacking(row):
        raise SelectionError(f"{row.task} {row.id} cannot run here: {reason}")
    prepare: Prepare = row.resolve()
    return row, prepare


@contextmanager
def as_files(corpus: corpora.Corpus, name: str) -> Iterator[list[str]]:
    """Yield the paths of the files that hold a corpus: the user's own, or one for the while.

    Args:
        corpus: as loaded.
        name: by which it was asked for, an id or a path.
    """
    if name not in corpora.CORPORA:
        yield [name]
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.txt"
        path.write_bytes(corpus.text.encode())
        yield [str(path)]


@contextmanager
def log_to(path: str | None, resumed: bool) -> Iterator[Callable[[Any], None]]:
    """Yield what writes an object as a line of JSON to ``path``, or nowhere.

    Args:
        path: a file; what it held is kept if the run is a resumed one.
        resumed: whether it is.

    Raises:
        OSError: it cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    # Unbuffered, so that what was reached is there however the run ends.
    with Path(path).open("ab" if resumed else "wb", buffering=0) as file:

        def write(document: Any) -> None:
            try:
                file.write(json.dumps(document).encode() + b"\n")
            except OSError as error:
                raise OSError(error.errno, error.strerror, path) from None

        yield write


def outcome(summary: Any, row: Implementation, corpus: corpora.Corpus) -> dict[str, Any]:
    """Return the document that says what came of a run, without the loss of each step.

    Args:
        summary: a ``model.train.Summary``.
        row: what prepared the text.
        corpus: what was trained on.
    """
    document = asdict(summary)
    del document["losses"]
    return {
        "corpus": {"id": corpus.id, "sha256": corpus.sha256},
        "prepare": {"task": row.task, "id": row.id},
        **document,
    }


def writable(path: str | None) -> None:
    """Check before a long run that a file can be written where it is asked for.

    Raises:
        SelectionError: its folder does not exist, or it is one.
    """
    if path is not None and (not Path(path).absolute().parent.is_dir() or Path(path).is_dir()):
        raise SelectionError(f"{path} cannot be written: no such folder, or a folder itself")
    if path is not None and not os.access(Path(path).absolute().parent, os.W_OK):
        raise SelectionError(f"{path} cannot be written: no permission")
