"""The command in a process that is forked from one that has imported everything.

``python warm.py`` reads requests from standard input, a JSON document in each line, and answers
each with a line. A start of Python takes longer than a refusal, and tests ask for hundreds.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import selectors
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

LIMIT = 20.0
"""Seconds after which a command is killed."""
LEFT_OUT = {"nanogpt_rs.__main__", "nanogpt_rs.pytest_plugin"}
"""Modules that importing runs, or that pytest imports."""


class Done(NamedTuple):
    """How a command ended: its status (negative: the signal), and what it printed."""

    status: int
    stdout: str
    stderr: str


class Server:
    """Asks a process of this file to run commands.

    Args:
        prefix: A command that runs the process's command, which follows it.
        environment: The process's environment.
    """

    def __init__(self, prefix: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def run(self, words: list[str], cwd: Path, kind: str = "", **environment: str) -> Done:
        """Run the command with these words, in surroundings of a kind of ``SURROUNDINGS``."""
        request = {"words": words, "cwd": str(cwd), "kind": kind, "environment": environment}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return Done(*json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def close(*numbers: int) -> None:
    """Close standard files, which Python then begins without."""
    for number in numbers:
        os.close(number)
        setattr(sys, ("stdin", "stdout", "stderr")[number], None)


def lose_folder() -> None:
    """Enter a folder and delete it."""
    Path("gone").mkdir()
    os.chdir("gone")
    Path("../gone").rmdir()


def forget(*names: str) -> None:
    """Remove variables."""
    for name in names:
        os.environ.pop(name, None)


def hide_shared_memory() -> None:
    """Mount a folder that nobody may enter over /dev/shm, for this process alone."""
    import ctypes

    system = ctypes.CDLL(None, use_errno=True)
    new_namespace, private = 0x20000, 0x44000
    done = (
        system.unshare(new_namespace),
        system.mount(None, b"/", None, private, None),
        system.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, b"mode=000,size=4k"),
    )
    assert done == (0, 0, 0), os.strerror(ctypes.get_errno())


def limit(name: str, most: int) -> None:
    """Lower a limit of this process."""
    import resource

    resource.setrlimit(getattr(resource, name), (most, most))


def print_into(target: str) -> None:
    """Make standard output a device, or with "" a pipe whose reader has had enough."""
    if target:
        number = os.open(target, os.O_WRONLY)
    else:
        reader, number = os.pipe()
        os.close(reader)
    os.dup2(number, 1)
    os.close(number)


SURROUNDINGS: dict[str, Callable[[], None]] = {
    "closed standard input": lambda: close(0),
    "closed standard output": lambda: close(1),
    "closed standard error": lambda: close(2),
    "all three closed": lambda: close(0, 1, 2),
    "deleted working folder": lose_folder,
    "no HOME": lambda: forget("HOME", "XDG_CACHE_HOME"),
    "no /dev/shm": hide_shared_memory,
    "few open files": lambda: limit("RLIMIT_NOFILE", 8),
    "little memory": lambda: limit("RLIMIT_AS", 260_000 << 10),
    "no file may grow": lambda: limit("RLIMIT_FSIZE", 0),
    "few processes": lambda: limit("RLIMIT_NPROC", 1),
    "unknown user": lambda: forget("HOME", "USER", "LOGNAME"),
    "/dev/full": lambda: print_into("/dev/full"),
    "| head": lambda: print_into(""),
}
"""What makes surroundings of a kind, in the command's process."""


def serve() -> None:
    """Answer requests until standard input ends."""
    import nanogpt_rs

    ours = [module.name for module in pkgutil.walk_packages(nanogpt_rs.__path__, "nanogpt_rs.")]
    for name in (*ours, "model.train", "rust_impls", "scipy.stats", "rich.progress"):
        if name not in LEFT_OUT:
            import_with_what_is_installed(name)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def import_with_what_is_installed(name: str) -> None:
    """Import a module, unless it needs a package that is not installed, such as asv or torch."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in ("nanogpt_rs", "model", "rust_impls"):
            raise


def answer(request: dict[str, Any]) -> Done:
    """Run a command in a child, and return its status as ``subprocess`` states it."""
    pipes = [os.pipe(), os.pipe()]
    child = os.fork()
    if child == 0:
        begin(request, [writer for _, writer in pipes])
    killer = threading.Timer(LIMIT, os.kill, (child, signal.SIGKILL))
    killer.start()
    printed: dict[int, bytes] = {}
    with selectors.DefaultSelector() as selector:
        for reader, writer in pipes:
            os.close(writer)
            printed[reader] = b""
            selector.register(reader, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                more = os.read(key.fd, 1 << 16)
                printed[key.fd] += more
                if not more:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    killer.cancel()
    killer.join()
    return Done(status, *(text.decode("utf-8", "replace") for text in printed.values()))


def begin(request: dict[str, Any], writers: list[int]) -> None:
    """Become the command, as if Python had just started."""
    from nanogpt_rs.cli import main

    status = 1
    atexit._clear()  # what the imported packages would do at the end takes as long as a refusal
    try:
        os.chdir(request["cwd"])
        os.environ.update(request["environment"])
        for number, file in enumerate([os.open(os.devnull, os.O_RDONLY), *writers]):
            os.dup2(file, number)
        os.closerange(3, 256)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        SURROUNDINGS.get(request["kind"], lambda: None)()
        sys.argv = ["nanogpt-rs", *request["words"]]
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            atexit._run_exitfuncs()
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
        except BaseException:
            traceback.print_exc()
            status = 120  # as Python ends where standard output cannot be flushed
        os._exit(status)


if __name__ == "__main__":
    serve()
