"""Parts of a preparation by the workers of dask.distributed: processes here, or other machines.

Workers open texts and shards by their paths, so all must see the same file system, and run the same
kernels, so all must have the same build of this package.
"""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from nanogpt_rs.preparing.engines import Answer, EngineError, work

CONNECT_SECONDS = 60
WORKER_SECONDS = 300
"""Within which the first workers must be there: what they import takes long on a busy machine."""
COUNT_EVERY = 2.0
"""Seconds after which workers are counted again."""
RETRIES = 3
"""How often a part may take its worker with it before it is taken to be the part's fault."""


class OtherBuildError(Exception):
    """A worker has another build of this package; the message says which."""


def build() -> tuple[str, str]:
    """Return what must be the same everywhere: the version, and the hash of the Rust sources."""
    info = importlib.import_module("rust_impls").build_info()
    return info["version"], info["source_hash"]


def work_there(expected: tuple[str, str], kernel: str, arguments: tuple[Any, ...]) -> Answer:
    """Carry out one kernel on a worker, which may have joined a moment ago.

    Raises:
        OtherBuildError: it has another build than whoever asks.
    """
    if (found := build()) != tuple(expected):
        from distributed import get_worker

        raise OtherBuildError(
            f"worker {get_worker().address} has nanogpt-rs {in_words(found)}, and here is "
            f"{in_words(expected)}: install the same on all"
        )
    return work(kernel, arguments)


def in_words(found: tuple[str, str]) -> str:
    """Return what identifies a build."""
    return f"{found[0]} of sources {found[1][:8]}"


class Dask:
    """The workers of one scheduler; hashing is done here, by threads."""

    name = "dask"
    in_order = False

    def __init__(self, client: Any, here: ThreadPoolExecutor, local: bool) -> None:
        self.client, self.here, self.local = client, here, local
        self.scheduler = client.scheduler.address
        self.expected = build()
        self.count()

    def count(self) -> None:
        """Count the workers.

        Raises:
            EngineError: the scheduler is lost.
        """
        self.counted = time.monotonic()
        try:
            self.workers: int = max(1, sum(self.client.nthreads().values()))
        except (OSError, AttributeError):  # of a client that has closed itself
            raise EngineError(self.gone()) from None

    @property
    def ahead(self) -> int:
        """How many to ask for at once, so that no worker waits that has joined meanwhile."""
        if time.monotonic() - self.counted > COUNT_EVERY:
            self.count()
        return 2 * self.workers

    def submit(self, kernel: str, arguments: tuple[Any, ...], done: Callable[[Any], None]) -> Any:
        """Have a kernel carried out by a worker.

        Raises:
            EngineError: the scheduler is lost.
        """
        try:
            future = self.client.submit(work_there, self.expected, kernel, arguments, pure=False)
        except Exception as error:
            raise EngineError(f"{self.gone()} ({type(error).__name__})") from None
        answered = Answered(self, future)
        future.add_done_callback(lambda _: done(answered))
        return answered

    def submit_here(self, function: Callable[[], Any], done: Callable[[Any], None]) -> Any:
        """Have a function called by a thread of this process."""
        future: Future[Any] = self.here.submit(function)
        future.add_done_callback(done)
        return future

    def gone(self) -> str:
        """Return that the scheduler is, in words."""
        return f"the scheduler {self.scheduler} was lost"

    def lost(self) -> str | None:
        """Return that the scheduler does not answer any more, or ``None``."""
        return None if self.client.status == "running" else self.gone()

    def abandon(self, futures: list[Any]) -> bool:
        """Give up all; what workers are at is done again, to the same bytes."""
        for future in futures:
            if isinstance(future, Future):
                future.cancel()
        return False


class Answered:
    """A future of Dask's, with errors that are ours."""

    def __init__(self, engine: Dask, future: Any) -> None:
        self.engine, self.future = engine, future

    def done(self) -> bool:
        """Return whether it has come to an end."""
        return bool(self.future.done())

    def cancelled(self) -> bool:
        """Return whether nobody will carry it out."""
        return bool(self.future.cancelled())

    def result(self) -> Any:
        """Return what the kernel returned.

        Raises:
            EngineError: no worker could carry it out.
            Exception: what the kernel raised.
        """
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        try:
            return self.future.result()
        except (CancelledError, CommClosedError):
            raise EngineError(self.engine.gone()) from None
        except KilledWorker as error:
            raise EngineError(
                f"{RETRIES + 1} workers of the scheduler {self.engine.scheduler} ended in the same "
                f"part, the last of them {error.last_worker.address}"
            ) from None
        except ImportError as error:
            raise EngineError(f"a worker lacks nanogpt-rs: {error}") from None
        except OtherBuildError as error:
            raise EngineError(str(error)) from None
        except FileNotFoundError as error:
            raise EngineError(
                f"{error.filename}: a worker does not find it, and all must see the same files"
            ) from None


@contextmanager
def dask(scheduler: str | None, workers: int) -> Iterator[Dask]:
    """Yield the workers of a scheduler.

    Args:
        scheduler: its address; without one there are processes on this machine, for the while.
        workers: how many of those.

    Raises:
        EngineError: dask.distributed is not installed, or the scheduler cannot be reached.
    """
    try:
        import dask.config
        import distributed
    except ImportError:
        raise EngineError(
            "dask.distributed is not installed here: pip install 'nanogpt-rs[dask]'"
        ) from None
    settings = {
        "distributed.scheduler.allowed-failures": RETRIES,
        "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    }
    with dask.config.set(settings), silence(), ThreadPoolExecutor(2) as here:
        if scheduler is not None:
            try:
                client = distributed.Client(scheduler, timeout=CONNECT_SECONDS)
            except (OSError, ValueError, TypeError) as error:
                raise EngineError(
                    f"no scheduler answers at {scheduler}: {str(error).partition(' after ')[0]}"
                ) from None
            with closing(client):
                yield Dask(wait_for_a_worker(client, scheduler), here, local=False)
            return
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
            silence_logs=logging.CRITICAL,
        )
        with closing(cluster):
            client = distributed.Client(cluster, timeout=CONNECT_SECONDS)
            with closing(client):
                client.wait_for_workers(workers, timeout=WORKER_SECONDS)
                nothing = (work_there, build(), "crc32", (b"", 0))
                found = [
                    client.submit(*nothing, pure=False, workers=[each])
                    for each in client.nthreads()
                ]
                client.gather(found)  # imports and connections belong to start-up
                yield Dask(client, here, local=True)


@contextmanager
def silence() -> Iterator[None]:
    """Have nothing logged: Dask says at length what we say in a line."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def wait_for_a_worker(client: Any, scheduler: str) -> Any:
    """Return the client once its scheduler has a worker.

    Raises:
        EngineError: it has none within ``WORKER_SECONDS``.
    """
    import distributed

    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except (TimeoutError, distributed.TimeoutError):
        raise EngineError(f"the scheduler {scheduler} has no worker") from None
    return client


@contextmanager
def closing(what: Any) -> Iterator[None]:
    """Close a client or a cluster in the end, also one whose other side is gone."""
    try:
        yield
    finally:
        with suppress(Exception):
            what.close(timeout=30)
