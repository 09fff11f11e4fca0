"""The parts of a process that a contender must not change, because others depend on them.

A contender that changes the working folder or a signal's handler may answer rightly and yet disturb
the contenders that run after it in the same process. The surroundings are checked after its import
and after each block of calls, so that it is known which contender changed them. This guards against
faults, not against code that evades it on purpose.
"""

from __future__ import annotations

import builtins
import errno
import gc
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from nanogpt_rs.ruler import free_memory
from nanogpt_rs.ruler.plurals import counted

WATCHED = ("SIGINT", "SIGTERM", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGABRT")
STREAMS = {0: "standard input", 1: "standard output", 2: "standard error"}
SHARED = (builtins, gc, os, time)
"""Modules whose functions everyone in a process depends on."""


class DisturbedError(Exception):
    """A contender changed its surroundings; the message says how."""


class Surroundings:
    """The surroundings of a process, as they were when this was made."""

    def __init__(self) -> None:
        self.signals = [getattr(signal, name) for name in WATCHED if hasattr(signal, name)]
        self.folder = os.getcwd()  # noqa: PTH109
        self.path = list(sys.path)
        self.written = written()
        self.handlers = list(map(signal.getsignal, self.signals))
        self.streams = list(map(identity, STREAMS))
        self.shared = list(map(SharedFunctions, SHARED))
        self.child = has_child()
        self.hooks = sys.gettrace(), sys.getprofile()

    def glance(self) -> None:
        """Check those surroundings that take a microsecond each to check.

        Raises:
            DisturbedError: something is not as it was.
        """
        if (now := written()) != self.written:
            if now < 0:
                raise DisturbedError("closed standard output, file descriptor 1")
            raise DisturbedError(f"wrote {counted(now - self.written, 'byte')} to standard output")
        if working_folder() != self.folder:
            raise DisturbedError("changed the working folder")
        if sys.path != self.path:
            raise DisturbedError("changed sys.path")
        if has_child() and not self.child and (count := children()):
            raise DisturbedError(
                f"left a child process behind ({count} of them); end a pool before the call returns"
            )

    def check(self) -> None:
        """Check all surroundings, which takes some 30 microseconds.

        Raises:
            DisturbedError: something is not as it was.
        """
        self.glance()
        self.check_shared()
        for number, handler in zip(self.signals, self.handlers, strict=True):
            if signal.getsignal(number) is not handler:
                raise DisturbedError(f"changed the handler of {signal.Signals(number).name}")

    def check_shared(self) -> None:
        """Check the streams of this process, and the functions that everyone in it depends on.

        Raises:
            DisturbedError: something is not as it was.
        """
        for stream, before in zip(STREAMS, self.streams, strict=True):
            if identity(stream) != before:
                name = STREAMS[stream]
                raise DisturbedError(f"closed or replaced {name}, file descriptor {stream}")
        for shared in self.shared:
            if replaced := shared.replaced():
                raise DisturbedError(f"replaced {replaced}, which others use too")
        if (sys.gettrace(), sys.getprofile()) != self.hooks:
            raise DisturbedError("has Python call a function of its own at each line or call")

    def restore(self) -> None:
        """Put the working folder and the functions back that were there."""
        with suppress(OSError):
            os.chdir(self.folder)
        for shared in self.shared:
            vars(shared.module).update(zip(shared.names, shared.functions, strict=True))


def working_folder() -> str:
    """Return the path of the working folder; nothing if the folder was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 - a string is compared, and this is the fastest way to it
    except OSError:
        return ""


@contextmanager
def importing() -> Iterator[None]:
    """Check that an import changes nothing that others depend on, and put back what it changed.

    An import may print, handle signals and extend ``sys.path``: that harms nobody who is checked
    for it only from then on.

    Raises:
        DisturbedError: it changed the working folder, a stream, or a function of ``SHARED``.
    """
    before = Surroundings()
    try:
        yield
        if working_folder() != before.folder:
            raise DisturbedError("changed the working folder when it was imported")
        try:
            before.check_shared()
        except DisturbedError as disturbed:
            raise DisturbedError(f"{disturbed}, when it was imported") from None
    finally:
        before.restore()


class SharedFunctions:
    """The functions of a module, as they were when this was made."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        # The name "_" belongs to interactive sessions and to translations.
        self.names = [
            name for name, value in vars(module).items() if callable(value) and name != "_"
        ]
        self.get = itemgetter(*self.names)
        self.functions = self.get(vars(module))

    def replaced(self) -> str | None:
        """Return the name of a function that is not as it was, ``None`` if all are."""
        now = vars(self.module)
        with suppress(KeyError):
            if self.get(now) == self.functions:  # a few microseconds, which no loop would be
                return None
        for name, function in zip(self.names, self.functions, strict=True):
            if now.get(name) is not function:
                return f"{self.module.__name__}.{name}"
        return None


def identity(descriptor: int) -> tuple[int, int] | None:
    """Return the identity of the file behind a file descriptor, ``None`` if it is closed."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def written() -> int:
    """Return the number of bytes that standard output, a file in a worker, holds so far.

    Returns:
        -1 if it is closed, 0 if the number is unknown.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
        return os.lseek(1, 0, os.SEEK_CUR)
    except ValueError:
        return -1
    except OSError as error:
        return -1 if error.errno == errno.EBADF else 0


def has_child() -> bool:
    """Return whether this process has a child, running or ended, that it has not waited for."""
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def children() -> int:
    """Return how many children this process has, without those that ``multiprocessing`` keeps.

    ``multiprocessing`` starts a process that tracks resources, and one that forks others, at their
    first use; they stay, and do nothing of their own. Where the system does not list children,
    there is at least one, as ``has_child`` says, and it is taken for such a process if one runs.
    """
    helpers = set()
    for module, name, field in (
        ("multiprocessing.resource_tracker", "_resource_tracker", "_pid"),
        ("multiprocessing.forkserver", "_forkserver", "_forkserver_pid"),
    ):
        helper = getattr(sys.modules.get(module), name, None)
        if pid := getattr(helper, field, None):
            helpers.add(pid)
    pids: set[int] = set()
    try:
        for thread in Path("/proc/self/task").iterdir():
            pids.update(map(int, (thread / "children").read_text(encoding="ascii").split()))
    except OSError:
        return 0 if helpers else 1
    return len(pids - helpers)


def limit_memory(share: float) -> None:
    """Limit this process to a share of the memory that is free now, where the system allows it.

    Code that asks for more gets a ``MemoryError``; otherwise the whole machine would swap, or the
    system would kill a process.
    """
    if (free := free_memory.left()) is None:  # not Linux
        return
    import resource

    limit = int(free.bytes * share)
    for bound in resource.getrlimit(resource.RLIMIT_DATA):
        if bound != resource.RLIM_INFINITY:
            limit = min(limit, bound)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def memory_limit() -> int | None:
    """Return how many bytes of memory this process may have, ``None`` where it has no limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return None if limit == resource.RLIM_INFINITY else limit


_forking = False
_fork = getattr(os, "fork", None)


def refuse_forks() -> None:
    """Have a contender that forks this process fail at once, and its fork end.

    A contender that forks in each call of a block would otherwise double the number of processes
    with each call. A fork must not give this process's answer either.
    """
    if _fork is not None:
        os.register_at_fork(after_in_child=lambda: None if _forking else os._exit(0))
        os.fork = refused_fork


def refused_fork() -> NoReturn:
    """Stand in the place of ``os.fork``, which pools of processes call too.

    Raises:
        DisturbedError: always.
    """
    raise DisturbedError(
        "forked its process; spawn processes instead: multiprocessing.get_context('spawn')"
    )


def fork() -> int:
    """Fork as ``os.fork`` does, which ``refuse_forks`` allows the ruler alone."""
    global _forking  # noqa: PLW0603 - the hook can be informed in no other way
    assert _fork is not None
    _forking = True
    try:
        return int(_fork())
    finally:
        _forking = False


def end_with_parent() -> None:
    """Have this process killed when its parent ends, where the system can do that."""
    if sys.platform != "linux":
        return
    import ctypes

    die_with_parent = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(die_with_parent, int(signal.SIGKILL))
