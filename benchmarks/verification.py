"""Proof before time: each implementation against its oracle, in a process of its own.

A contender that crashes or hangs takes its process with it and nothing else, and what it printed,
imported or patched is gone when the clock starts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import corpora, provenance, registry, tasks

WORKER = Path(__file__).with_name("worker.py")
DEADLINE = 120.0
"""Seconds in which one implementation must prove itself on one corpus and all edges."""
QUADRATIC_LIMIT = 10_000
SHOWN = 5
"""Problems reported of one implementation; the first few say it."""


@dataclass(frozen=True)
class Verdict:
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


def verify(implementation: registry.Implementation, corpus: corpora.Corpus) -> Verdict:
    """Verify ``implementation`` on ``corpus``, the edges and the refusals, in this process."""

    def verdict(status: str, *details: str) -> Verdict:
        return Verdict(implementation.task, implementation.id, corpus.id, status, details)

    if reason := implementation.unavailable() or not_applicable(implementation, corpus):
        return verdict("n/a", reason)
    problems = tasks.TASKS[implementation.task].problems(
        implementation.resolve(), corpus.text, refuses_surrogates="utf8" in implementation.marks
    )
    shown = [problem for problem, _ in zip(problems, range(SHOWN), strict=False)]
    return verdict("wrong" if shown else "right", *shown)


def verify_apart(
    implementation: registry.Implementation, corpus: str, *, deadline: float = DEADLINE
) -> Verdict:
    """Verify ``implementation`` on the corpus of this name in a fresh process.

    Whatever happens to that process becomes a verdict.
    """
    order = {"task": implementation.task, "id": implementation.id, "corpus": corpus}
    try:
        answer = run_worker(order, deadline)
    except WorkerError as error:
        return Verdict(implementation.task, implementation.id, corpus, "wrong", (str(error),))
    return Verdict(**answer | {"details": tuple(answer["details"])})


class WorkerError(Exception):
    """A worker process ended without an answer; the message says how."""


def run_worker(order: dict[str, str], deadline: float) -> dict[str, Any]:
    """Run one order in a fresh interpreter, with this ruler, and return its answer.

    The answer comes back through a file: the contender may write to standard output what it likes.

    Raises:
        WorkerError: it crashed, hung, or ended without an answer.
    """
    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-") as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-P", str(WORKER), json.dumps(order), str(answer)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=deadline, check=False)
        except subprocess.TimeoutExpired:
            raise WorkerError(f"hung: no answer within {deadline:g} s") from None
        try:
            document = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            raise WorkerError(how_it_ended(done)) from None
    assert isinstance(document, dict)
    return document


def how_it_ended(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return in words how a process ended that gave no answer."""
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = f"signal {-done.returncode}"
        return f"crashed: killed by {name}" + (f" ({tasks.excerpt(last)})" if last else "")
    return f"ended with status {done.returncode} and no answer" + (
        f": {tasks.excerpt(last, 200)}" if last else ""
    )


def main(arguments: Sequence[str]) -> None:
    """Carry out one order and write its answer: all that a worker process does."""
    order, answer = json.loads(arguments[0]), Path(arguments[1])
    provenance.check_rooms()
    verdict = verify(registry.find(order["task"], order["id"]), corpora.load(order["corpus"]))
    partial = answer.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(verdict)), encoding="ascii")
    os.replace(partial, answer)
