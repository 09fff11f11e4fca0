"""A model of byte-pair tokens: trained on shards, resumed to the same bits, and sampled."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[train]'")

from model import train as training
from model.gpt import Config
from model.vocabulary import Tokens, bytes_of, from_document, texts_of, to_document
from nanogpt_rs.preparing import engines, preparation, shards
from nanogpt_rs.preparing.token_files import file_of
from nanogpt_rs.preparing.tokenizers import Tokenizer, find_tokenizer
from nanogpt_rs.training.corpus import encode_prompt

Run = Callable[..., subprocess.CompletedProcess[str]]
TEXT = "To be, or not to be: that is the question. Grüße 世界!\n" * 60
TINY = Config(context=8, layers=1, heads=2, width=16)
BYTES = {bytes([byte]): byte for byte in range(256)}


def prepared(folder: Path, tokenizer: Tokenizer | None) -> Path:
    (folder / "text.txt").write_text(TEXT, encoding="utf-8", newline="")
    with engines.threads(1) as engine:
        preparation.prepare([str(folder / "text.txt")], folder / "out", engine, tokenizer=tokenizer)
    return folder / "out"


def test_the_loss_is_given_per_token_and_per_character(nanogpt_rs: Run, tmp_path: Path) -> None:
    out = prepared(tmp_path, find_tokenizer("bpe:280"))
    arguments = ("model", "train", f"--shards={out}", "--verify", "--steps=3", "--config=quick")
    done = nanogpt_rs(*arguments, f"--checkpoint={tmp_path / 'run.pt'}", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    manifest = shards.read_manifest(out)
    assert document["characters"] == len(TEXT)
    assert document["tokens"] == manifest.ids(manifest.train) + manifest.ids(manifest.val)
    assert document["vocabulary_size"] == 280
    nats = document["val_loss"] * (manifest.ids(manifest.val) - 1)
    characters = len(TEXT) - len(TEXT) * 9 // 10
    assert document["val_loss_per_character"] == pytest.approx(nats / characters)
    assert math.isfinite(document["val_loss"])
    sampled = nanogpt_rs("model", "sample", str(tmp_path / "run.pt"), "--prompt=Grüße Ω", "--json")
    assert sampled.returncode == 0, sampled.stderr
    assert json.loads(sampled.stdout)["text"]


@pytest.mark.parametrize("shift", [0, 70_000])
def test_a_resumed_run_has_the_same_bits(shift: int, tmp_path: Path) -> None:
    ranks = {token: id + (shift if id > 150 else 0) for token, id in BYTES.items()}
    out = prepared(tmp_path, Tokenizer("own", "gpt2", data=file_of(ranks)))
    recipe = training.Recipe(steps=6, batch=2, learning_rate=0.01)
    arguments = (shards.map_shards, [str(out)], TINY)
    straight = training.train(*arguments, recipe=recipe)
    assert straight.vocabulary_size == 256 + shift
    path = tmp_path / "run.pt"
    steps = iter(range(3))
    training.train(
        *arguments,
        recipe=recipe,
        checkpoint=path,
        stop=lambda: next(steps) == 2,
    )
    resumed = training.train(shards.map_shards, [str(out)], resume=path)
    assert resumed.parameters_sha256 == straight.parameters_sha256
    assert resumed.losses == straight.losses


def test_a_checkpoint_goes_on_with_its_own_tokens_alone(tmp_path: Path) -> None:
    recipe = training.Recipe(steps=2, batch=2, learning_rate=0.01)
    for name, tokens in (("a", BYTES), ("b", {token: 255 - id for token, id in BYTES.items()})):
        folder = tmp_path / name
        folder.mkdir()
        prepared(folder, Tokenizer("own", "gpt2", data=file_of(tokens)))
    path = tmp_path / "run.pt"
    training.train(
        shards.map_shards, [str(tmp_path / "a/out")], TINY, recipe=recipe, checkpoint=path
    )
    with pytest.raises(training.TrainingError, match="was trained on another text"):
        training.train(shards.map_shards, [str(tmp_path / "b/out")], resume=path)


def test_a_character_of_several_tokens_comes_with_the_last() -> None:
    tokens = Tokens(tuple(bytes([byte]) for byte in range(256)), "gpt2")
    assert list(texts_of(tokens, "é!".encode())) == ["", "é", "!", ""]
    assert "".join(texts_of(tokens, b"a\xffb\xc3")) == "a\ufffdb\ufffd"
    assert "".join(texts_of("abc", [2, 0])) == "ca"


def test_vocabularies_survive_a_checkpoint_and_are_told_apart() -> None:
    some = [
        "ab",
        Tokens((b"ab", b"", b"\xff"), "gpt2"),
        Tokens((b"a", b"b", b"\xff"), "gpt2"),
        Tokens((b"ab", b"", b"\xff"), "cl100k"),
    ]
    assert [from_document(json.loads(json.dumps(to_document(one)))) for one in some] == some
    assert len({bytes_of(one) for one in some}) == len(some)


def test_a_prompt_is_encoded_by_the_models_tokens() -> None:
    vocabulary = Tokens((*(bytes([byte]) for byte in range(256)), b"", b"to", b" be"), "gpt2")
    assert encode_prompt(vocabulary, "to be") == [257, 258]
