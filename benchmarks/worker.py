"""Worker processes: one order each, carried out by the ruler that this file lies in.

A contender that crashes or hangs takes its process with it and nothing else, and what it printed,
imported or patched is gone with it. Run by its path, this file uses the ruler beside it and no
other: an environment that asv made holds an old ruler in the wheel it measures, and importing
``benchmarks`` by name would find that one.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NO_ARM = 255
"""In the file of a worker's mark: it is calling nothing."""


class WorkerError(Exception):
    """A worker process ended without an answer; the message says how.

    Attributes:
        arm: index of what it was calling then, where it kept a mark of that.
    """

    def __init__(self, message: str, arm: int | None = None) -> None:
        super().__init__(message)
        self.arm = arm


def run_worker(
    room: str,
    order: Mapping[str, Any],
    deadline: float,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Have ``benchmarks.<room>`` carry out one order in a fresh interpreter; return its answer.

    The answer comes back through a file: the contender may write to standard output what it likes.

    Args:
        room: a module of the ruler with a function ``carry_out(order) -> answer``.
        order: what it is given; JSON.
        deadline: seconds after which it is taken to hang.
        environment: variables to add to our own.

    Raises:
        WorkerError: it crashed, hung, or ended without an answer.
    """
    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-") as folder:
        answer = Path(folder) / "answer.json"
        mark = Path(folder) / "mark"
        mark.write_bytes(bytes([NO_ARM]))
        told = json.dumps({**order, "mark": str(mark)})
        command = [sys.executable, "-P", __file__, room, told, str(answer)]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                timeout=deadline,
                check=False,
                env={**os.environ, **(environment or {})},
            )
        except subprocess.TimeoutExpired:
            raise WorkerError(f"hung: no answer within {deadline:g} s", marked(mark)) from None
        try:
            document = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            raise WorkerError(how_it_ended(done), marked(mark)) from None
    assert isinstance(document, dict)
    return document


def marked(mark: Path) -> int | None:
    """Return which arm a process was calling when it ended."""
    try:
        (arm,) = mark.read_bytes()
    except (OSError, ValueError):
        return None
    return None if arm == NO_ARM else arm


def how_it_ended(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return in words how a process ended that gave no answer."""
    last = ascii(done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200])
    said = f" ({last})" if last != "''" else ""
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = f"signal {-done.returncode}"
        return f"crashed: killed by {name}{said}"
    return f"ended with status {done.returncode} and no answer{said}"


def bind_ruler() -> None:
    """Make the name ``benchmarks`` mean the folder of this file."""
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmarks"] = module
    spec.loader.exec_module(module)


def main(room: str, order: str, path: str) -> None:
    """Carry out one order and write the answer, whole or not at all."""
    bind_ruler()
    answer = importlib.import_module(f"benchmarks.{room}").carry_out(json.loads(order))
    partial = Path(path).with_suffix(".partial")
    partial.write_text(json.dumps(answer), encoding="ascii")
    os.replace(partial, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
