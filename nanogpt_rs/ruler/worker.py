"""Worker processes: one order each, carried out by the ruler that this file lies in.

A contender that crashes, hangs or wants all memory takes its process with it and nothing else, and
what it printed, imported, patched or started is gone with it. Run by its path, this file uses the
ruler beside it and no other: an environment that asv made holds an old ruler in the wheel it
measures, and importing ``nanogpt_rs`` by name would find that one.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

NO_ARM = 255
"""In the file of a worker's mark: it is calling nothing."""
MEMORY_SHARE = 0.8
"""Of the memory that is free, what a worker may have."""
LONGEST_COMPLAINT = 8192
"""Bytes read of what a worker wrote to standard error, from its end."""


class WorkerError(Exception):
    """A worker process ended without an answer; the message says how.

    Attributes:
        arm: index of what it was calling then, where it kept a mark of that.
        crashed: a signal killed it, which an earlier call of another arm may be to blame for.
    """

    def __init__(self, message: str, arm: int | None = None, *, crashed: bool = False) -> None:
        super().__init__(message)
        self.arm = arm
        self.crashed = crashed


def run_worker(
    room: str,
    order: Mapping[str, Any],
    deadline: float,
    environment: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
) -> dict[str, Any]:
    """Have a module of the ruler carry out one order in a fresh interpreter; return its answer.

    The answer comes back through a file: the contender may write to standard output what it likes.

    Args:
        room: a module of the ruler with a function ``answer(order)``.
        order: what it is given; JSON.
        deadline: seconds after which it is taken to hang.
        environment: variables to add to our own.
        prefix: a command that is given the worker's to run.

    Raises:
        WorkerError: it crashed, hung, or ended without an answer.
    """
    from nanogpt_rs.ruler import foreign

    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-") as folder:
        answer = Path(folder) / "answer.json"
        mark = Path(folder) / "mark"
        mark.write_bytes(bytes([NO_ARM]))
        told = json.dumps({**order, "mark": str(mark), "foreign": foreign.sources()})
        command = [*prefix, sys.executable, "-P", __file__, room, told, str(answer)]
        errors = Path(folder) / "errors"
        with (Path(folder) / "output").open("wb") as output, errors.open("wb") as complaints:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=complaints,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
            try:
                status = wait(process, deadline)
            finally:
                end(process)
        if status is None:
            raise WorkerError(f"hung: no answer within {deadline:g} s", marked(mark))
        try:
            document = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            crashed = status < 0
            raise WorkerError(how_it_ended(status, errors), marked(mark), crashed=crashed) from None
    assert isinstance(document, dict)
    if "disturbed" in document:
        raise WorkerError(document["disturbed"], document["arm"])
    return document


def wait(process: subprocess.Popen[bytes], deadline: float) -> int | None:
    """Wait for a process, so many seconds at most; return its status, ``None`` if it goes on."""
    try:
        descriptor = None
        with suppress(AttributeError, OSError):  # without it Python looks 20 times a second
            descriptor = os.pidfd_open(process.pid)
        if descriptor is not None:
            try:
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                if not poll.poll(deadline * 1000):
                    return None
            finally:
                os.close(descriptor)
        return process.wait(deadline)
    except subprocess.TimeoutExpired:
        return None


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and whatever it started and left behind."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def marked(mark: Path) -> int | None:
    """Return which arm a process was calling when it ended."""
    try:
        (arm,) = mark.read_bytes()
    except (OSError, ValueError):
        return None
    return None if arm == NO_ARM else arm


def how_it_ended(status: int, errors: Path) -> str:
    """Return in words how a process ended that gave no answer.

    Args:
        status: as ``subprocess`` has it.
        errors: what it wrote to standard error.
    """
    with errors.open("rb") as file:
        file.seek(max(0, errors.stat().st_size - LONGEST_COMPLAINT))
        last = ascii(file.read().decode(errors="replace").strip().rpartition("\n")[2][:200])
    said = f" ({last})" if last != "''" else ""
    if "MemoryError" in last or "memory allocation" in last:
        said += f"; a worker may have {MEMORY_SHARE:.0%} of the memory that is free"
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"crashed: killed by {name}{said}"
    return f"ended with status {status} and no answer{said}"


def bind_ruler() -> None:
    """Make the name ``nanogpt_rs`` mean the package that this file lies in."""
    folder = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        "nanogpt_rs", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["nanogpt_rs"] = module
    spec.loader.exec_module(module)


def main(room: str, order: str, path: str) -> None:
    """Carry out one order and write the answer, whole or not at all."""
    bind_ruler()
    surroundings = importlib.import_module("nanogpt_rs.ruler.surroundings")
    surroundings.end_with_parent()
    surroundings.end_forks()
    surroundings.limit_memory(MEMORY_SHARE)
    files: Any = importlib.import_module("nanogpt_rs.ruler.files")
    files.place = str(Path(path).parent)
    told = json.loads(order)
    if sources := told.pop("foreign", None):
        importlib.import_module("nanogpt_rs.ruler.foreign").restore(sources)
    try:
        answer = importlib.import_module(f"nanogpt_rs.ruler.{room}").answer(told)
    except surroundings.DisturbedError as disturbed:
        answer = {"disturbed": str(disturbed), "arm": marked(Path(told["mark"]))}
    partial = Path(path).with_suffix(".partial")
    partial.write_text(json.dumps(answer), encoding="ascii")
    os.replace(partial, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
