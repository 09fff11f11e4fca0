"""What the asv classes share: which cells there are, their proof, and how one is called.

asv imports this from HEAD into the environment of each commit, in a fresh process for each sample.

- Parameters are fixed strings, in the order of the registry, which only grows: a parameter that
  depended on what is installed would put one implementation's number under another's name.
- There is no ``setup`` hook: with one, asv calls each function once a sample, and short calls are
  not measured but their overhead. A cell is prepared by its first, uncounted call instead.
- ``setup_cache`` runs once a commit: it proves each cell in a process of its own, and what is not
  proved is not timed.

``version`` of each class is pinned, since asv's own would drop the history with every edit. Raise
it when the work that is measured truly changes: another corpus under the same id, another contract,
another way of calling. Not for a new row, a new corpus or an edit that leaves the call as it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any, ClassVar

from benchmarks import corpora, provenance
from benchmarks.registry import REGISTRY, Implementation, find
from benchmarks.tasks import TASKS, Call, Task
from benchmarks.verification import Verdict, verify_apart

DEFAULT_CORPORA = ("english-1k-ascii", "synthetic")
"""Measured unless asked otherwise: a call's fixed cost, and its cost by the megabyte."""
FULL_CORPORA = ("english-60-ascii", "english-64k-ascii", "tinyshakespeare")
"""Measured on request. Append only, like everything that asv keys results by."""

Verdicts = dict[tuple[str, str, str], Verdict]


def prove(corpus_ids: tuple[str, ...]) -> Verdicts:
    """Check where everything comes from, then verify every row on these corpora.

    Raises:
        benchmarks.provenance.ProvenanceError: nothing here may be timed.

    """
    provenance.check()
    verdicts = {}
    for row in REGISTRY:
        for corpus in corpus_ids:
            verdict = verify_apart(row, corpus)
            verdicts[row.task, row.id, corpus] = verdict
    return verdicts


class Cells:
    """Cells of one task; a subclass names the task, and asv makes one object of it a process."""

    task: ClassVar[Task]
    param_names: ClassVar[list[str]] = ["implementation", "corpus"]
    timeout = 300
    # Ten samples, each from a fresh process (so a fresh hash seed and memory layout), of at least
    # 3 ms of this process's own time: of the settings tried, those without false alarms.
    rounds = 10
    repeat = 1
    sample_time = 0.003
    warmup_time = 0.05
    timer = time.process_time

    def __init__(self) -> None:
        self.prepared: Call | None = None
        # Imports are the slowest part of preparing a cell: here they are done before asv starts
        # to calibrate. Whatever fails is reported when the cell is called.
        for row in rows_of(self.task):
            for module in row.needs:
                with suppress(Exception):
                    import_module(module)

    def setup_cache(self) -> Verdicts:
        """Prove every cell of the default corpora; asv does it once for all classes here."""
        return prove(DEFAULT_CORPORA)

    setup_cache.timeout = 1800  # type: ignore[attr-defined]

    def prepare(self, verdicts: Verdicts, id: str, corpus: str) -> Call:
        """Return the call to time, and keep it: only a process's first call, uncounted, waits."""
        require_proved(verdicts[self.task.name, id, corpus])
        text = corpora.own_copy(corpora.load(corpus).text)
        self.prepared = self.call(find(self.task.name, id).resolve(), text)
        return self.prepared

    def call(self, function: Any, text: str) -> Call:
        """Return what is timed; the call itself unless a subclass says otherwise."""
        return self.task.call(function, text)


def require_proved(verdict: Verdict) -> None:
    """Refuse a cell that is not right; asv then shows it as failed, or as n/a.

    Raises:
        asv_runner.benchmarks.mark.SkipNotImplemented: this commit or environment lacks it.
        RuntimeError: it is wrong.

    """
    if verdict.status == "n/a":
        from asv_runner.benchmarks.mark import SkipNotImplemented

        raise SkipNotImplemented("; ".join(verdict.details))
    if verdict.status != "right":
        raise RuntimeError(f"{verdict.task} {verdict.id}: {'; '.join(verdict.details)}")


def rows_of(task: Task, mark: str | None = None) -> list[Implementation]:
    """Return the registry's rows of ``task``, or those of them with this mark."""
    return [
        row for row in REGISTRY if row.task == task.name and (mark is None or mark in row.marks)
    ]


def classes(
    base: type[Cells], corpus_ids: tuple[str, ...] = DEFAULT_CORPORA, mark: str | None = None
) -> Iterator[tuple[str, type[Cells]]]:
    """Yield for each task that has such rows a class for asv, under the name it is kept by."""
    for task in TASKS.values():
        if rows := rows_of(task, mark):
            name = "".join(word.capitalize() for word in task.name.split("_"))
            parameters = ([row.id for row in rows], list(corpus_ids))
            fields = {"task": task, "params": parameters}
            yield name, type(name, (base,), fields | {"__module__": base.__module__})
