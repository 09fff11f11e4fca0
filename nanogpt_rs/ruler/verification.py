"""Verifies each implementation against its task's oracle, in a process of its own."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from nanogpt_rs.ruler import corpora, provenance, registry, tasks
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.surroundings import DisturbedError, importing
from nanogpt_rs.ruler.worker import run_worker

DEADLINE = 120.0
"""Seconds within which one implementation must be verified on one corpus and all edges."""
DEADLINE_BYTES = 64_000_000
"""Size in bytes of a text up to which the deadline is enough; larger texts have proportionally more
time."""
QUADRATIC_LIMIT = 10_000
"""Distinct characters in a corpus beyond which implementations marked ``quadratic`` are not run."""
PIECE_LIMIT = 20_000
"""Length in characters of a corpus's longest piece beyond which implementations marked
``short_pieces`` are not run."""
SMALL_LIMIT = 20_000
"""Characters in a corpus beyond which implementations marked ``small_texts`` are not run."""
SHOWN = 5
"""Number of problems that are reported of one implementation; the first few are enough."""


@dataclass(frozen=True)
class Proof:
    """The result of verifying one implementation on one corpus.

    Attributes:
        task: The task's name.
        id: The implementation's id.
        corpus: The corpus's id.
        status: ``"right"``, ``"wrong"`` or ``"n/a"``.
        details: The problems, or the reasons why it is not applicable; empty if it is right.
    """

    task: str
    id: str
    corpus: str
    status: str
    details: tuple[str, ...] = ()


class Order(TypedDict):
    """An order to verify one implementation on one corpus.

    Attributes:
        task: The task's name.
        id: The implementation's id.
        corpus: The name that the corpus is loaded by.
        side: The folder of another wheel that it comes from, ``None`` for what is installed.
    """

    task: str
    id: str
    corpus: str
    side: str | None


class Answer(TypedDict):
    """A proof as JSON has it; the fields are those of ``Proof``."""

    task: str
    id: str
    corpus: str
    status: str
    details: list[str]


def proof_of(document: Answer) -> Proof:
    """Return the proof that was written as JSON."""
    return Proof(
        document["task"],
        document["id"],
        document["corpus"],
        document["status"],
        tuple(document["details"]),
    )


def document_of(proof: Proof) -> Answer:
    """Return a proof in the form in which it is written as JSON."""
    return {
        "task": proof.task,
        "id": proof.id,
        "corpus": proof.corpus,
        "status": proof.status,
        "details": list(proof.details),
    }


def not_applicable(implementation: registry.Implementation, corpus: corpora.Corpus) -> str | None:
    """Return the reason why an implementation cannot be run on a corpus, ``None`` if it can."""
    task = tasks.TASKS[implementation.task]
    marks, text = implementation.marks, corpus.text
    distinct = len(set(text))
    reason = task.inapplicable(text)
    if distinct > (largest := task.largest_vocabulary):
        reason = f"the corpus has {distinct:,} distinct characters; the task holds {largest:,}"
    elif "quadratic" in marks and distinct > QUADRATIC_LIMIT:
        reason = f"the corpus has {distinct:,} distinct characters; this idea is quadratic in them"
    elif "utf8" in marks and tasks.has_surrogate(text):
        reason = "the corpus has lone surrogates, which this idea refuses"
    elif "small_texts" in marks and len(text) > SMALL_LIMIT:
        reason = (
            f"the corpus has more than {SMALL_LIMIT:,} characters; this idea would take minutes"
        )
    elif "short_pieces" in marks and (longest := task.longest_piece(text)) > PIECE_LIMIT:
        reason = f"the corpus has a piece of {longest:,} characters; this idea is quadratic in them"
    return reason


def verify(implementation: registry.Implementation, corpus: corpora.Corpus) -> Proof:
    """Verify an implementation on a corpus, the edges and the refusals, in this process.

    A limit is called once, and its answer is not compared.
    """

    def proof(status: str, *details: str) -> Proof:
        return Proof(implementation.task, implementation.id, corpus.id, status, details)

    try:
        with importing():
            reason = implementation.unavailable()
    except DisturbedError as disturbed:
        return proof("wrong", str(disturbed))
    if reason := reason or not_applicable(implementation, corpus):
        return proof("n/a", reason)
    task = tasks.TASKS[implementation.task]
    if "limit" in implementation.marks:  # its answer may be anything, but it must give one
        try:
            function, arguments = task.call(implementation.resolve(), corpus.text)
            function(*arguments)
        except Exception as error:
            return proof("wrong", f"raised {tasks.shown(error)}")
        return proof("right")
    problems = task.problems(
        implementation.resolve(),
        corpus.text,
        refuses_surrogates="utf8" in implementation.marks,
        takes_long_pieces="short_pieces" not in implementation.marks,
    )
    try:
        shown = [problem for problem, _ in zip(problems, range(SHOWN), strict=False)]
    except NotImplementedError as unable:
        return proof("n/a", str(unable))
    return proof("wrong" if shown else "right", *shown)


def verify_apart(
    implementation: registry.Implementation,
    corpus: str,
    *,
    deadline: float | None = None,
    side: str | None = None,
) -> Proof:
    """Verify an implementation on the corpus of this name, in a fresh process.

    A process that crashes or hangs gives the proof "wrong".

    Args:
        implementation: The implementation.
        corpus: The name that the corpus is loaded by.
        deadline: Seconds after which it counts as hung (default: ``deadline_of`` the corpus).
        side: The folder of another wheel that it comes from (default: what is installed).
    """
    order: Order = {
        "task": implementation.task,
        "id": implementation.id,
        "corpus": corpus,
        "side": side,
    }
    if deadline is None:
        deadline = deadline_of(corpus)
    try:
        return proof_of(run_worker("verification", order, deadline))
    except WorkerError as error:
        return Proof(implementation.task, implementation.id, corpus, "wrong", (str(error),))


def deadline_of(corpus: str) -> float:
    """Return the seconds within which one implementation must be verified on this corpus.

    They depend on a file's size in bytes, or on the size in characters that a corpus's id names.
    """
    if corpus in corpora.CORPORA:
        size = max(corpora.SIZES.get(word, 0) for word in corpus.split("-"))
    else:
        try:
            size = Path(corpus).expanduser().stat().st_size
        except (OSError, ValueError, RuntimeError):
            size = 0  # whoever reads the file reports the error
    return DEADLINE * max(1.0, size / DEADLINE_BYTES)


def answer(order: Order) -> Answer:
    """Verify the ordered implementation, in a worker process."""
    if side := order.get("side"):
        sys.path.insert(0, side)  # the wheel there then is what is installed
    provenance.check_packages()
    proof = verify(registry.find(order["task"], order["id"]), corpora.load(order["corpus"]))
    return document_of(proof)
