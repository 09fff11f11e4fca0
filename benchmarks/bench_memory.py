"""asv: peak memory of a process that makes one call, in bytes.

It includes the interpreter, the corpus and a copy of it, which are the same for all rows of a task.
"""

from __future__ import annotations

from nanogpt_rs.ruler.suite import Cells, Proofs, classes


class _Memory(Cells):
    version = "1"

    def peakmem_call(self, proofs: Proofs, id: str, corpus: str) -> None:
        """Call once."""
        function, arguments = self.prepare(proofs, id, corpus)
        function(*arguments)


globals().update(classes(_Memory, ("synthetic",)))
