"""The stages of a preparation, and how long each takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

STAGES = ("vocabulary", "encoding", "hashing", "writing")


@dataclass
class StageSeconds:
    """The time that each stage takes.

    Attributes:
        wall: Wall-clock seconds of each of ``STAGES``, one after the other. For several workers,
            hashing is what is left to hash when all parts are encoded; for a single worker it is
            all hashing. Writing is waiting until the shards are on the disk.
        busy: Seconds of each of ``STAGES``, added up over workers. Encoding does not include
            writing here, which is counted on its own.
    """

    wall: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    busy: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge the time of the ``with`` block to this stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.wall[name] += time.perf_counter() - begun
