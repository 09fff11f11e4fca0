"""A whole job under pytest-benchmark: a file is prepared, and a small model trained on it."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

import pytest

from nanogpt_rs.measuring.end_to_end import rows_of
from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.ruler.end_to_end import TRAIN
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import PREPARATION, TASKS

STEPS = 20
CORPUS = corpora.DEFAULT
TRAINED: dict[str, str] = {}
"""SHA-256 of the parameters that each preparation led to."""


@pytest.mark.parametrize("implementation", rows_of("ascii"), ids=lambda row: row.id)
def test_job(implementation: Implementation, benchmark: Any) -> None:
    """Time one whole job, and assert that it trained the model that the others trained."""
    torch = pytest.importorskip("torch", reason="install torch: pip install 'nanogpt-rs[torch]'")
    task, corpus = TASKS[PREPARATION], corpora.load(CORPUS)
    benchmark.group = f"end to end, {STEPS} steps on {corpus.id}"
    benchmark.extra_info |= {
        "task": "end_to_end",
        "id": implementation.id,
        "corpus": corpus.id,
        "corpus_sha256": corpus.sha256,
        "steps": STEPS,
        "torch": str(torch.__version__),
        "build": provenance.check().info,
    }
    prepare, (paths,) = task.call(implementation.resolve(), corpus.text)
    train = resolve_name(TRAIN)
    summary = benchmark.pedantic(train, (prepare, paths, "quick"), {"steps": STEPS}, rounds=1)
    TRAINED[implementation.id] = summary.parameters_sha256
    assert set(TRAINED.values()) == {summary.parameters_sha256}, TRAINED
