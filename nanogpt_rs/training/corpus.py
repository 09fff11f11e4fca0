"""The input of a training run: a corpus as files, and a preparation from the registry.

The training itself is ``model.train``, which imports neither.
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
from pkgutil import resolve_name
from typing import Any

from nanogpt_rs.measuring.selection import SelectionError, lacking, load_corpora, select
from nanogpt_rs.ruler import corpora, provenance, tasks
from nanogpt_rs.ruler.errors import NOTHING, UserError
from nanogpt_rs.ruler.registry import Implementation

Prepare = Callable[[Sequence[str]], tuple[Any, Any]]
"""Function from files, or a folder of shards, to vocabulary and ids for ``model.train``."""


class NoTorchError(UserError):
    """Torch is not installed; the hint says how to install it."""

    exit_status = NOTHING


def import_training() -> Any:
    """Import and return ``model.train``.

    Raises:
        NoTorchError: Torch is not installed.
    """
    try:
        return importlib.import_module("model.train")
    except ImportError as error:
        if error.name != "torch":
            raise
        raise NoTorchError(
            "training needs torch, which is not installed here",
            hint=provenance.how_to_install("torch"),
        ) from None


def preparation(id: str | None) -> tuple[Implementation, Prepare]:
    """Return an implementation of the task that prepares texts, and its function.

    Args:
        id: Id of the implementation (default: the strongest Python for ASCII).

    Raises:
        SelectionError: There is no such implementation, or it cannot run here.
    """
    rows = select([tasks.PREPARATION], [id] if id else (), everything=True)
    row = next((row for row in rows if id or "strongest:ascii" in row.marks), rows[0])
    if reason := lacking(row):
        raise SelectionError(f"{row.task} {row.id} cannot run here: {reason}")
    prepare: Prepare = row.resolve()
    return row, prepare


@contextmanager
def as_files(corpus: corpora.Corpus, name: str) -> Iterator[list[str]]:
    """Yield the path of a file that holds a corpus, in a list: the user's own, or a temporary one.

    Args:
        corpus: The loaded corpus.
        name: The id or the path that the user gave.
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
    """Yield a function that writes an object as a line of JSON.

    Args:
        path: The file to write to; without one, the function does nothing.
        resumed: Whether the run is a resumed one. Its lines are appended; otherwise the file is
            replaced when the first line is written.

    Raises:
        OSError: The file cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    file: Any = None

    def write(document: Any) -> None:
        nonlocal file
        try:
            if file is None:  # not earlier: a run that is refused leaves the file as it was
                # Unbuffered, so that each line is in the file however the run ends.
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
class TrainingInput:
    """The text that a run is trained on, and its preparation.

    Attributes:
        id: Id of the corpus, or of its shards.
        sha256: Hash of the corpus, or of the training shard.
        task: Task that ``prepared_by`` is an implementation of.
        prepared_by: Id of the implementation that prepares the text.
        prepare: Function of the implementation.
        paths: Arguments of that function.
        characters: Number of characters in the text, if ids stand for tokens.
        tokens_per_character: Tokens that an evaluation predicts, per character that validates.
    """

    id: str
    sha256: str
    task: str
    prepared_by: str
    prepare: Prepare
    paths: Sequence[str]
    characters: int | None = None
    tokens_per_character: float | None = None


@contextmanager
def from_corpus(name: str, id: str | None) -> Iterator[TrainingInput]:
    """Yield a corpus as files, with the implementation that prepares them.

    Args:
        name: Id or path of the corpus.
        id: Id of the implementation (default: the strongest Python for ASCII).

    Raises:
        SelectionError: There is no such implementation, or it cannot run here.
        corpora.CorpusError: The corpus cannot be loaded.
    """
    row, prepare = preparation(id)
    (corpus,) = load_corpora([name])

    def prepare_unchanged(paths: Sequence[str]) -> tuple[str, Any]:
        prepared = prepare(paths)
        if name not in corpora.CORPORA:  # its hash is recorded, and the file was read once more
            corpora.check_unchanged(name)
        return prepared

    with as_files(corpus, name) as paths:
        yield TrainingInput(corpus.id, corpus.sha256, row.task, row.id, prepare_unchanged, paths)


@contextmanager
def from_shards(folder: str, hashes: bool) -> Iterator[TrainingInput]:
    """Yield the shards in a folder, which must match their manifest.

    Args:
        folder: A folder that ``nanogpt-rs data prepare`` made.
        hashes: Whether to compare hashes too, which reads the whole shards.

    Raises:
        nanogpt_rs.preparing.shards.ShardError: The shards do not match the manifest.
    """
    from nanogpt_rs.preparing import shards

    manifest = shards.check_shards(Path(folder), hashes)
    val = manifest.val
    in_tokens = manifest.tokenizer is not None
    # The first of the ids that validate is not predicted.
    predicted = max(0, manifest.ids(val) - 1) / max(1, val.characters)
    yield TrainingInput(
        id=f"shards:{Path(folder).resolve().name}",
        sha256=manifest.train.sha256,
        task=tasks.SHARDS,
        prepared_by="nanogpt-rs data prepare",
        prepare=shards.map_shards,
        paths=[folder],
        characters=manifest.characters if in_tokens else None,
        tokens_per_character=predicted if in_tokens else None,
    )


def document_of(summary: Any, source: TrainingInput) -> dict[str, Any]:
    """Return the document that describes a run's result, without the loss of each step.

    Args:
        summary: The result, a ``model.train.Summary``.
        source: The run's input.
    """
    document = asdict(summary) | {"tokens": None, "val_loss_per_character": None}
    del document["losses"]
    if source.characters is not None:
        document |= {"tokens": summary.characters, "characters": source.characters}
    if source.tokens_per_character is not None and summary.val_loss is not None:
        document["val_loss_per_character"] = summary.val_loss * source.tokens_per_character
    return {
        "corpus": {"id": source.id, "sha256": source.sha256},
        "prepare": {"task": source.task, "id": source.prepared_by},
        **document,
    }


def encode_prompt(vocabulary: Any, text: str) -> list[int]:
    """Return the ids of a text by the tokens of a saved model.

    Args:
        vocabulary: The tokens, a ``model.vocabulary.Tokens``.
        text: The text.

    Raises:
        UserError: The text is not one that UTF-8 has.
    """
    from nanogpt_rs.preparing.tokenizers import PATTERNS

    ranks = {token: id for id, token in enumerate(vocabulary.tokens) if token}
    make = resolve_name("rust_impls:bpe_encode.linked_list")
    try:
        ids: list[int] = make(ranks, PATTERNS[vocabulary.pattern])(text)
    except UnicodeEncodeError:
        raise UserError(
            "the prompt has a lone surrogate, which no token stands for",
            hint="give the prompt in the terminal's own encoding",
        ) from None
    return ids


def check_writable(path: str | None) -> None:
    """Check before a long run that a file can be written at this path.

    Raises:
        SelectionError: The folder does not exist or cannot be written to, or the path is a folder.
    """
    if path is not None and (not Path(path).absolute().parent.is_dir() or Path(path).is_dir()):
        raise SelectionError(f"{path} cannot be written: no such folder, or a folder itself")
    if path is not None and not os.access(Path(path).absolute().parent, os.W_OK):
        raise SelectionError(f"{path} cannot be written: no permission")
