"""asv: wall-clock time of one call of the ideas that use several threads.

Processor time adds their threads up, so that they would seem to gain nothing.
"""

from __future__ import annotations

import time

from nanogpt_rs.ruler.suite import Cells, Proofs, classes


class _Wall(Cells):
    version = "1"
    timer = time.perf_counter

    def time_call(self, verdicts: Proofs, id: str, corpus: str) -> None:
        """Call once."""
        function, arguments = self.prepared or self.prepare(verdicts, id, corpus)
        function(*arguments)


globals().update(classes(_Wall, marks=("default", "parallel")))
