"""Proof before time: each implementation against its oracle, in a process of its own."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler import corpora, provenance, registry, tasks
from nanogpt_rs.ruler.worker import WorkerError, run_worker

DEADLINE = 120.0
"""Seconds in which one implementation must prove itself on one corpus and all edges."""
DEADLINE_BYTES = 64_000_000
"""The size of text up to which that is enough; a larger one has more, in proportion."""
QUADRATIC_LIMIT = 10_000
SHOWN = 5
"""Problems reported of one implementation; the first few say it."""


@dataclass(frozen=True)
class Proof:
    """What came of verifying one implementation on one corpus.

    Attributes:
        task: the task's name.
        id: the implementation's.
        corpus: the corpus's id.
        status: ``"right"``, ``"wrong"`` or ``"n/a"``.
        details: what was wrong, or why it is not applicable; empty where it is right.
    """

    task: str
    id: str
    corpus: str
    status: str
    details: tuple[str, ...] = ()


def proof_of(document: dict[str, Any]) -> Proof:
    """Return the verdict that was written as JSON."""
    return Proof(**document | {"details": tuple(document["details"])})


def not_applicable(implementation: registry.Implementation, corpus: corpora.Corpus) -> str | None:
    """Return why this implementation cannot be asked about this corpus, or ``None``."""
    distinct = len(set(corpus.text))
    if distinct > (largest := tasks.TASKS[implementation.task].largest_vocabulary):
        return f"the corpus has {distinct:,} distinct characters; the task holds {largest:,}"
    if "quadratic" in implementation.marks and distinct > QUADRATIC_LIMIT:
        return f"the corpus has {distinct:,} distinct characters; this idea is quadratic in them"
    if "utf8" in implementation.marks and tasks.has_surrogate(corpus.text):
        return "the corpus has lone surrogates, which this idea refuses"
    return None


def verify(implementation: registry.Implementation, corpus: corpora.Corpus) -> Proof:
    """Verify ``implementation`` on ``corpus``, the edges and the refusals, in this process.

    A limit is asked once and not compared.
    """

    def verdict(status: str, *details: str) -> Proof:
        return Proof(implementation.task, implementation.id, corpus.id, status, details)

    if reason := implementation.unavailable() or not_applicable(implementation, corpus):
        return verdict("n/a", reason)
    task = tasks.TASKS[implementation.task]
    if "limit" in implementation.marks:  # what it answers is its own affair, but it must answer
        try:
            function, arguments = task.call(implementation.resolve(), corpus.text)
            function(*arguments)
        except Exception as error:
            return verdict("wrong", f"raised {tasks.shown(error)}")
        return verdict("right")
    problems = task.problems(
        implementation.resolve(), corpus.text, refuses_surrogates="utf8" in implementation.marks
    )
    shown = [problem for problem, _ in zip(problems, range(SHOWN), strict=False)]
    return verdict("wrong" if shown else "right", *shown)


def verify_apart(
    implementation: registry.Implementation,
    corpus: str,
    *,
    deadline: float | None = None,
    side: str | None = None,
) -> Proof:
    """Verify ``implementation`` on the corpus of this name in a fresh process.

    Whatever happens to that process becomes a verdict.

    Args:
        implementation: what to verify.
        corpus: what the corpus is asked for by.
        deadline: seconds after which it is taken to hang; ``deadline_of`` the corpus if ``None``.
        side: the folder of another wheel that it comes from, instead of what is installed.
    """
    order = {
        "task": implementation.task, "id": implementation.id, "corpus": corpus, "side": side,
    }  # fmt: skip
    if deadline is None:
        deadline = deadline_of(corpus)
    try:
        return proof_of(run_worker("verification", order, deadline))
    except WorkerError as error:
        return Proof(implementation.task, implementation.id, corpus, "wrong", (str(error),))


def deadline_of(corpus: str) -> float:
    """Return in how many seconds one implementation must prove itself on this corpus.

    A file's size is in bytes; that of a registered corpus in characters, as its id says.
    """
    if corpus in corpora.CORPORA:
        size = max(corpora.SIZES.get(word, 0) for word in corpus.split("-"))
    else:
        try:
            size = Path(corpus).expanduser().stat().st_size
        except (OSError, ValueError, RuntimeError):
            size = 0  # whoever reads it says so
    return DEADLINE * max(1.0, size / DEADLINE_BYTES)


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Verify what is ordered, in a worker process."""
    if order.get("side"):
        sys.path.insert(0, order["side"])  # it then is what is installed
    provenance.check_packages()
    verdict = verify(registry.find(order["task"], order["id"]), corpora.load(order["corpus"]))
    return asdict(verdict)
