"""Shards on disk: damage is found and named, and training reads them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from preparations import TEXT, prepare, write

from nanogpt_rs.preparing import shards

Run = Callable[..., subprocess.CompletedProcess[str]]


def damages() -> dict[str, Callable[[Path], Any]]:
    def flip(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    return {
        "damaged: its SHA-256 is": flip,
        "truncated: ": lambda path: os.truncate(path, path.stat().st_size - 2),
        "too long: ": lambda path: os.truncate(path, path.stat().st_size + 2),
        "missing": Path.unlink,
    }


@pytest.mark.parametrize("says", damages())
@pytest.mark.parametrize("name", [shards.TRAIN, shards.VAL])
def test_a_damaged_shard_is_found_and_named(
    nanogpt_rs: Run, name: str, says: str, tmp_path: Path
) -> None:
    prepare(write(tmp_path, TEXT), tmp_path / "out")
    assert nanogpt_rs("data", "check", "out").returncode == 0
    damages()[says](tmp_path / "out" / name)
    done = nanogpt_rs("data", "check", "out", "--json")
    assert done.returncode == 1
    (fault,) = json.loads(done.stdout)["faults"]
    assert fault.startswith(f"out/{name}: {says}")
    assert fault in done.stderr


def test_ids_beyond_the_vocabulary_are_named(nanogpt_rs: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
    prepare(write(tmp_path, TEXT * 2), tmp_path / "out")
    path = tmp_path / "out" / shards.TRAIN
    path.write_bytes(b"\xff\xff" * (path.stat().st_size // 2))
    done = nanogpt_rs("model", "train", "--shards=out", "--steps=1")
    assert done.returncode == 1
    assert "an id of the prepared text is not in its vocabulary" in done.stderr
    assert "hint: compare the prepared text with its manifest" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_manifest_is_found_and_named(tmp_path: Path) -> None:
    prepare(write(tmp_path, TEXT), tmp_path / "out")
    path = tmp_path / "out" / shards.MANIFEST
    good = path.read_bytes()
    with pytest.raises(shards.ShardError, match=r"other/manifest.json: missing"):
        shards.read_manifest(tmp_path / "other")
    for wrong in (good[:-40], good.replace(b"1", b"2", 1), b"{}", b"[]", b"\xff"):
        path.write_bytes(wrong)
        with pytest.raises(shards.ShardError, match=r"out/manifest.json: (damaged|not a manifest)"):
            list(shards.faults(tmp_path / "out", hashes=True))


def test_training_from_shards_gives_the_same_model(nanogpt_rs: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
    (path,) = write(tmp_path, TEXT * 2)
    prepare([path], tmp_path / "out")
    trained = []
    for source in ("--corpus=0.txt", "--shards=out"):
        done = nanogpt_rs(
            "model", "train", source, "--steps=4", "--json", "--log=log", "--checkpoint=run.pt"
        )
        assert done.returncode == 0, done.stderr
        losses = [
            json.loads(line).get("loss") for line in (tmp_path / "log").read_text().splitlines()
        ]
        document = json.loads(done.stdout)
        trained.append((losses, document["val_loss"], document["parameters_sha256"]))
    assert trained[0] == trained[1]
    assert document["corpus"]["id"] == "shards:out"
    assert document["characters"] == len(TEXT * 2)
    done = nanogpt_rs("model", "sample", "run.pt", "--length=5", "--prompt=мир")
    assert done.returncode == 0, done.stderr
    # A run from the text goes on from shards, as their ids are the same.
    done = nanogpt_rs("model", "train", "--shards=out", "--verify", "--resume=run.pt", "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow("starts torch six times")
def test_shards_that_do_not_match_their_manifest_are_not_trained_on(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
    (path,) = write(tmp_path, TEXT)
    prepare([path], tmp_path / "out")
    damages()["damaged: its SHA-256 is"](tmp_path / "out" / shards.VAL)
    for arguments, status, says in (
        (["--shards=none"], 1, "none/manifest.json: missing"),
        (["--shards=out", "--verify"], 1, "out/val.bin: damaged: its SHA-256 is"),
        (["--shards=out", "--corpus=0.txt"], 2, "--shards takes neither --corpus nor --prepare"),
        (["--verify"], 2, "--verify compares the hashes of --shards"),
    ):
        done = nanogpt_rs("model", "train", *arguments, "--steps=1")
        assert (done.returncode, done.stdout) == (status, "")
        assert says in done.stderr
    os.truncate(tmp_path / "out" / shards.TRAIN, 10)
    done = nanogpt_rs("model", "train", "--shards=out", "--steps=1")
    assert done.returncode == 1
    assert "out/train.bin: truncated" in done.stderr
