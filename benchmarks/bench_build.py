"""asv: processor time of the work that comes once before a task's calls: building an encoder."""

from __future__ import annotations

from typing import Any

from nanogpt_rs.ruler.suite import Cells, Proofs, classes
from nanogpt_rs.ruler.tasks import Call


class _Build(Cells):
    version = "1"

    def call(self, function: Any, text: str) -> Call:
        """Return the call that builds, instead of the one that comes after it."""
        assert self.task.build is not None
        return self.task.build(function, text)

    def time_build(self, proofs: Proofs, id: str, corpus: str) -> None:
        """Build once."""
        function, arguments = self.prepared or self.prepare(proofs, id, corpus)
        function(*arguments)


globals().update(
    (name, cells) for name, cells in classes(_Build, ("synthetic",)) if cells.task.build
)
