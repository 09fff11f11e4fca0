"""Shards on disk: their manifest, whether they match it, and how training reads them.

As in nanoGPT, a shard has no header: it is a little-endian uint16 for each character.
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
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.ruler.regular import read_regular

FORMAT = "nanogpt-rs shards 1"
MANIFEST = "manifest.json"
TRAIN, VAL = "train.bin", "val.bin"
WIDTH = 2
"""Size of an id in bytes."""
MOST_DISTINCT = 1 << 16
BLOCK = 1 << 18


class ShardError(UserError):
    """Shards are damaged or missing; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Shard:
    """A file of ids.

    Attributes:
        characters: Number of ids.
        bytes: Size of the file in bytes.
        sha256: Hash of the file.
    """

    characters: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SourceFile:
    """A text that was prepared.

    Attributes:
        name: Name of its file, without the folder.
        bytes: Size of the file in bytes.
        sha256: Hash of the file.
    """

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Describes shards and their texts. All preparations of the same files make the same manifest.

    Attributes:
        version: Version of nanogpt-rs.
        vocabulary: Distinct characters in code-point order; an id is an index into it.
        characters: Number of characters in all sources together.
        train: Shard of the first floor(0.9 n) characters.
        val: Shard of the other characters.
        sources: The prepared texts, in order.
    """

    version: str
    vocabulary: str
    characters: int
    train: Shard
    val: Shard
    sources: tuple[SourceFile, ...]

    @property
    def shards(self) -> tuple[tuple[str, Shard], ...]:
        """Name of each shard's file, and its description."""
        return (TRAIN, self.train), (VAL, self.val)

    def document(self) -> dict[str, Any]:
        """Return the manifest as a JSON document."""
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
    """Return how many of the characters train: floor(0.9 n)."""
    return characters * 9 // 10


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest in a folder.

    Raises:
        ShardError: There is no manifest, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        document = json.loads(read_regular(path))
    except FileNotFoundError:
        raise ShardError(f"{path}: missing; this folder holds no finished shards") from None
    except OSError as error:
        raise ShardError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ShardError(f"{path}: damaged: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ShardError(f"{path}: not a manifest of {FORMAT!r}")
    if document.get("checksum") != checksum(document):
        raise ShardError(f"{path}: damaged: its checksum does not match")
    try:
        return Manifest(
            version=document["version"],
            vocabulary=document["vocabulary"],
            characters=document["characters"],
            train=Shard(**document["shards"][TRAIN]),
            val=Shard(**document["shards"][VAL]),
            sources=tuple(SourceFile(**source) for source in document["sources"]),
        )
    except (KeyError, TypeError) as error:
        raise ShardError(f"{path}: lacks something: {error}") from None


def faults(
    folder: Path, hashes: bool, progress: Callable[[int], None] = lambda _: None
) -> Iterator[str]:
    """Yield what is wrong with each shard that does not match the manifest.

    Args:
        folder: Folder of the shards and the manifest.
        hashes: Whether to read the shards and compare hashes. Otherwise only sizes are compared.
        progress: Called with the number of bytes of each block that was read.

    Raises:
        ShardError: The manifest is missing or damaged.
    """
    for name, shard in read_manifest(folder).shards:
        path = folder / name
        try:
            size = path.stat().st_size
            if size != shard.bytes:
                fault = "truncated" if size < shard.bytes else "too long"
                yield f"{path}: {fault}: {size:,} bytes, and the manifest says {shard.bytes:,}"
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
    """Return the SHA-256 of a file, with one block at a time in memory.

    Raises:
        OSError: The file cannot be read.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            progress(len(block))
    return digest.hexdigest()


def check_shards(folder: Path, hashes: bool) -> Manifest:
    """Check that the shards in a folder match their manifest, and return it.

    Args:
        folder: Folder of the shards and the manifest.
        hashes: Whether to compare hashes too, which reads the whole shards.

    Raises:
        ShardError: The shards do not match the manifest.
    """
    if wrong := list(faults(folder, hashes)):
        raise ShardError("; ".join(wrong))
    return read_manifest(folder)


def map_shards(paths: Sequence[str]) -> tuple[str, Any]:
    """Return the vocabulary of shards and their ids, those that train and those that validate.

    The ids are two one-dimensional tensors of torch.uint16, which are the files themselves, mapped
    into memory.

    Args:
        paths: A single folder that ``nanogpt-rs data prepare`` made.

    Raises:
        ShardError: The manifest is missing or damaged.
    """
    import numpy as np
    import torch

    folder = Path(*paths)
    manifest = read_manifest(folder)

    def ids(name: str, shard: Shard) -> Any:
        if not shard.characters:  # an empty file cannot be mapped
            return torch.empty(0, dtype=torch.uint16)
        # Mode "c" copies pages that are written to. None is, but torch warns of read-only memory.
        return torch.from_numpy(np.memmap(folder / name, "<u2", "c").astype("=u2", copy=False))

    train, val = (ids(name, shard) for name, shard in manifest.shards)
    return manifest.vocabulary, (train, val)
