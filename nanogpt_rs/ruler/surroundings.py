"""The parts of a process that a contender must not change, because others depend on them.

A contender that changes the working folder or a signal's handler may answer rightly and yet disturb
the contenders that run after it in the same process. The surroundings are checked after each block
of calls, so that it is known which contender changed them. This guards against faults, not against
code that evades it on purpose.
"""

from __future__ import annotations

import errno
import os
import signal
import sys

from nanogpt_rs.ruler import free_memory

WATCHED = ("SIGINT", "SIGTERM", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGABRT")
STREAMS = {0: "standard input", 1: "standard output", 2: "standard error"}


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
        self.child = has_child()

    def glance(self) -> None:
        """Check those surroundings that take a microsecond each to check.

        Raises:
            DisturbedError: something is not as it was.
        """
        if (now := written()) != self.written:
            if now < 0:
                raise DisturbedError("closed standard output, file descriptor 1")
            raise DisturbedError(f"wrote {now - self.written} bytes to standard output")
        try:
            folder = os.getcwd()  # noqa: PTH109
        except OSError:  # the folder was removed
            folder = ""
        if folder != self.folder:
            raise DisturbedError("changed the working folder")
        if sys.path != self.path:
            raise DisturbedError("changed sys.path")
        if has_child() and not self.child:
            raise DisturbedError("left a child process behind")

    def check(self) -> None:
        """Check all surroundings, which takes some 12 microseconds.

        Raises:
            DisturbedError: something is not as it was.
        """
        self.glance()
        for stream, before in zip(STREAMS, self.streams, strict=True):
            if identity(stream) != before:
                name = STREAMS[stream]
                raise DisturbedError(f"closed or replaced {name}, file descriptor {stream}")
        for number, handler in zip(self.signals, self.handlers, strict=True):
            if signal.getsignal(number) is not handler:
                raise DisturbedError(f"changed the handler of {signal.Signals(number).name}")


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


def end_forks() -> None:
    """Have processes that a contender forks from this one end at once.

    A contender that forks in each call of a block would otherwise double the number of processes
    with each call. A fork must not give this process's answer either.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: None if _forking else os._exit(0))


_forking = False


def fork() -> int:
    """Fork as ``os.fork`` does, which ``end_forks`` allows the ruler alone."""
    global _forking  # noqa: PLW0603 - the hook can be informed in no other way
    _forking = True
    try:
        return os.fork()
    finally:
        _forking = False


def end_with_parent() -> None:
    """Have this process killed when its parent ends, where the system can do that."""
    if sys.platform != "linux":
        return
    import ctypes

    die_with_parent = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(die_with_parent, int(signal.SIGKILL))
