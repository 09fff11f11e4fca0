"""Counts a call's instructions, in a process that runs under valgrind's callgrind.

Counting starts before the call and stops after it, by a small library that the harness has
compiled: callgrind listens for a sequence of instructions that does nothing on a processor.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from pkgutil import resolve_name
from typing import Any

from nanogpt_rs.ruler import corpora, provenance, registry
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.verification import not_applicable

WARM_UPS = 12
"""Calls before the first that is counted: the interpreter specializes what it has run often."""
REGIONS = 3
EMPTY = "empty"
"""The name of the region that holds no call."""


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Call what is ordered, each time in a region of its own.

    Args:
        order: ``task``, ``id`` and ``corpus``; ``side``, the folder of another wheel to count in,
            or ``None``; ``library``, the compiled one.

    Returns:
        ``path``, the set of vector instructions that the Rust module uses here, as
        ``rust_impls.simd_paths`` has it; ``reason``, why it cannot be called, or ``None``.
    """
    if order["side"]:
        sys.path.insert(0, order["side"])  # it then is what is installed
    provenance.check_packages()
    row, corpus = registry.find(order["task"], order["id"]), corpora.load(order["corpus"])
    path = active_path()
    if reason := row.unavailable() or not_applicable(row, corpus):
        return {"path": path, "reason": reason}
    library = ctypes.CDLL(order["library"])
    function, arguments = TASKS[row.task].call(row.resolve(), corpora.own_copy(corpus.text))
    for _ in range(WARM_UPS):
        function(*arguments)
    gc.collect()
    gc.disable()
    start, stop = library.start, library.stop
    for region in range(REGIONS + 1):  # the first one warms what stands around the call
        start()
        function(*arguments)
        stop(f"call{region}".encode())
    for _ in range(REGIONS):
        start()
        stop(EMPTY.encode())
    return {"path": path, "reason": None}


def active_path() -> str | None:
    """Return the set of vector instructions that the Rust module uses; ``None`` if it says none."""
    try:
        active: str = resolve_name("rust_impls:simd_paths")()["active"]
    except (ImportError, AttributeError):  # of an older commit
        return None
    return active
