"""What one worker process measures of a single call on files that exist: its time, nothing else.

The files may be larger than any corpus that this project holds in memory.
"""

from __future__ import annotations

import time
from typing import Any

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import SHARDS


def answer(order: dict[str, Any]) -> dict[str, float]:
    """Make one call.

    Args:
        order: ``id`` of a contender of the task ``SHARDS``; ``paths`` of the texts; ``out``, a
            folder for the shards; ``packages``, as ``provenance.package_files`` has them.

    Returns:
        ``seconds`` of the call by the wall clock and ``cpu_seconds`` of the process.
    """
    provenance.check_origins(order["packages"])
    function = find(SHARDS, order["id"]).resolve()
    cpu, wall = time.process_time(), time.perf_counter()
    function(order["paths"], order["out"])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"seconds": wall, "cpu_seconds": cpu}
