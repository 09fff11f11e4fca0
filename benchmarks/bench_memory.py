"""asv: peak memory of a process that makes one call, in bytes.

The interpreter, the corpus and its copy are in it, the same for all rows of a task.
"""

from __future__ import annotations

from nanogpt_rs.ruler.suite import Cells, Proofs, classes


class _Memory(Cells):
    version = "1"

    def peakmem_call(self, verdicts: Proofs, id: str, corpus: str) -> None:
        """Call once."""
        function, arguments = self.prepare(verdicts, id, corpus)
        function(*arguments)


globals().update(classes(_Memory, ("synthetic",)))
