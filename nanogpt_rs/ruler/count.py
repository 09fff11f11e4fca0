"""Counts a call's instructions, in a worker process that runs under valgrind's callgrind.

A small library, which the parent process has compiled, starts counting before the call and stops it
afterwards: callgrind listens for a sequence of instructions that does nothing on a processor.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import sys
from pkgutil import resolve_name
from typing import NotRequired, TypedDict

from nanogpt_rs.ruler import corpora, provenance, registry
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.timing import Call
from nanogpt_rs.ruler.verification import not_applicable

WARM_UPS = 12
"""Calls before the first that is counted: the interpreter specializes code that has run often."""
REGIONS = 3
"""Number of calls that are counted, and of regions without a call."""
EMPTY = "empty"
"""The name of the regions that hold no call."""


class Order(TypedDict):
    """An order to count the instructions of a call.

    Attributes:
        task: The task's name.
        id: The implementation's id.
        corpus: The name that the corpus is loaded by.
        side: The folder of another wheel to count in, ``None`` for what is installed.
        build: The folder of a build of the Rust module to load (default: what is installed).
        library: The path of the compiled library.
    """

    task: str
    id: str
    corpus: str
    side: str | None
    build: NotRequired[str]
    library: str


class Answer(TypedDict):
    """What is known of the call besides callgrind's counts.

    Attributes:
        path: The set of vector instructions that the Rust module uses here, as
            ``rust_impls.simd_paths`` names it. ``None`` if the module does not tell.
        reason: The reason why it cannot be called, ``None`` if it was.
    """

    path: str | None
    reason: str | None


def answer(order: Order) -> Answer:
    """Make the ordered call several times, each time in a region of its own."""
    if order["side"]:
        sys.path.insert(0, order["side"])  # the wheel there then is what is installed
    provenance.check_packages()
    if "build" in order:
        sys.path.insert(0, order["build"])
        provenance.check_origins(provenance.files_of_build(order["build"]))
        provenance.check_linked(order["build"], importlib.import_module("rust_impls"))
    row, corpus = registry.find(order["task"], order["id"]), corpora.load(order["corpus"])
    path = active_path()
    if reason := row.unavailable() or not_applicable(row, corpus):
        return {"path": path, "reason": reason}
    count_calls(
        order["library"], TASKS[row.task].call(row.resolve(), corpora.own_copy(corpus.text))
    )
    return {"path": path, "reason": None}


def count_calls(path: str, call: Call) -> None:
    """Make a call several times, each time in a region of its own; then regions without a call.

    Args:
        path: The path of the compiled library.
        call: The call.
    """
    library = ctypes.CDLL(path)
    function, arguments = call
    for _ in range(WARM_UPS):
        function(*arguments)
    gc.collect()
    gc.disable()
    start, stop = library.start, library.stop
    for region in range(REGIONS + 1):  # the first region warms the code around the call
        start()
        function(*arguments)
        stop(f"call{region}".encode())
    for _ in range(REGIONS):
        start()
        stop(EMPTY.encode())


def active_path() -> str | None:
    """Return the name of the vector instructions that the Rust module uses, ``None`` if unknown."""
    try:
        active: str = resolve_name("rust_impls:simd_paths")()["active"]
    except (ImportError, AttributeError):  # the module of an older commit
        return None
    return active
