"""Shards on disk: their manifest, whether they match it, and how training reads them.

As in nanoGPT, a shard has no header: it is a little-endian uint16 for each character or token. For
more tokens than a uint16 can number, it is a uint32.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.preparing.token_files import read_ranks, tokens_of
from nanogpt_rs.records.durable import checksum
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.ruler.regular import read_regular

FORMAT = "nanogpt-rs shards 1"
TOKENS_FORMAT = "nanogpt-rs shards 2"
"""The format of a manifest of tokens; that of characters is as it always was."""
MANIFEST = "manifest.json"
TRAIN, VAL = "train.bin", "val.bin"
VOCABULARY = "vocabulary.tiktoken"
"""Name of the file of tokens beside the shards."""
WIDTH = 2
"""Size of a character's id in bytes."""
TYPES = {2: "<u2", 4: "<u4"}
"""Type of an id by its size in bytes, as numpy names it."""
MOST_DISTINCT = 1 << 16
BLOCK = 1 << 18


class ShardError(UserError):
    """Shards are damaged or missing; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Shard:
    """A file of ids.

    Attributes:
        characters: Number of characters of its text.
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
class TokenVocabulary:
    """The tokens that a text was encoded by.

    Attributes:
        kind: ``byte-pair``.
        name: Name of a published vocabulary, ``bpe:SIZE`` for a trained one, or the name of a file.
        tokens: Number of tokens.
        pattern: Name of the pattern that splits a text: ``gpt2``, ``cl100k`` or ``o200k``.
        regex: The pattern itself.
        file: Name of the file of tokens beside the shards, in tiktoken's form.
        sha256: Hash of that file.
        trained_on: Bytes of the text that the tokens were trained on, from its beginning; ``None``
            if they were not trained here.
    """

    kind: str
    name: str
    tokens: int
    pattern: str
    regex: str
    file: str
    sha256: str
    trained_on: int | None = None


@dataclass(frozen=True)
class Manifest:
    """Describes shards and their texts. All preparations of the same files make the same manifest.

    Attributes:
        version: Version of nanogpt-rs.
        vocabulary: Distinct characters in code-point order; an id is an index into it. Empty for
            tokens.
        characters: Number of characters in all sources together.
        train: Shard of the first floor(0.9 n) characters.
        val: Shard of the other characters.
        sources: The prepared texts, in order.
        tokenizer: The tokens; ``None`` for characters.
        vocabulary_size: Number of ids, used or not: the largest is one less.
        width: Size of an id in bytes.
    """

    version: str
    vocabulary: str
    characters: int
    train: Shard
    val: Shard
    sources: tuple[SourceFile, ...]
    tokenizer: TokenVocabulary | None = None
    vocabulary_size: int = 0
    width: int = WIDTH

    def __post_init__(self) -> None:
        """Count the characters, where these are the vocabulary."""
        if self.tokenizer is None:
            object.__setattr__(self, "vocabulary_size", len(self.vocabulary))

    def ids(self, shard: Shard) -> int:
        """Return the number of ids in a shard."""
        return shard.bytes // self.width

    @property
    def shards(self) -> tuple[tuple[str, Shard], ...]:
        """Name of each shard's file, and its description."""
        return (TRAIN, self.train), (VAL, self.val)

    def document(self) -> dict[str, Any]:
        """Return the manifest as a JSON document."""
        tokens = self.tokenizer
        body = {
            "format": TOKENS_FORMAT if tokens else FORMAT,
            "version": self.version,
            "dtype": TYPES[self.width],
            "vocabulary_size": self.vocabulary_size,
            **({"tokenizer": asdict(tokens)} if tokens else {"vocabulary": self.vocabulary}),
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
    formats = (FORMAT, TOKENS_FORMAT)
    if not isinstance(document, dict) or document.get("format") not in formats:
        raise ShardError(f"{path}: not a manifest of {' or '.join(map(repr, formats))}")
    if document.get("checksum") != checksum(document):
        raise ShardError(f"{path}: damaged: its checksum does not match")
    try:
        tokens = document["format"] == TOKENS_FORMAT
        return Manifest(
            version=document["version"],
            vocabulary="" if tokens else document["vocabulary"],
            characters=document["characters"],
            train=Shard(**document["shards"][TRAIN]),
            val=Shard(**document["shards"][VAL]),
            sources=tuple(SourceFile(**source) for source in document["sources"]),
            tokenizer=TokenVocabulary(**document["tokenizer"]) if tokens else None,
            vocabulary_size=document["vocabulary_size"],
            width={name: width for width, name in TYPES.items()}[document["dtype"]],
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
    manifest = read_manifest(folder)
    if manifest.tokenizer is not None and (wrong := token_fault(folder, manifest.tokenizer)):
        yield wrong
    for name, shard in manifest.shards:
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


def token_fault(folder: Path, tokens: TokenVocabulary) -> str | None:
    """Return what is wrong with the file of tokens beside shards, ``None`` if nothing is."""
    path = folder / tokens.file
    try:
        digest = sha256_of(path)
    except FileNotFoundError:
        return f"{path}: missing"
    except OSError as error:
        return f"{path}: {error.strerror}"
    if digest == tokens.sha256:
        return None
    return f"{path}: damaged: its SHA-256 is {digest}, and the manifest says {tokens.sha256}"


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


def map_shards(paths: Sequence[str]) -> tuple[Any, Any]:
    """Return the vocabulary of shards and their ids, those that train and those that validate.

    The ids are two one-dimensional tensors of torch.uint16 or torch.int32, which are the files
    themselves, mapped into memory. The vocabulary is a string of characters, or
    ``model.vocabulary.Tokens``.

    Args:
        paths: A single folder that ``nanogpt-rs data prepare`` made.

    Raises:
        ShardError: The manifest or the file of tokens is missing or damaged.
    """
    import numpy as np
    import torch

    folder = Path(*paths)
    manifest = read_manifest(folder)
    # Torch indexes no uint32. Ids are below 2**31, so that they are the same as an int32.
    stored, mapped = ("<u2", "=u2") if manifest.width == WIDTH else ("<i4", "=i4")

    def ids(name: str, shard: Shard) -> Any:
        if not shard.bytes:  # an empty file cannot be mapped
            return torch.from_numpy(np.empty(0, mapped))
        # Mode "c" copies pages that are written to. None is, but torch warns of read-only memory.
        return torch.from_numpy(np.memmap(folder / name, stored, "c").astype(mapped, copy=False))

    train, val = (ids(name, shard) for name, shard in manifest.shards)
    return vocabulary_of(folder, manifest), (train, val)


def vocabulary_of(folder: Path, manifest: Manifest) -> Any:
    """Return the vocabulary of shards as ``model.train`` takes it.

    Raises:
        ShardError: The file of tokens is missing or damaged.
    """
    tokens = manifest.tokenizer
    if tokens is None:
        return manifest.vocabulary
    if wrong := token_fault(folder, tokens):
        raise ShardError(wrong)
    by_id = tokens_of(read_ranks((folder / tokens.file).read_bytes()))
    vocabulary = importlib.import_module("model.vocabulary")
    return vocabulary.Tokens(tuple(by_id), tokens.pattern)
