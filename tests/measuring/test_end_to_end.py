"""Whole jobs: real training in real processes, and a preparation that trains another model."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from installations import Installation

from nanogpt_rs.measuring.end_to_end import (
    DifferentModelsError,
    require_one_model,
    rows_of,
    stages_of,
    train,
)
from nanogpt_rs.records.schema import Trained
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import PREPARATION

pytestmark = pytest.mark.slow("trains a model in each of many processes")

pytest.importorskip("torch", reason="install torch: pip install 'nanogpt-rs[torch]'")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("corpus") / "mine.txt"
    path.write_text("to be, or not to be: that is the question. " * 200)
    return str(path)


@pytest.fixture(scope="module")
def trained(corpus: str) -> list[Trained]:
    ids = ("python/list_comprehension", "rust/two_passes")
    return [train(find(PREPARATION, id), corpus, "quick", 3) for id in ids]


def test_every_stage_is_timed(trained: list[Trained]) -> None:
    lecture, rust = trained
    assert lecture.prepare == ("read", "vocabulary", "encode", "tensor")
    assert rust.prepare == ("read, vocabulary, encode", "tensor")
    for run in trained:
        rest = ["import", *run.prepare, "batches", "forward", "backward", "optimizer", "evaluation"]
        assert list(run.seconds) == list(run.cpu_seconds) == rest
        assert all(taken > 0 for taken in run.seconds.values())
        assert run.steps == 3
        assert 0 < run.rest < sum(run.seconds.values())
    assert stages_of(trained)[:6] == ["import", *lecture.prepare, "read, vocabulary, encode"]


def test_preparations_train_the_same_model_to_the_same_bits(trained: list[Trained]) -> None:
    require_one_model(trained)
    other = replace(trained[1], parameters_sha256="0" * 64)
    with pytest.raises(DifferentModelsError, match="rust/two_passes trained another model than"):
        require_one_model([trained[0], other])
    with pytest.raises(DifferentModelsError, match="and loss"):
        require_one_model([trained[0], replace(trained[1], val_loss=trained[1].val_loss + 1e-9)])


def test_the_references_come_first_then_the_rust_ways() -> None:
    ids = [row.id for row in rows_of("ascii")]
    assert ids[:2] == ["python/list_comprehension", "python/bytes_translate"]
    assert {id.partition("/")[0] for id in ids[2:]} == {"rust"}
    assert [row.id for row in rows_of("ascii", ["python/numpy_table"])][2:] == [
        "python/numpy_table"
    ]


def test_the_command(nanogpt_rs: Run, corpus: str) -> None:
    done = nanogpt_rs(
        *("job", "measure", "--corpus", corpus, "--steps=3", "--id=rust/two_passes"),
        *("--dtype=bfloat16", "--attention=sdpa", "--json"),
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [run["id"] for run in document["trained"]] == [
        "python/list_comprehension",
        "python/bytes_translate",
        "rust/two_passes",
    ]
    assert len({run["parameters_sha256"] for run in document["trained"]}) == 1
    assert {run["how"] for run in document["trained"]} == {"dtype bfloat16, attention sdpa"}
    pairs = [(difference["role"], difference["id"]) for difference in document["differences"]]
    assert ("strongest", "rust/two_passes") in pairs
    for difference in document["differences"]:
        low, high = difference["interval"]
        assert low <= difference["seconds"] <= high
    assert str(Path(corpus).parent) not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--config=huge",), "no config 'huge'; there are: quick"),
        (("--dtype=int4",), "no dtype 'int4'; there are: float32"),
        (("--device=abacus",), "no device 'abacus'; there are: cpu, cuda, mps"),
        (("--corpus=empty", "--corpus=synthetic"), "--corpus was given twice"),
        (("charset",), "got unexpected extra argument"),
        (("--id=rust/none",), "no implementation 'rust/none'"),
        (("--corpus=none.txt",), "no such file"),
    ],
)
def test_options_that_describe_no_job_are_refused(
    forked: Run, arguments: tuple[str, ...], says: str
) -> None:
    done = forked("job", "measure", *arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr


def test_nothing_is_trained_with_a_preparation_that_is_wrong(
    installation: Installation, corpus: str
) -> None:
    """It keeps the contract but for a vocabulary in the wrong order, which trains another model."""
    path = installation.folder / "py_impls/prepare/bytes_translate.py"
    text = path.read_text()
    assert "return prepared\n" in text
    path.write_text(text.replace("return prepared\n", "return prepared[0], prepared[1].flip(0)\n"))
    done = installation.run(
        *("-m", "nanogpt_rs", "job", "measure", "--corpus", corpus, "--steps=2"),
        "--id=rust/two_passes",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "python/bytes_translate: wrong" in done.stderr
