"""Hands tasks to an engine's workers, and hashes what is finished meanwhile."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from pkgutil import resolve_name
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn

from nanogpt_rs.preparing.engines import EngineError
from nanogpt_rs.preparing.parts import STAGES, Piece, changed

if TYPE_CHECKING:
    from nanogpt_rs.preparing.engines import Engine


ROOM = 1 << 20
"""Bytes hashed at once."""


@dataclass
class Seconds:
    """How long it took.

    Attributes:
        wall: of each of ``STAGES``, one after the other. Hashing is what was left of it when all
            was encoded, or, by one worker, all of it; writing is to see on the disk what the system
            had taken.
        busy: added up over workers. Encoding is without writing here, which has its own.
    """

    wall: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    busy: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge what is done within to this stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.wall[name] += time.perf_counter() - begun


class Walker:
    """Hashes files from their start on, part by part, as soon as each part is finished.

    It makes sure that what it hashes is what the kernels have read or written.

    Args:
        pieces: those of a part, each with the key of its file.
        checksums: CRC-32 of the parts that are finished.
        keys: of all files.
        size: bytes of a part, about.
    """

    def __init__(
        self,
        pieces: Callable[[int], list[tuple[Any, Piece]]],
        checksums: dict[int, int],
        keys: Sequence[Any],
        size: int,
    ) -> None:
        self.pieces, self.checksums, self.size = pieces, checksums, size
        self.digests = {key: hashlib.sha256() for key in keys}
        self.next, self.busy = 0, False
        self.room = bytearray(ROOM)

    def ready(self) -> bool:
        """Whether the part that comes next is finished, and nobody is at it."""
        return not self.busy and self.next in self.checksums

    def behind(self) -> int:
        """Return about how many bytes are finished and not hashed."""
        return self.size * (len(self.checksums) - self.next)

    def step(self) -> float:
        """Hash the part that comes next, and return how many seconds that took.

        Raises:
            PreparationError: it is not what it was.
            OSError: it cannot be read.
        """
        crc32 = resolve_name("rust_impls:partition.crc32")
        begun = time.perf_counter()
        pieces = self.pieces(self.next)
        crc = 0
        room = memoryview(self.room)
        for key, (path, start, end) in pieces:
            with Path(path).open("rb", buffering=0) as file:
                file.seek(start)
                left = end - start
                while left:
                    if not (read := file.readinto(room[:left])):
                        raise changed(path)
                    self.digests[key].update(room[:read])
                    crc = crc32(room[:read], crc)
                    left -= read
        if crc != self.checksums[self.next]:
            raise changed(pieces[0][1][0])
        self.next += 1
        return time.perf_counter() - begun

    def updates(self, keys: Sequence[Any]) -> list[Callable[[bytes], None]]:
        """Return what takes bytes of these files, for whoever has them at hand in their order."""
        return [self.digests[key].update for key in keys]

    def digest(self, key: Any) -> str:
        """Return the SHA-256 of a file that was walked through."""
        return self.digests[key].hexdigest()


@dataclass
class WorkItem:
    """A kernel to be carried out.

    Attributes:
        part: on which.
        kernel: its name.
        arguments: what it is given.
        finish: gets how long it took and what it returned.
    """

    part: int
    kernel: str
    arguments: tuple[Any, ...]
    finish: Callable[[float, Any], None]


class Crew:
    """Has an engine carry out tasks, and hashes what is finished.

    On the cores that the engine works on, hashing waits until there is nothing else to do, or more
    is finished and not hashed than the system is sure to keep in memory: then it would have to be
    read from the disk again.

    Args:
        engine: that carries out.
        walkers: that hash.
        seconds: what hashing is charged to.
    """

    def __init__(self, engine: Engine, walkers: Sequence[Walker], seconds: Seconds) -> None:
        import psutil

        self.engine, self.walkers, self.seconds = engine, walkers, seconds
        self.window = psutil.virtual_memory().available // 2
        self.answers: SimpleQueue[tuple[WorkItem | Walker, Any]] = SimpleQueue()
        self.running: dict[int, tuple[WorkItem | Walker, Any]] = {}

    def carry_out(self, tasks: deque[WorkItem]) -> None:
        """Carry out tasks, which may add others to the queue when they are finished.

        Raises:
            PreparationError, OSError, ValueError, RuntimeError: the first of them, in order, that
                failed, once all before it are finished.
            EngineError: the engine was lost.
        """
        try:
            while tasks or self.working():
                self.begin(tasks)
                self.take(self.answer())
        except BaseException as error:
            self.wind_down(error)

    def hash_the_rest(self) -> None:
        """Hash what is finished and was not hashed yet.

        Raises:
            PreparationError, OSError: it cannot be done, or is not what it was.
        """
        self.carry_out(deque())
        try:
            while self.begin(deque()) or self.running:
                self.take(self.answer())
        except BaseException as error:
            self.wind_down(error)

    def working(self) -> int:
        """Return how many tasks are under way, hashing aside."""
        return sum(isinstance(each, WorkItem) for each, _ in self.running.values())

    def begin(self, tasks: deque[WorkItem]) -> bool:
        """Begin what can be begun; returns whether anything was."""
        begun = False
        engine = self.engine
        while True:
            working = self.working()
            walker = next((each for each in self.walkers if each.ready()), None)
            hashing = any(each.busy for each in self.walkers)
            behind = sum(each.behind() for each in self.walkers)
            late = engine.local and behind > self.window and (walker or hashing)
            # A part is long to hash, and what is asked for next would have to share a core with it.
            idle = not tasks and not working
            if walker and (late or idle or not engine.local):
                walker.busy = True
                self.submit(walker, engine.submit_here, walker.step)
            elif tasks and working < engine.ahead and not late:
                task = tasks.popleft()
                self.submit(task, engine.submit, task.kernel, task.arguments)
            else:
                return begun
            begun = True

    def submit(self, what: WorkItem | Walker, how: Callable[..., Any], *arguments: Any) -> None:
        """Have it carried out, and its answer put where we look for it."""
        future = how(*arguments, lambda future: self.answers.put((what, future)))
        self.running[id(what)] = what, future

    def answer(self) -> tuple[WorkItem | Walker, Any]:
        """Wait for an answer.

        Raises:
            EngineError: no more will come.
        """
        from queue import Empty

        while True:
            try:
                return self.answers.get(timeout=1)
            except Empty:
                if self.working() and (why := self.engine.lost()):
                    raise EngineError(why) from None

    def take(self, answer: tuple[WorkItem | Walker, Any]) -> None:
        """Finish what was carried out.

        Raises:
            BaseException: what it raised.
        """
        what, future = answer
        self.running.pop(id(what))
        if isinstance(what, Walker):
            what.busy = False
            self.seconds.busy["hashing"] += future.result()
        else:
            try:
                seconds, result = future.result()
            except Exception as error:
                raise WorkItemError(what.part, error) from error
            what.finish(seconds, result)

    def wind_down(self, error: BaseException) -> NoReturn:
        """Keep what is finished by now, and raise the error of the first part that has one."""
        # Not from the queue: an interruption may have lost what was just taken from it.
        running = list(self.running.values())
        # A part before the one that failed may have an error too, though its thread has only just
        # taken it and it could still be called off.
        first = error.part if isinstance(error, WorkItemError) else 0
        waited = self.engine.abandon(
            [future for what, future in running if isinstance(what, Walker) or what.part >= first]
        )
        for what, future in running:
            if future.cancelled() or not (waited or future.done()):
                continue
            try:
                self.take((what, future))
            except Exception as other:  # of several that of the first part is told
                if (
                    isinstance(error, WorkItemError)
                    and isinstance(other, WorkItemError)
                    and other.part < error.part
                ):
                    error = other
        self.running.clear()
        raise error.cause if isinstance(error, WorkItemError) else error


class WorkItemError(Exception):
    """A task failed.

    Args:
        part: that it was about.
        cause: what it raised.
    """

    def __init__(self, part: int, cause: Exception) -> None:
        super().__init__(str(cause))
        self.part, self.cause = part, cause
