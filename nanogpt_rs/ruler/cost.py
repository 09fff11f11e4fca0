"""Measures the time of a single call on files that exist, in a worker process.

The files may be larger than any corpus that this project holds in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter, process_time
from typing import TypedDict

from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import SHARDS


class Order(TypedDict):
    """An order to prepare files.

    Attributes:
        id: The id of a contender of the task ``SHARDS``.
        paths: The paths of the texts.
        out: The path of a folder for the shards.
        packages: The files of the measured packages, as ``provenance.package_files`` returns them.
    """

    id: str
    paths: Sequence[str]
    out: str
    packages: dict[str, str | None]


class Answer(TypedDict):
    """What one call took.

    Attributes:
        seconds: Seconds of wall-clock time.
        cpu_seconds: Seconds of the process's processor time.
    """

    seconds: float
    cpu_seconds: float


def answer(order: Order) -> Answer:
    """Make one call, in a worker process."""
    provenance.check_origins(order["packages"])
    function = find(SHARDS, order["id"]).resolve()
    cpu, wall = process_time(), perf_counter()
    function(order["paths"], order["out"])
    wall, cpu = perf_counter() - wall, process_time() - cpu
    return {"seconds": wall, "cpu_seconds": cpu}
