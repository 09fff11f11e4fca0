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

import importlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import islice, product
from typing import Any, ClassVar

from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.ruler.registry import REGISTRY, Implementation, find
from nanogpt_rs.ruler.tasks import TASKS, Call, Task
from nanogpt_rs.ruler.verification import Proof, proof_of, verify_apart

DEFAULT_CORPORA = ("english-1k-ascii", "synthetic")
"""Measured unless asked otherwise: a call's fixed cost, and its cost by the megabyte."""
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
)
"""Measured on request, with every row. Append only, like everything that asv keys results by."""

Proofs = dict[tuple[str, str, str], Proof]


def prove(
    corpus_ids: tuple[str, ...], *marks: str, rows: Sequence[Implementation] = REGISTRY
) -> Proofs:
    """Check where everything comes from, then verify rows with these marks on these corpora.

    asv asks again for each round of each commit. What was proved of these very files, with these
    very packages, is kept and not proved again.

    Raises:
        nanogpt_rs.ruler.provenance.ProvenanceError: nothing here may be timed.
    """
    provenance.check()
    chosen = [row for task in TASKS.values() for row in rows_of(task, marks, rows)]
    asked = list(product(chosen, corpus_ids))
    cells = [(row.task, row.id, corpus) for row, corpus in asked]
    origins = [str(row.origin) for row in chosen if row.origin]
    rust_impls = importlib.import_module("rust_impls")
    paths = str(getattr(rust_impls, "simd_paths", str)())  # which code of several was proved
    proved = provenance.fingerprint(repr(cells), *origins, paths)
    kept = corpora.cache_folder() / "proofs" / f"{proved}.json"
    try:
        verdicts = [proof_of(one) for one in json.loads(kept.read_bytes())]
    except OSError:
        verdicts = [verify_apart(row, corpus) for row, corpus in asked]
        if any(one.status == "wrong" for one in verdicts):
            return dict(zip(cells, verdicts, strict=True))  # perhaps by accident: asked again
        with suppress(OSError):
            corpora.write_whole(kept, json.dumps([asdict(one) for one in verdicts]).encode())
    return dict(zip(cells, verdicts, strict=True))


class Cells:
    """Cells of one task; a subclass names the task, and asv makes one object of it a process."""

    task: ClassVar[Task]
    rows: ClassVar[Sequence[Implementation]] = REGISTRY
    params: ClassVar[tuple[list[str], list[str]]]
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
        self.text: str | None = None
        # What a cell needs can take longer to import and to read than asv's warm-up, which would
        # then find the call slow and never repeat it within a sample. So it is done here, before
        # the clock; whatever fails is reported when the cell is called.
        if started_for := self.cell_of_process():
            id, corpus = started_for
            with suppress(Exception):
                self.text = corpora.own_copy(corpora.load(corpus).text)
                find(self.task.name, id).resolve()

    def cell_of_process(self) -> tuple[str, ...] | None:
        """Return the parameters of the cell that asv started this process for, if it was.

        asv names it in the process's arguments: ``bench_call.Charset.time_call-12``.
        """
        ours = f"{type(self).__module__.partition('.')[2]}.{type(self).__name__}."
        for argument in sys.argv:
            name, _, index = argument.rpartition("-")
            if name.startswith(ours) and index.isdigit():
                return next(islice(product(*self.params), int(index), None), None)
        return None

    def setup_cache(self) -> Proofs:
        """Prove every cell of the default corpora; asv does it once for all classes here."""
        return prove(DEFAULT_CORPORA, "default", rows=self.rows)

    setup_cache.timeout = 1800  # type: ignore[attr-defined]

    def prepare(self, verdicts: Proofs, id: str, corpus: str) -> Call:
        """Return the call to time, and keep it: only a process's first call, uncounted, waits."""
        require_proved(verdicts[self.task.name, id, corpus])
        text = self.text or corpora.own_copy(corpora.load(corpus).text)
        self.prepared = self.call(find(self.task.name, id).resolve(), text)
        return self.prepared

    def call(self, function: Any, text: str) -> Call:
        """Return what is timed; the call itself unless a subclass says otherwise."""
        return self.task.call(function, text)


def require_proved(verdict: Proof) -> None:
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


def rows_of(
    task: Task, marks: tuple[str, ...], rows: Sequence[Implementation] = REGISTRY
) -> list[Implementation]:
    """Return those of the rows that are of ``task`` and have all these marks."""
    return [row for row in rows if row.task == task.name and row.marks.issuperset(marks)]


def classes(
    base: type[Cells],
    corpus_ids: tuple[str, ...] = DEFAULT_CORPORA,
    marks: tuple[str, ...] = ("default",),
    rows: Sequence[Implementation] = REGISTRY,
) -> Iterator[tuple[str, type[Cells]]]:
    """Yield for each task that has such rows a class for asv, under the name it is kept by.

    The rows are given, never those that happen to be installed: a suite of another project names
    what ``nanogpt_rs.ruler.foreign.add_file`` returns.
    """
    for task in TASKS.values():
        if mine := rows_of(task, marks, rows):
            name = "".join(word.capitalize() for word in task.name.split("_"))
            parameters = ([row.id for row in mine], list(corpus_ids))
            fields = {"task": task, "rows": tuple(rows), "params": parameters}
            yield name, type(name, (base,), fields | {"__module__": base.__module__})
