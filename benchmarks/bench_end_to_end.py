"""asv: processor time of a whole job, from a file to a loss, by the preparation of the file.

The job is short, because a step of training is the same for all. It is n/a where torch is not
installed, and in wheels from before there was a model.
"""

from __future__ import annotations

import importlib.util
from functools import partial
from pkgutil import resolve_name
from typing import Any

from nanogpt_rs.ruler.end_to_end import TRAIN
from nanogpt_rs.ruler.suite import Cells, Proofs, rows_of
from nanogpt_rs.ruler.tasks import PREPARATION, TASKS, Call

STEPS = 20


class EndToEnd(Cells):
    """A whole job on a small model."""

    version = "1"
    task = TASKS[PREPARATION]
    params = ([row.id for row in rows_of(task, ("default",))], ["synthetic"])
    rounds = 3

    def call(self, function: Any, text: str) -> Call:
        """Return the call that trains a small model, on files that the contender prepares."""
        if importlib.util.find_spec(TRAIN.partition(".")[0]) is None:
            from asv_runner.benchmarks.mark import SkipNotImplemented

            raise SkipNotImplemented("this commit has no model")
        prepare, arguments = self.task.call(function, text)
        return partial(resolve_name(TRAIN), steps=STEPS), (prepare, *arguments, "quick")

    def time_job(self, proofs: Proofs, id: str, corpus: str) -> None:
        """Prepare, train, evaluate."""
        function, arguments = self.prepared or self.prepare(proofs, id, corpus)
        function(*arguments)
