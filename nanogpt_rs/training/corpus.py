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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.measuring.selection import SelectionError, lacking, load_corpora, select
from nanogpt_rs.ruler import corpora, tasks
from nanogpt_rs.ruler.registry import Implementation

Prepare = Callable[[Sequence[str]], tuple[str, Any]]
"""Files, or a folder of shards, to vocabulary and ids, as ``model.train`` takes them."""


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
        yield [str(Path(name).expanduser())]
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
    file: Any = None

    def write(document: Any) -> None:
        nonlocal file
        try:
            if file is None:  # a run that is refused leaves what the file held
                # Unbuffered, so that what was reached is there however the run ends.
                file = Path(path).open("ab" if resumed else "wb", buffering=0)  # noqa: SIM115
            file.write(json.dumps(document).encode() + b"\n")
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None

    try:
        yield write
    finally:
        if file is not None:
            file.close()


@dataclass(frozen=True)
class Input:
    """What a run is trained on.

    Attributes:
        id: of the corpus, or of its shards.
        sha256: of the corpus, or of the shard that trains.
        task: of which ``prepared_by`` is an implementation.
        prepared_by: the id of that.
        prepare: which it is.
        paths: what it is given.
    """

    id: str
    sha256: str
    task: str
    prepared_by: str
    prepare: Prepare
    paths: Sequence[str]


@contextmanager
def from_corpus(name: str, id: str | None) -> Iterator[Input]:
    """Yield a corpus as files, and what prepares them.

    Args:
        name: of the corpus, an id or a path.
        id: of the preparation; without one, the strongest Python for ASCII.

    Raises:
        SelectionError: there is no such preparation, or it cannot run here.
        corpora.CorpusError: the corpus cannot be had.
    """
    row, prepare = preparation(id)
    (corpus,) = load_corpora([name])
    with as_files(corpus, name) as paths:
        yield Input(corpus.id, corpus.sha256, row.task, row.id, prepare, paths)


@contextmanager
def from_shards(folder: str, hashes: bool) -> Iterator[Input]:
    """Yield the shards in a folder, which must fit their manifest.

    Args:
        folder: that ``nanogpt-rs prepare`` made.
        hashes: whether to compare hashes too.

    Raises:
        nanogpt_rs.preparing.shards.ShardError: they do not fit.
    """
    from nanogpt_rs.preparing import shards

    found = shards.check_shards(Path(folder), hashes)
    id = f"shards:{Path(folder).resolve().name}"
    yield Input(id, found.train.sha256, "shards", "nanogpt-rs prepare", shards.map_shards, [folder])


def outcome(summary: Any, on: Input) -> dict[str, Any]:
    """Return the document that says what came of a run, without the loss of each step.

    Args:
        summary: a ``model.train.Summary``.
        on: what was trained on.
    """
    document = asdict(summary)
    del document["losses"]
    return {
        "corpus": {"id": on.id, "sha256": on.sha256},
        "prepare": {"task": on.task, "id": on.prepared_by},
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
