"""The command in a process that is forked from one that has imported everything.

``python warm.py`` reads requests from standard input, a JSON document in each line, and answers
each with a line. A start of Python takes longer than a refusal, and tests ask for hundreds.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
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
        folder: Folder for what commands print.
    """

    def __init__(self, prefix: list[str], environment: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def run(self, words: list[str], cwd: Path, **environment: str) -> Done:
        """Run the command with these words."""
        out, err = self.folder / "stdout", self.folder / "stderr"
        request = {
            "words": words,
            "cwd": str(cwd),
            "environment": environment,
            "files": [os.devnull, str(out), str(err)],
        }
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        return Done(status, *(path.read_text("utf-8", "replace") for path in (out, err)))

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def serve() -> None:
    """Answer requests until standard input ends."""
    import nanogpt_rs

    for module in pkgutil.walk_packages(nanogpt_rs.__path__, "nanogpt_rs."):
        if module.name not in LEFT_OUT:
            importlib.import_module(module.name)
    for name in ("model.train", "rust_impls", "scipy.stats", "rich.progress"):
        importlib.import_module(name)
    for line in sys.stdin:
        print(answer(json.loads(line)), flush=True)


def answer(request: dict[str, Any]) -> int:
    """Run a command in a child, and return its status as ``subprocess`` states it."""
    child = os.fork()
    if child == 0:
        begin(request)
    deadline = time.monotonic() + LIMIT
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)


def begin(request: dict[str, Any]) -> None:
    """Become the command, as if Python had just started."""
    from nanogpt_rs.cli import main

    status = 1
    try:
        os.chdir(request["cwd"])
        os.environ.update(request["environment"])
        stdin, stdout, stderr = request["files"]
        for number, path, flags in (
            (0, stdin, os.O_RDONLY),
            (1, stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (2, stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ):
            opened = os.open(path, flags, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        sys.argv = ["nanogpt-rs", *request["words"]]
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        import atexit

        atexit._run_exitfuncs()
        os._exit(status)


if __name__ == "__main__":
    serve()
