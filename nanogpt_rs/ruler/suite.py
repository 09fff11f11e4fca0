"""The common part of asv's classes: which cells there are, their verification, and their calls.

asv imports this from HEAD into the environment of each commit, in a fresh process for each sample.

- Parameters are fixed strings, in the order of the registry, which only grows. A parameter that
  depended on what is installed would put one implementation's number under another's name.
- There is no ``setup`` hook. With one, asv calls each function once per sample, so that it measures
  the overhead of short calls and not the calls. A cell is prepared by its first, uncounted call
  instead.
- ``setup_cache`` runs once per commit. It verifies each cell in a process of its own, and a cell
  that is not right is not timed.

``version`` of each class is pinned, because asv's own would drop the history with every edit. Raise
it when the work that is measured truly changes: another corpus under the same id, another contract,
another way of calling. Do not raise it for a new row, a new corpus or an edit that leaves the call
as it is.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice, product
from typing import Any, ClassVar

from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.ruler.registry import REGISTRY, Implementation, find
from nanogpt_rs.ruler.regular import write_whole
from nanogpt_rs.ruler.tasks import TASKS, Call, Task
from nanogpt_rs.ruler.verification import Proof, document_of, proof_of, verify_apart

DEFAULT_CORPORA = ("english-1k-ascii", "synthetic")
"""Measured by default: one shows a call's fixed cost, the other its cost per megabyte."""
FULL_CORPORA = (
    *DEFAULT_CORPORA,
    "english-60-ascii",
    "english-64k-ascii",
    "tinyshakespeare",
    "western-1m-latin1",
    "russian-1m-ucs2",
    "chinese-1m-ucs2",
    "emoji-1m-ucs4",
    "chat-1m-ucs4",
    "han5000-1m-ucs2",
    "markdown-1m-ucs4",
    "source-1m-latin1",
    "manual-1m-ucs2",
)
"""Measured on request, with every row. Append only: asv keeps its results by these ids."""

Proofs = dict[tuple[str, str, str], Proof]
"""Proofs by task, id and corpus."""


def prove(
    corpus_ids: tuple[str, ...], *marks: str, rows: Sequence[Implementation] = REGISTRY
) -> Proofs:
    """Check where everything comes from, then verify rows with these marks on these corpora.

    asv calls this in each round of each commit. The proofs of the same files with the same packages
    are kept, and are not made a second time.

    Args:
        corpus_ids: The corpora's ids.
        marks: Marks that a row must have, all of them.
        rows: The rows to choose from.

    Returns:
        The proofs by task, id and corpus.

    Raises:
        nanogpt_rs.ruler.provenance.ProvenanceError: nothing here may be timed.
    """
    provenance.check()
    chosen = [row for task in TASKS.values() for row in rows_of(task, marks, rows)]
    pairs = list(product(chosen, corpus_ids))
    cells = [(row.task, row.id, corpus) for row, corpus in pairs]
    origins = [str(row.origin) for row in chosen if row.origin]
    rust_impls = importlib.import_module("rust_impls")
    # A kernel has code for several sets of instructions. Wheels of old commits do not name them.
    paths = str(getattr(rust_impls, "simd_paths", str)())
    fingerprint = provenance.fingerprint(repr(cells), *origins, paths)
    kept = corpora.cache_folder() / "proofs" / f"{fingerprint}.json"
    try:
        proofs = [proof_of(document) for document in json.loads(kept.read_bytes())]
    except OSError:
        proofs = [verify_apart(row, corpus) for row, corpus in pairs]
        # A wrong proof may be an accident, so that it is not kept.
        if not any(proof.status == "wrong" for proof in proofs):
            documents = [document_of(proof) for proof in proofs]
            with suppress(OSError):
                write_whole(kept, json.dumps(documents).encode())
    return dict(zip(cells, proofs, strict=True))


class Cells:
    """The cells of one task. A subclass names the task; asv makes one object of it per process."""

    task: ClassVar[Task]
    rows: ClassVar[Sequence[Implementation]] = REGISTRY
    params: ClassVar[tuple[list[str], list[str]]]
    param_names: ClassVar[list[str]] = ["implementation", "corpus"]
    timeout = 300
    # Ten samples, each from a fresh process (so a fresh hash seed and memory layout), of at least
    # 3 ms of this process's own time. Of the settings that were tried, these gave no false alarms.
    rounds = 10
    repeat = 1
    sample_time = 0.003
    warmup_time = 0.05
    timer = time.process_time

    def __init__(self) -> None:
        self.prepared: Call | None = None
        self.text: str | None = None
        # Importing what a cell needs and reading its text can take longer than asv's warm-up, which
        # would then find the call slow and never repeat it within a sample. So both happen here,
        # before the clock starts; an error is raised when the cell is called.
        if cell := self.cell_of_process():
            id, corpus = cell
            with suppress(Exception):
                self.text = corpora.own_copy(corpora.load(corpus).text)
                find(self.task.name, id).resolve()

    def cell_of_process(self) -> tuple[str, ...] | None:
        """Return the parameters of the cell that asv started this process for, or ``None``.

        asv names the cell in the process's arguments: ``bench_call.Charset.time_call-12``.
        """
        prefix = f"{type(self).__module__.partition('.')[2]}.{type(self).__name__}."
        for argument in sys.argv:
            name, _, index = argument.rpartition("-")
            if name.startswith(prefix) and index.isdigit():
                return next(islice(product(*self.params), int(index), None), None)
        return None

    def setup_cache(self) -> Proofs:
        """Verify every cell of the default corpora; asv calls it once for all classes with it."""
        return prove(DEFAULT_CORPORA, "default", rows=self.rows)

    setup_cache.timeout = 1800  # type: ignore[attr-defined]

    def prepare(self, proofs: Proofs, id: str, corpus: str) -> Call:
        """Return the call to time, and keep it.

        So only the first call of a process, which is not counted, includes the preparation.
        """
        require_proved(proofs[self.task.name, id, corpus])
        text = self.text or corpora.own_copy(corpora.load(corpus).text)
        self.prepared = self.call(find(self.task.name, id).resolve(), text)
        return self.prepared

    def call(self, function: Any, text: str) -> Call:
        """Return the call that is timed: the task's, unless a subclass has another."""
        return self.task.call(function, text)


def require_proved(proof: Proof) -> None:
    """Refuse a cell that is not right; asv then shows it as failed, or as n/a.

    Raises:
        asv_runner.benchmarks.mark.SkipNotImplemented: this commit or environment lacks it.
        RuntimeError: it is wrong.
    """
    if proof.status == "n/a":
        from asv_runner.benchmarks.mark import SkipNotImplemented

        raise SkipNotImplemented("; ".join(proof.details))
    if proof.status != "right":
        raise RuntimeError(f"{proof.task} {proof.id}: {'; '.join(proof.details)}")


def rows_of(
    task: Task, marks: tuple[str, ...], rows: Sequence[Implementation] = REGISTRY
) -> list[Implementation]:
    """Return the rows of a task that have all these marks.

    A variant of a task, such as one with another vocabulary, has none that run by default.
    """
    if task.variant_of and "default" in marks:
        return []
    return [row for row in rows if row.task == task.name and row.marks.issuperset(marks)]


def classes(
    base: type[Cells],
    corpus_ids: tuple[str, ...] = DEFAULT_CORPORA,
    marks: tuple[str, ...] = ("default",),
    rows: Sequence[Implementation] = REGISTRY,
) -> Iterator[tuple[str, type[Cells]]]:
    """Yield a class for asv, with its name, for each task that has such rows.

    asv keeps results by these names.

    Args:
        base: The class that the classes are derived from.
        corpus_ids: The corpora's ids.
        marks: Marks that a row must have, all of them.
        rows: The rows to choose from, which must not depend on what is installed. A suite of
            another project passes what ``nanogpt_rs.ruler.foreign.add_file`` returns.
    """
    for task in TASKS.values():
        if chosen := rows_of(task, marks, rows):
            name = "".join(word.capitalize() for word in task.name.split("_"))
            parameters = ([row.id for row in chosen], list(corpus_ids))
            fields = {"task": task, "rows": tuple(rows), "params": parameters}
            yield name, type(name, (base,), fields | {"__module__": base.__module__})
