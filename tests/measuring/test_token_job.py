"""``job tokens``: equal tokens, and the fastest trainer and encoder of each kind."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nanogpt_rs.measuring import token_job
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import TOKEN_ARRAYS, TOKEN_TRAINING
from nanogpt_rs.ruler.token_job import Answer

Run = Callable[..., subprocess.CompletedProcess[str]]
NAMES = ("import", "train tokens", "make the encoder", "encode")


def answer(*seconds: float, sha256: str = "a") -> Answer:
    return {
        "seconds": dict(zip(NAMES, seconds, strict=True)),
        "tokens": 9,
        "sha256": sha256,
        "training": {},
        "steps": 0,
    }


def pair(trainer: str, encoder: str) -> token_job.Pair:
    return find(TOKEN_TRAINING, trainer), find(TOKEN_ARRAYS, encoder)


PAIRS = (
    pair("python/rustbpe", "python/tiktoken"),
    pair("python/bpeasy", "python/gigatoken"),
)


def test_the_fastest_trainer_and_encoder_may_be_of_different_pairs() -> None:
    answers = {
        PAIRS[0]: [answer(0, 2, 9, 4), answer(0, 3, 1, 4), answer(0, 100, 1, 4)],
        PAIRS[1]: [answer(0, 4, 1, 1)] * 3,
    }
    one = token_job.fastest("library", answers, training=95.0)
    assert (one.trainer, one.encoder) == ("python/rustbpe", "python/gigatoken")
    assert one.seconds == {"train tokens": 3, "make the encoder": 1, "encode": 1}
    assert one.whole == 5
    assert one.share == pytest.approx(0.05)


def test_other_tokens_are_refused() -> None:
    answers = {PAIRS[0]: [answer(0, 1, 1, 1)], PAIRS[1]: [answer(0, 1, 1, 1, sha256="b")]}
    with pytest.raises(UserError, match="python/bpeasy and python/gigatoken make other tokens"):
        token_job.require_equal(answers, answer(0, 1, 1, 1))


def test_each_trainer_and_each_encoder_is_measured() -> None:
    for width in ("ascii", "latin1", "ucs2", "ucs4"):
        pairs = token_job.pairs_of(width)
        assert [(one.id, two.id) for one, two in pairs["rust"]] == [
            ("rust/pair_places", "rust/piece_cache")
        ]
        assert all("strongest" in " ".join(one.marks) for one, _ in pairs.get("python", ()))


def test_a_job_on_a_text_of_ones_own(nanogpt_rs: Run, tmp_path: Path) -> None:
    text = tmp_path / "mine.txt"
    text.write_text("To be, or not to be: it's the question of 1,234 words.\n" * 100)
    arguments = ("job", "tokens", "-c", str(text), "--size=300", "--steps=2")
    done = nanogpt_rs(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    kinds = [one["kind"] for one in document["preparations"]]
    assert kinds[0] == "python"
    assert kinds[-1] == "rust"
    assert (document["measured_steps"], document["steps"], document["size"]) == (2, 250, 300)
    assert document["training"] > 0
    assert 1_000 < document["tokens"] < document["characters"]
    for one in document["preparations"]:
        whole = sum(one["seconds"].values())
        assert one["share"] == pytest.approx(whole / (whole + document["training"]))


def test_a_text_that_is_too_short_is_refused(nanogpt_rs: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("to be")
    done = nanogpt_rs("job", "tokens", "-c", str(tmp_path / "mine.txt"))
    assert done.returncode == 2
    assert "has 5 characters; a job needs 1,000" in done.stderr
