"""asv: wall-clock time of one call, for the ideas that use several threads.

Processor time is the sum over all threads, so that threads would seem to gain nothing.
"""

from __future__ import annotations

import time

from nanogpt_rs.ruler.suite import Cells, Proofs, classes


class _Wall(Cells):
    version = "1"
    timer = time.perf_counter

    def time_call(self, proofs: Proofs, id: str, corpus: str) -> None:
        """Call once."""
        function, arguments = self.prepared or self.prepare(proofs, id, corpus)
        function(*arguments)


globals().update(classes(_Wall, marks=("default", "parallel")))
