"""asv: processor time of one call, by implementation and corpus."""

from __future__ import annotations

from nanogpt_rs.ruler.suite import Cells, Proofs, classes


class _Call(Cells):
    version = "1"

    def time_call(self, proofs: Proofs, id: str, corpus: str) -> None:
        """Call once."""
        function, arguments = self.prepared or self.prepare(proofs, id, corpus)
        function(*arguments)


globals().update(classes(_Call))
