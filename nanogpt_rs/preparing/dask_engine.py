"""The engine of dask.distributed, whose workers are processes here or on other machines.

Workers open texts and shards by their paths, so all must see the same file system. They run the
same kernels, so all must have the same build of this package.
"""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from nanogpt_rs.preparing.engines import EngineError, TimedResult, call_kernel
from nanogpt_rs.ruler.provenance import how_to_install
from nanogpt_rs.ruler.remarks import say

CONNECT_SECONDS = 60
WORKER_SECONDS = 300
"""Seconds in which the first worker must join; on a busy machine its imports take long."""
COUNT_EVERY = 2.0
"""Seconds after which workers are counted again."""
TOLD_AFTER = 5.0
"""Seconds without any worker after which that is said; one that is restarted is back sooner."""
RETRIES = 3
"""Number of times that a part is tried once more after its worker ended during it."""


class OtherBuildError(Exception):
    """A worker has another build of this package; the message says which."""


def build() -> tuple[str, str]:
    """Return this build's version and the hash of its Rust sources, which must agree everywhere."""
    info = importlib.import_module("rust_impls").build_info()
    return info["version"], info["source_hash"]


def call_on_worker(
    expected: tuple[str, str], kernel: str, arguments: tuple[Any, ...]
) -> TimedResult:
    """Call a kernel on a worker, and check its build first, as it may just have joined.

    Raises:
        OtherBuildError: The worker's build is not the expected one.
    """
    if (own := build()) != tuple(expected):
        from distributed import get_worker

        raise OtherBuildError(
            f"worker {get_worker().address} has nanogpt-rs {in_words(own)}, and here is "
            f"{in_words(expected)}"
        )
    return call_kernel(kernel, arguments)


def in_words(build: tuple[str, str]) -> str:
    """Return a build's version and the beginning of its hash."""
    return f"{build[0]} of sources {build[1][:8]}"


class Dask:
    """The workers of one scheduler. Hashing is done in this process, by threads."""

    name = "dask"
    in_order = False

    def __init__(self, client: Any, here: ThreadPoolExecutor, local: bool) -> None:
        self.client, self.here, self.local = client, here, local
        self.scheduler = client.scheduler.address
        self.expected = build()
        self.workerless_since: float | None = None
        self.told = False
        self.count()

    def count(self) -> None:
        """Count the workers.

        Raises:
            EngineError: The scheduler was lost.
        """
        self.counted = time.monotonic()
        try:
            self.workers: int = max(1, sum(self.client.nthreads().values()))
        except (OSError, AttributeError):  # from a client that has closed itself
            raise EngineError(self.loss()) from None

    @property
    def ahead(self) -> int:
        """Number of calls to submit in advance, so that no worker waits, even a new one."""
        if time.monotonic() - self.counted > COUNT_EVERY:
            self.count()
        return 2 * self.workers

    def submit(self, kernel: str, arguments: tuple[Any, ...], done: Callable[[Any], None]) -> Any:
        """Call a kernel on a worker.

        Raises:
            EngineError: The scheduler was lost.
        """
        try:
            call = (call_on_worker, self.expected, kernel, arguments)
            future = self.client.submit(*call, pure=False)
        except Exception as error:
            raise EngineError(f"{self.loss()} ({type(error).__name__})") from None
        ours = DaskFuture(self, future)
        future.add_done_callback(lambda _: done(ours))
        return ours

    def submit_here(self, function: Callable[[], Any], done: Callable[[Any], None]) -> Any:
        """Call a function on a thread of this process."""
        future: Future[Any] = self.here.submit(function)
        future.add_done_callback(done)
        return future

    def loss(self) -> str:
        """Return the message that the scheduler was lost."""
        return f"the scheduler {self.scheduler} was lost"

    def lost(self) -> str | None:
        """Return why no more results will come, or ``None``.

        The scheduler does not answer, or has had no worker for long. Without workers it would wait
        for ever; so this says at first that it waits, as one may be about to join.
        """
        try:
            workers = len(self.client.nthreads()) if self.client.status == "running" else None
        except (OSError, AttributeError):
            workers = None
        if workers is None:
            return self.loss()
        now = time.monotonic()
        if workers:
            self.workerless_since, self.told = None, False
            return None
        self.workerless_since = self.workerless_since or now
        waited = now - self.workerless_since
        workerless = f"the scheduler {self.scheduler} has no worker any more"
        if waited > WORKER_SECONDS:
            return f"{workerless}, and none joined within {WORKER_SECONDS} s"
        if waited > TOLD_AFTER and not self.told:
            self.told = True
            say(
                f"{workerless}; waiting for one, at most {WORKER_SECONDS} s",
                f"start one: dask worker {self.scheduler}",
            )
        return None

    def abandon(self, futures: list[Any]) -> bool:
        """Give up all calls. A resumed run repeats those under way, and writes the same bytes."""
        for future in futures:
            if isinstance(future, Future):
                future.cancel()
        return False


class DaskFuture:
    """A future of Dask's whose errors are turned into ours."""

    def __init__(self, engine: Dask, future: Any) -> None:
        self.engine, self.future = engine, future

    def done(self) -> bool:
        """Return whether the call has ended."""
        return bool(self.future.done())

    def cancelled(self) -> bool:
        """Return whether the call was cancelled."""
        return bool(self.future.cancelled())

    def when_there(self) -> Any:
        """Return the result as soon as a worker has it.

        A call that has ended is made once more if its worker ends before the result was fetched.
        Then this waits, and looks whether there is any worker to wait for.

        Raises:
            EngineError: There is none, and none will join.
            Exception: The kernel's own exception.
        """
        while True:
            try:
                return self.future.result(timeout=COUNT_EVERY)
            except TimeoutError:
                if self.future.status == "error":
                    raise
                if (reason := self.engine.lost()) is not None:
                    raise EngineError(reason) from None

    def result(self) -> Any:
        """Return the kernel's result and the seconds that it took.

        Raises:
            EngineError: No worker could call the kernel.
            Exception: The kernel's own exception.
        """
        from concurrent.futures import CancelledError

        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        try:
            return self.when_there()
        except (CancelledError, CommClosedError):
            raise EngineError(self.engine.loss()) from None
        except KilledWorker as error:
            raise EngineError(
                f"{RETRIES + 1} workers of the scheduler {self.engine.scheduler} ended in the same "
                f"part, the last of them {error.last_worker.address}"
            ) from None
        except ImportError as error:
            raise EngineError(
                f"a worker lacks nanogpt-rs: {error}", hint="install it on all workers"
            ) from None
        except OtherBuildError as error:
            raise EngineError(str(error), hint="install the same on all workers") from None
        except FileNotFoundError as error:
            raise EngineError(
                f"{error.filename}: a worker does not find it",
                hint="name a file that all workers see under the same path",
            ) from None


@contextmanager
def dask(scheduler: str | None, workers: int) -> Iterator[Dask]:
    """Yield an engine of a scheduler's workers.

    Args:
        scheduler: Address of the scheduler (default: one is started on this machine, with its
            workers, and ended afterwards).
        workers: Number of workers to start on this machine.

    Raises:
        EngineError: dask.distributed is not installed, or the scheduler cannot be reached.
    """
    try:
        import dask.config
        import distributed
    except ImportError:
        raise EngineError(
            "dask.distributed is not installed here", hint=how_to_install("distributed")
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
                # A trivial call on each, so that imports and connections belong to start-up.
                trivial = (call_on_worker, build(), "crc32", (b"", 0))
                futures = [
                    client.submit(*trivial, pure=False, workers=[worker])
                    for worker in client.nthreads()
                ]
                client.gather(futures)
                yield Dask(client, here, local=True)


@contextmanager
def silence() -> Iterator[None]:
    """Log nothing: Dask says at length what our errors say in a line."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def wait_for_a_worker(client: Any, scheduler: str) -> Any:
    """Return the client once its scheduler has a worker.

    Raises:
        EngineError: No worker joined within ``WORKER_SECONDS``.
    """
    import distributed

    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except (TimeoutError, distributed.TimeoutError):
        raise EngineError(f"the scheduler {scheduler} has no worker") from None
    return client


@contextmanager
def closing(resource: Any) -> Iterator[None]:
    """Close a client or a cluster in the end, even if its other side is gone."""
    try:
        yield
    finally:
        with suppress(Exception):
            resource.close(timeout=30)
