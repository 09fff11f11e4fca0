"""pytest-benchmark over the registry; a plain ``pytest`` run calls each case once.

The folder has no ``__init__.py``, so that asv, which imports this package whole, does not find it.
"""

from __future__ import annotations

from typing import Any

import pytest

from nanogpt_rs.measuring.selection import select
from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.suite import DEFAULT_CORPORA
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.verification import not_applicable, verify_apart


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a case of each default implementation on each corpus asked for."""
    metafunc.parametrize("corpus", metafunc.config.getoption("--corpus") or DEFAULT_CORPORA)
    metafunc.parametrize("implementation", select(), ids=lambda row: f"{row.task}-{row.id}")


def test_call(implementation: Implementation, corpus: str, benchmark: Any) -> None:
    """Time one contender on one corpus, and assert what it answered under the clock."""
    if benchmark.enabled:
        verdict = verify_apart(implementation, corpus)
        if verdict.status == "n/a":
            pytest.skip(f"n/a: {'; '.join(verdict.details)}")
        assert verdict.status == "right", verdict.details
    task = TASKS[implementation.task]
    loaded = corpora.load(corpus)
    if reason := implementation.unavailable() or not_applicable(implementation, loaded):
        pytest.skip(f"n/a: {reason}")
    benchmark.group = f"{task.name} on {loaded.id}"
    benchmark.extra_info |= {
        "task": task.name,
        "id": implementation.id,
        "corpus": loaded.id,
        "corpus_sha256": loaded.sha256,
        "characters": len(loaded.text),
        "build": provenance.check().info,
    }
    if implementation.origin:
        benchmark.extra_info["origin"] = str(implementation.origin)
    function, arguments = task.call(implementation.resolve(), corpora.own_copy(loaded.text))
    answer = benchmark(function, *arguments)
    if "limit" not in implementation.marks:
        found = task.outcome((function, arguments), answer)
        assert task.difference(found, task.oracle(loaded.text)) is None
