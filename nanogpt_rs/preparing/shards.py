"""Shards on disk: what their manifest says, whether they fit it, and how training reads them.

A shard is headerless, as nanoGPT has it: little-endian uint16, a number for each character.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.records.durable import checksum

FORMAT = "nanogpt-rs shards 1"
MANIFEST = "manifest.json"
TRAIN, VAL = "train.bin", "val.bin"
WIDTH = 2
"""Bytes of an id."""
MOST_DISTINCT = 1 << 16
BLOCK = 1 << 18


class ShardError(Exception):
    """Shards are damaged, or are none; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Shard:
    """A file of ids.

    Attributes:
        characters: how many ids.
        bytes: how long the file is.
        sha256: of the file.
    """

    characters: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SourceFile:
    """A text that was prepared.

    Attributes:
        name: of its file, without the folder.
        bytes: how long it was.
        sha256: of the file.
    """

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What was prepared of what. Two preparations of the same files have the same manifest.

    Attributes:
        version: of nanogpt-rs.
        vocabulary: the distinct characters in code-point order; an id is an index into it.
        characters: of all sources together.
        train: the first floor(0.9 n) of them.
        val: the others.
        sources: in order.
    """

    version: str
    vocabulary: str
    characters: int
    train: Shard
    val: Shard
    sources: tuple[SourceFile, ...]

    @property
    def shards(self) -> tuple[tuple[str, Shard], ...]:
        """The name of each shard's file, and what is known of it."""
        return (TRAIN, self.train), (VAL, self.val)

    def document(self) -> dict[str, Any]:
        """Return it as it is written."""
        body = {
            "format": FORMAT,
            "version": self.version,
            "dtype": "<u2",
            "vocabulary_size": len(self.vocabulary),
            "vocabulary": self.vocabulary,
            "characters": self.characters,
            "shards": {name: asdict(shard) for name, shard in self.shards},
            "sources": [asdict(source) for source in self.sources],
        }
        return {**body, "checksum": checksum(body)}


def training_characters(characters: int) -> int:
    """Return how many of so many characters are trained on, floor(0.9 n)."""
    return characters * 9 // 10


def read_manifest(folder: Path) -> Manifest:
    """Return what the manifest in a folder says.

    Raises:
        ShardError: there is none, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ShardError(f"{path}: there is none: no shards are finished here") from None
    except OSError as error:
        raise ShardError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ShardError(f"{path}: damaged: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ShardError(f"{path}: no manifest of {FORMAT!r}")
    if document.get("checksum") != checksum(document):
        raise ShardError(f"{path}: damaged: its checksum does not fit")
    try:
        return Manifest(
            version=document["version"],
            vocabulary=document["vocabulary"],
            characters=document["characters"],
            train=Shard(**document["shards"][TRAIN]),
            val=Shard(**document["shards"][VAL]),
            sources=tuple(SourceFile(**each) for each in document["sources"]),
        )
    except (KeyError, TypeError) as error:
        raise ShardError(f"{path}: lacks something: {error}") from None


def faults(
    folder: Path, hashes: bool, progress: Callable[[int], None] = lambda _: None
) -> Iterator[str]:
    """Yield what is wrong with each shard that does not fit the manifest.

    Args:
        folder: with both.
        hashes: whether to read all and compare hashes; else only lengths.
        progress: told of bytes as they have been read.

    Raises:
        ShardError: the manifest is missing or damaged.
    """
    for name, shard in read_manifest(folder).shards:
        path = folder / name
        try:
            found = path.stat().st_size
            if found != shard.bytes:
                how = "truncated" if found < shard.bytes else "too long"
                yield f"{path}: {how}: {found:,} bytes, and the manifest says {shard.bytes:,}"
            elif hashes and (digest := sha256_of(path, progress)) != shard.sha256:
                yield (
                    f"{path}: damaged: its SHA-256 is {digest}, and the manifest says "
                    f"{shard.sha256}"
                )
        except FileNotFoundError:
            yield f"{path}: missing"
        except OSError as error:
            yield f"{path}: {error.strerror}"


def sha256_of(
    path: str | os.PathLike[str], progress: Callable[[int], None] = lambda _: None
) -> str:
    """Return the SHA-256 of a file, of which a block at a time is held.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            progress(len(block))
    return digest.hexdigest()


def checked(folder: Path, hashes: bool) -> Manifest:
    """Return the manifest of shards that fit it.

    Args:
        folder: with both.
        hashes: whether to compare hashes too, which reads all of them.

    Raises:
        ShardError: they do not fit.
    """
    if wrong := list(faults(folder, hashes)):
        raise ShardError("; ".join(wrong))
    return read_manifest(folder)


def mapped(paths: Sequence[str]) -> tuple[str, Any]:
    """Return the vocabulary of shards, and what trains and what validates, as training takes them.

    Both are one-dimensional tensors of torch.uint16, which are the files themselves, mapped into
    memory.

    Args:
        paths: a single folder that ``nanogpt-rs prepare`` made.

    Raises:
        ShardError: the manifest is missing or damaged.
    """
    import numpy as np
    import torch

    folder = Path(*paths)
    manifest = read_manifest(folder)

    def ids(name: str, shard: Shard) -> Any:
        if not shard.characters:  # which cannot be mapped
            return torch.empty(0, dtype=torch.uint16)
        # Copied where somebody writes, which nobody does: torch warns of what can't be written.
        return torch.from_numpy(np.memmap(folder / name, "<u2", "c").astype("=u2", copy=False))

    train, val = (ids(name, shard) for name, shard in manifest.shards)
    return manifest.vocabulary, (train, val)
