"""Where parts of a preparation are carried out: on threads of this process, or by Dask's workers.

An engine is asked for one kernel at a time, by its name, and answers with a future.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

Answer = tuple[float, Any]
"""How many seconds a kernel took, and what it returned."""


class EngineError(Exception):
    """An engine cannot begin, or was lost; the message says which and why."""


class Engine(Protocol):
    """Carries out kernels.

    Attributes:
        name: that it is asked for by.
        workers: how many kernels run at once, as far as known.
        local: whether they run on the cores that hash, which then waits for them if it can.
        in_order: whether it is one worker of this process, which may hash what it is at.
    """

    name: str
    workers: int
    local: bool
    in_order: bool

    @property
    def ahead(self) -> int:
        """How many to ask for at once, so that no worker waits."""

    def submit(self, kernel: str, arguments: tuple[Any, ...], done: Callable[[Any], None]) -> Any:
        """Have a kernel of ``rust_impls.partition`` carried out; ``done`` gets the future then."""

    def submit_here(self, function: Callable[[], Any], done: Callable[[Any], None]) -> Any:
        """Have a function called in this process; as above."""

    def lost(self) -> str | None:
        """Return why no more answers will come, or ``None``."""

    def abandon(self, futures: list[Any]) -> bool:
        """Give up what has not begun; returns whether the rest is worth waiting for."""


def work(kernel: str, arguments: tuple[Any, ...]) -> Answer:
    """Carry out one kernel."""
    kernels = importlib.import_module("rust_impls.partition")
    begun = time.perf_counter()
    answer = getattr(kernels, kernel)(*arguments)
    return time.perf_counter() - begun, answer


class Threads:
    """Threads of this process: kernels let go of the GIL."""

    name = "threads"
    local = True

    def __init__(self, pool: ThreadPoolExecutor, count: int) -> None:
        self.pool, self.workers, self.ahead = pool, count, count + 1
        self.in_order = count == 1

    def submit(self, kernel: str, arguments: tuple[Any, ...], done: Callable[[Any], None]) -> Any:
        """Have a kernel carried out."""
        return self.submit_here(lambda: work(kernel, arguments), done)

    def submit_here(self, function: Callable[[], Any], done: Callable[[Any], None]) -> Any:
        """Have a function called by one of the same threads."""
        future: Future[Any] = self.pool.submit(function)
        future.add_done_callback(done)
        return future

    def lost(self) -> None:
        """Return ``None``: threads are as long as the process is."""
        return

    def abandon(self, futures: list[Any]) -> bool:
        """Give up what has not begun; the rest takes a moment only."""
        for future in futures:
            future.cancel()
        return True


@contextmanager
def threads(count: int) -> Iterator[Threads]:
    """Yield so many threads."""
    with ThreadPoolExecutor(count) as pool:
        yield Threads(pool, count)
