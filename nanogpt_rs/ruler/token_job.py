"""Prepares a text as byte-pair tokens in a worker process, or trains a model on them.

The process is fresh and has imported nothing, so that imports are a stage like the others. Each
stage is given in seconds of processor time, of all threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pkgutil import resolve_name
from time import process_time
from typing import Any, TypedDict

from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.ruler.registry import Implementation, find, rows
from nanogpt_rs.ruler.tasks import TOKEN_ARRAYS, TOKEN_TRAINING
from nanogpt_rs.ruler.tasks.bpe_oracles import ranks_of
from nanogpt_rs.ruler.tasks.bpe_split import GPT2

PREPARING = ("import", "train tokens", "make the encoder", "encode")
"""The stages of a preparation, in their order."""


class Order(TypedDict):
    """An order to prepare a text as tokens, and perhaps to train on them.

    Attributes:
        trainer: Id of the contender that trains the vocabulary.
        encoder: Id of the contender that encodes to an array.
        corpus: The name that the corpus is loaded by.
        size: Number of tokens of the vocabulary.
        packages: The files of the measured packages, as ``provenance.package_files`` returns them.
        config: The name of the model's configuration; empty to train no model.
        steps: Number of steps.
    """

    trainer: str
    encoder: str
    corpus: str
    size: int
    packages: dict[str, str | None]
    config: str
    steps: int


class Answer(TypedDict):
    """What a preparation took, and what a training took.

    Attributes:
        seconds: Seconds of processor time by stage.
        tokens: Number of tokens that the text has.
        sha256: SHA-256 of the ids of both texts, as uint32.
        training: Seconds of processor time by stage of the training; empty if there was none.
        steps: Number of steps that the configuration has.
    """

    seconds: dict[str, float]
    tokens: int
    sha256: str
    training: dict[str, float]
    steps: int


def answer(order: Order) -> Answer:
    """Prepare a text, in a worker process."""
    provenance.check_origins(order["packages"])
    text = corpora.load(order["corpus"]).text
    border = len(text) * 9 // 10
    parts = text[:border], text[border:]
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        begun = process_time()
        yield
        seconds[name] = process_time() - begun

    with stage(PREPARING[0]):
        train: Callable[[str, int], Any] = find(TOKEN_TRAINING, order["trainer"]).resolve()
        make: Callable[..., Any] = find(TOKEN_ARRAYS, order["encoder"]).resolve()
    with stage(PREPARING[1]):
        ranks = ranks_of(train(parts[0], order["size"]))
    with stage(PREPARING[2]):
        encode = make(ranks, GPT2)
    with stage(PREPARING[3]):
        arrays = [encode(part) for part in parts]
    digest = hashlib.sha256()
    for ids in arrays:
        digest.update(ids.astype("<u4").tobytes())
    training, steps = (
        train_on(ranks, arrays, order["config"], order["steps"]) if order["config"] else ({}, 0)
    )
    return {
        "seconds": seconds,
        "tokens": sum(map(len, arrays)),
        "sha256": digest.hexdigest(),
        "training": training,
        "steps": steps,
    }


def train_on(
    ranks: dict[bytes, int], arrays: list[Any], config: str, steps: int
) -> tuple[dict[str, float], int]:
    """Train a model on tokens.

    Returns:
        Seconds of processor time by stage, and the number of steps that the configuration has.
    """
    module = resolve_name("model.train")
    torch = resolve_name("torch")
    tokens = [b""] * (max(ranks.values()) + 1)
    for token, id in ranks.items():
        tokens[id] = token
    vocabulary = module.Tokens(tuple(tokens), "gpt2")
    ids = tuple(torch.from_numpy(array.astype("int64")) for array in arrays)
    summary = module.train(lambda _: (vocabulary, ids), [], config, steps=steps)
    seconds = {stage: spent for stage, spent in summary.cpu_seconds.items() if spent}
    seconds.pop("prepare", None)
    return seconds, module.recipe_of(config).steps


def contenders(task: str, width: str) -> dict[str, list[Implementation]]:
    """Return the contenders of a task by kind.

    Args:
        task: Name of the task.
        width: Width of the corpus, for which one Python is the strongest.

    Returns:
        Lists of rows: ``python``, the strongest for texts of this width; ``library``, which need
        a package of tokenizers; ``rust``, ours that run by default.
    """
    kinds: dict[str, list[Implementation]] = {"python": [], "library": [], "rust": []}
    for row in rows():
        if row.task != task or {"limit", "parallel"} & set(row.marks):
            continue
        if row.id.startswith("rust/"):
            if "default" in row.marks:
                kinds["rust"].append(row)
        elif f"strongest:{width}" in row.marks:
            kinds["python"].append(row)
        elif "default" not in row.marks:
            kinds["library"].append(row)
    return kinds
