"""Texts to prepare, the plain way to do it, and what a preparation left behind."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nanogpt_rs.preparing import engines, journal, preparation, shards, two_stages

COMMAND = Path(sys.executable).with_name("nanogpt-rs")
TEXT = "Grüße, мир! 世界 🙂 to be or not to be\r\n" * 40
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # where fsync costs nothing


def prepare(paths: Sequence[Path], out: Path, threads: int = 1, **more: Any) -> two_stages.Prepared:
    with engines.threads(threads) as engine:
        return preparation.prepare([str(path) for path in paths], out, engine, **more)


def naive(text: str) -> tuple[str, bytes, bytes]:
    """Return the vocabulary and the bytes of both shards, by as little code as possible."""
    vocabulary = "".join(sorted(set(text)))
    ids = [vocabulary.index(character).to_bytes(2, "little") for character in text]
    size = len(ids) * 9 // 10
    return vocabulary, b"".join(ids[:size]), b"".join(ids[size:])


def made(folder: Path) -> tuple[str, bytes, bytes]:
    """Return the vocabulary and both shards of a folder; they must match its manifest."""
    assert list(shards.faults(folder, hashes=True)) == []
    train, val = ((folder / name).read_bytes() for name in (shards.TRAIN, shards.VAL))
    return shards.read_manifest(folder).vocabulary, train, val


def write(folder: Path, *contents: str | bytes) -> list[Path]:
    paths = [folder / f"{number}.txt" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return paths


def kept_lines(out: Path) -> bytes:
    """Return the complete lines of a folder's journal, if there is one."""
    path = out / journal.JOURNAL
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1]


def noted(lines: bytes) -> list[tuple[str, int]]:
    """Return the kind and the part of each line of a journal; none occurs twice."""
    bodies = [json.loads(line) for line in lines.splitlines()[1:]]
    finished = [(body["kind"], body["part"]) for body in bodies]
    assert len(set(finished)) == len(finished)
    return finished
