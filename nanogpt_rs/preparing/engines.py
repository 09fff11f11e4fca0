"""Engines, which call kernels on parts: here the threads of this process; Dask has its own file.

An engine is given one call of a kernel at a time, and returns a future.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

from nanogpt_rs.ruler.errors import UserError

TimedResult = tuple[float, Any]
"""The seconds that a kernel took, and its result."""


class EngineError(UserError):
    """An engine cannot start, or was lost; the message says which and why."""


class Engine(Protocol):
    """Calls kernels.

    Attributes:
        name: Name of the engine.
        workers: Number of kernels that run at once, as far as it is known.
        local: Whether kernels run on the cores that hash. Hashing then waits for them if it can.
        in_order: Whether it is a single worker of this process, which can hash what it works on.
    """

    name: str
    workers: int
    local: bool
    in_order: bool

    @property
    def ahead(self) -> int:
        """Number of calls to submit in advance, so that no worker waits."""

    def submit(self, kernel: str, arguments: tuple[Any, ...], done: Callable[[Any], None]) -> Any:
        """Call a kernel of ``rust_impls.partition``, then ``done`` with the future."""

    def submit_here(self, function: Callable[[], Any], done: Callable[[Any], None]) -> Any:
        """Call a function in this process, then ``done`` with the future."""

    def lost(self) -> str | None:
        """Return why no more results will come, or ``None``."""

    def abandon(self, futures: list[Any]) -> bool:
        """Cancel calls that have not begun; return whether the others are worth waiting for."""


def call_kernel(kernel: str, arguments: tuple[Any, ...]) -> TimedResult:
    """Call a kernel, and return the seconds that it took with its result."""
    kernels = importlib.import_module("rust_impls.partition")
    begun = time.perf_counter()
    result = getattr(kernels, kernel)(*arguments)
    return time.perf_counter() - begun, result


class Threads:
    """Threads of this process. They run side by side, as kernels release the GIL."""

    name = "threads"
    local = True

    def __init__(self, pool: ThreadPoolExecutor, count: int) -> None:
        self.pool, self.workers, self.ahead = pool, count, count + 1
        self.in_order = count == 1

    def submit(self, kernel: str, arguments: tuple[Any, ...], done: Callable[[Any], None]) -> Any:
        """Call a kernel on one of the threads."""
        return self.submit_here(lambda: call_kernel(kernel, arguments), done)

    def submit_here(self, function: Callable[[], Any], done: Callable[[Any], None]) -> Any:
        """Call a function on one of the same threads."""
        future: Future[Any] = self.pool.submit(function)
        future.add_done_callback(done)
        return future

    def lost(self) -> None:
        """Return ``None``: threads last as long as the process."""
        return

    def abandon(self, futures: list[Any]) -> bool:
        """Cancel calls that have not begun; the others take only a moment."""
        for future in futures:
            future.cancel()
        return True


@contextmanager
def threads(count: int) -> Iterator[Threads]:
    """Yield an engine of this many threads."""
    with ThreadPoolExecutor(count) as pool:
        yield Threads(pool, count)
