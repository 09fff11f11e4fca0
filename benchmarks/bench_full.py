"""asv: processor time of one call, for every implementation on every corpus, on request only.

The classes are there if the environment variable NANOGPT_RS_ASV is ``full``; ``make asv-full`` sets
it.
"""

from __future__ import annotations

import os

from nanogpt_rs.ruler.suite import FULL_CORPORA, Cells, Proofs, classes, prove


class _Full(Cells):
    version = "1"

    def setup_cache(self) -> Proofs:
        """Verify every row on every corpus."""
        return prove(FULL_CORPORA)

    setup_cache.timeout = 3600  # type: ignore[attr-defined]

    def time_call(self, proofs: Proofs, id: str, corpus: str) -> None:
        """Call once."""
        function, arguments = self.prepared or self.prepare(proofs, id, corpus)
        function(*arguments)


if os.environ.get("NANOGPT_RS_ASV") == "full":
    globals().update(classes(_Full, FULL_CORPORA, marks=()))
