"""Hands work to an engine's workers, and hashes finished parts meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn

from nanogpt_rs.measuring.machine import free_bytes
from nanogpt_rs.preparing.engines import EngineError

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine
    from nanogpt_rs.preparing.hashing import Hasher
    from nanogpt_rs.preparing.stages import StageSeconds


@dataclass
class WorkItem:
    """A call of a kernel.

    Attributes:
        part: Number of the part that it works on.
        kernel: Name of the kernel.
        arguments: Arguments of the kernel.
        finish: Called with the seconds that the call took and with its result.
    """

    part: int
    kernel: str
    arguments: tuple[Any, ...]
    finish: Callable[[float, Any], None]


class WorkItemError(Exception):
    """A work item failed.

    Args:
        part: Number of the part that it worked on.
        cause: The exception that it raised.
    """

    def __init__(self, part: int, cause: Exception) -> None:
        super().__init__(str(cause))
        self.part, self.cause = part, cause


class Dispatcher:
    """Has an engine do work items, and hashes finished parts.

    Where the engine works on this machine's cores, hashing runs last, unless the backlog exceeds
    half of the available memory: then the system might drop it from memory, and it would have to be
    read from the disk again.

    Args:
        engine: The engine that calls kernels.
        hashers: The hashers of finished parts.
        seconds: The times that hashing is charged to.
    """

    def __init__(self, engine: Engine, hashers: Sequence[Hasher], seconds: StageSeconds) -> None:
        self.engine, self.hashers, self.seconds = engine, hashers, seconds
        self.largest_backlog = free_bytes() // 2
        self.done: SimpleQueue[tuple[WorkItem | Hasher, Any]] = SimpleQueue()
        self.running: dict[int, tuple[WorkItem | Hasher, Any]] = {}

    def run(self, items: deque[WorkItem]) -> None:
        """Do work items, which may add others to the queue when they are finished.

        Raises:
            PreparationError, OSError, ValueError, RuntimeError: The error of the first part that
                failed, once all parts before it are finished.
            EngineError: The engine was lost.
        """
        try:
            while items or self.items_running():
                self.begin(items)
                self.finish(self.wait())
        except BaseException as error:
            self.wind_down(error)

    def hash_the_rest(self) -> None:
        """Hash the finished parts that are not hashed yet.

        Raises:
            PreparationError: A part's bytes have changed.
            OSError: A file cannot be read.
        """
        self.run(deque())
        try:
            while self.begin(deque()) or self.running:
                self.finish(self.wait())
        except BaseException as error:
            self.wind_down(error)

    def items_running(self) -> int:
        """Return how many work items are under way; hashing does not count."""
        return sum(isinstance(work, WorkItem) for work, _ in self.running.values())

    def begin(self, items: deque[WorkItem]) -> bool:
        """Begin as much as can be begun now; return whether anything was."""
        begun = False
        engine = self.engine
        while True:
            running = self.items_running()
            ready = next((hasher for hasher in self.hashers if hasher.ready()), None)
            hashing = any(hasher.busy for hasher in self.hashers)
            backlog = sum(hasher.backlog() for hasher in self.hashers)
            late = engine.local and backlog > self.largest_backlog and (ready or hashing)
            # A part takes long to hash, and the next work item would have to share a core with it.
            idle = not items and not running
            if ready and (late or idle or not engine.local):
                ready.busy = True
                self.submit(ready, engine.submit_here, ready.step)
            elif items and running < engine.ahead and not late:
                item = items.popleft()
                self.submit(item, engine.submit, item.kernel, item.arguments)
            else:
                return begun
            begun = True

    def submit(self, work: WorkItem | Hasher, how: Callable[..., Any], *arguments: Any) -> None:
        """Have work done by ``how``, and its future put into the queue ``done``."""
        future = how(*arguments, lambda future: self.done.put((work, future)))
        self.running[id(work)] = work, future

    def wait(self) -> tuple[WorkItem | Hasher, Any]:
        """Wait for work to be done, and return it with its future.

        Raises:
            EngineError: The engine was lost.
        """
        from queue import Empty

        while True:
            try:
                return self.done.get(timeout=1)
            except Empty:
                if self.items_running() and (reason := self.engine.lost()):
                    raise EngineError(reason) from None

    def finish(self, done: tuple[WorkItem | Hasher, Any]) -> None:
        """Take over the result of work that is done.

        Raises:
            WorkItemError: A work item failed.
            PreparationError, OSError: Hashing failed.
        """
        work, future = done
        self.running.pop(id(work))
        if isinstance(work, WorkItem):
            try:
                seconds, result = future.result()
            except Exception as error:
                raise WorkItemError(work.part, error) from error
            work.finish(seconds, result)
        else:
            work.busy = False
            self.seconds.busy["hashing"] += future.result()

    def wind_down(self, error: BaseException) -> NoReturn:
        """Keep what is finished by now, and raise the error of the first part that has one."""
        # Not from the queue: an interruption may have lost what was just taken from it.
        running = list(self.running.values())
        # A part before the one that failed may have an error too, though its thread has only just
        # begun it and it could still be cancelled.
        first = error.part if isinstance(error, WorkItemError) else 0
        waited = self.engine.abandon(
            [
                future
                for work, future in running
                if not isinstance(work, WorkItem) or work.part >= first
            ]
        )
        for work, future in running:
            if future.cancelled() or not (waited or future.done()):
                continue
            try:
                self.finish((work, future))
            except Exception as other:  # of several errors, that of the first part is raised
                if (
                    isinstance(error, WorkItemError)
                    and isinstance(other, WorkItemError)
                    and other.part < error.part
                ):
                    error = other
        self.running.clear()
        raise error.cause if isinstance(error, WorkItemError) else error
