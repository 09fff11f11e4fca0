"""asv: processor time of one call, by implementation and corpus."""

from __future__ import annotations

from pathlib import Path

from nanogpt_rs.ruler.foreign import add_file
from nanogpt_rs.ruler.suite import Cells, Proofs, classes


class _Call(Cells):
    version = "1"

    def time_call(self, proofs: Proofs, id: str, corpus: str) -> None:
        """Call once."""
        function, arguments = self.prepared or self.prepare(proofs, id, corpus)
        function(*arguments)


globals().update(classes(_Call, rows=add_file(Path(__file__).with_name("task.py"))))
