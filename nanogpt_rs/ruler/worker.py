"""Worker processes. Each answers one order, with the ruler that this file lies in.

A contender that crashes, hangs or takes all memory ends its own process and nothing else; all that
it printed, imported, patched or started ends with that process. This file is run by its path and
uses the ruler beside it: an environment that asv made holds an old ruler in the wheel that it
measures, and importing ``nanogpt_rs`` by name would find that one.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

if __name__ == "nanogpt_rs.ruler.worker":
    # Run by its path, this file imports nothing of ours by name before the ruler is bound to it.
    from nanogpt_rs.ruler.errors import WorkerError

NO_ARM = 255
"""The byte in a worker's mark file while it is calling no arm."""
MEMORY_SHARE = 0.8
"""The share of the free memory that a worker may take."""
OUT_OF_MEMORY = (
    *("memoryerror", "memory allocation", "cannot allocate memory", "bad_alloc"),
    *("failed to map segment", "can't allocate", "out of memory"),
)
"""Words by which Python, Rust, the loader, C++ and BLAS say that there is too little memory,
in lower case."""
CALLABLES = "callable_"
"""How the names of modules begin that work on callables which no registry knows."""
LONGEST_COMPLAINT = 8192
"""Number of bytes that are read of a worker's standard error, from its end."""


def run_worker(
    module: str,
    order: Mapping[str, object],
    deadline: float,
    environment: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
) -> Any:
    """Have a module of the ruler answer one order in a fresh interpreter.

    The answer comes back through a file, because a contender may write to standard output.

    Args:
        module: The name of a module of the ruler that has a function ``answer(order)``.
        order: The module's ``Order``; it is sent as JSON.
        deadline: Seconds after which the process counts as hung.
        environment: Environment variables to add to our own.
        prefix: A command that runs the worker's command, which follows it.

    Returns:
        The module's ``Answer``.

    Raises:
        WorkerError: the process crashed, hung, or ended without an answer.
        nanogpt_rs.ruler.corpora.CorpusError: it could not load the corpus any more.
    """
    import subprocess
    import tempfile

    from nanogpt_rs.ruler import corpora, foreign, free_memory

    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-") as folder:
        answer = Path(folder) / "answer.json"
        mark = Path(folder) / "mark"
        mark.write_bytes(bytes([NO_ARM]))
        additions = {
            "mark": str(mark),
            "foreign": foreign.sources(),
            "files": corpora.files_read(),
        }
        document = json.dumps({**order, **additions})
        command = [*prefix, sys.executable, "-P", __file__, module, document, str(answer)]
        errors = Path(folder) / "errors"
        killed_before = free_memory.kills()
        with (Path(folder) / "output").open("wb") as stdout, errors.open("wb") as stderr:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
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
            answered = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            for_memory = free_memory.kills() > killed_before
            how = how_it_ended(status, errors, for_memory=for_memory)
            raise WorkerError(how, marked(mark), crashed=status < 0 and not for_memory) from None
    assert isinstance(answered, dict)
    if "refused_corpus" in answered:
        raise corpora.error_of(answered["refused_corpus"])
    if "disturbed" in answered:
        raise WorkerError(answered["disturbed"], answered["arm"])
    return answered


def wait(process: subprocess.Popen[bytes], deadline: float) -> int | None:
    """Wait for a process until a deadline in seconds.

    Returns:
        The process's status, ``None`` if it is still running.
    """
    import subprocess

    try:
        descriptor = None
        with suppress(AttributeError, OSError):  # without this Python polls 20 times a second
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
    """End a process, and all processes that it started and left behind."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def marked(mark: Path) -> int | None:
    """Return the index of the arm that a process was calling when it ended, ``None`` for none."""
    try:
        (arm,) = mark.read_bytes()
    except (OSError, ValueError):
        return None
    return None if arm == NO_ARM else arm


def how_it_ended(status: int, errors: Path, *, for_memory: bool) -> str:
    """Describe how a process ended that gave no answer.

    Args:
        status: The status, negative for a signal, as ``subprocess`` has it.
        errors: The path of the file that holds its standard error.
        for_memory: Whether the system has killed a process for want of memory meanwhile.
    """
    from nanogpt_rs.ruler import free_memory

    with errors.open("rb") as file:
        file.seek(max(0, errors.stat().st_size - LONGEST_COMPLAINT))
        last = ascii(last_complaint(file.read().decode(errors="replace")))
    reason = f" ({last})" if last != "''" else ""
    if for_memory := for_memory and status == -signal.SIGKILL:
        reason = " for want of memory"
    if for_memory or any(words in last.lower() for words in OUT_OF_MEMORY):
        left = free_memory.left()
        reason += f"; a worker may have {MEMORY_SHARE:.0%} of the memory that is free"
        reason += "" if left is None else f", and free here is {left}"
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        return f"crashed: killed by {name}{reason}"
    return f"ended with status {status} and no answer{reason}"


def last_complaint(printed: str) -> str:
    """Return the last line that a process printed, with the hint that may follow it."""
    lines = printed.strip().split("\n")
    hint = lines.pop() if lines[-1].startswith("hint: ") and len(lines) > 1 else ""
    return lines[-1][:200] + hint.replace("hint: ", "; ", 1)[:200]


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


def main(module: str, document: str, path: str) -> None:
    """Answer one order, and write the answer whole or not at all.

    Args:
        module: The name of the module of the ruler that answers.
        document: The order as JSON, with what ``run_worker`` adds.
        path: The path of the file for the answer.
    """
    bind_ruler()
    surroundings = importlib.import_module("nanogpt_rs.ruler.surroundings")
    surroundings.end_with_parent()
    surroundings.refuse_forks()
    surroundings.limit_memory(MEMORY_SHARE)
    order = json.loads(document)
    if module.startswith(CALLABLES):
        answer_callables(module, order, path)
        return
    corpora: Any = importlib.import_module("nanogpt_rs.ruler.corpora")
    files: Any = importlib.import_module("nanogpt_rs.ruler.files")
    files.place = str(Path(path).parent)
    try:
        if sources := order.pop("foreign", None):
            foreign = importlib.import_module("nanogpt_rs.ruler.foreign")
            foreign.restore(sources)
            foreign.require_task(order.get("task"))
        corpora.expect(order.pop("files", {}))
        answer = importlib.import_module(f"nanogpt_rs.ruler.{module}").answer(order)
    except corpora.CorpusError as refused:
        answer = {"refused_corpus": corpora.document_of(refused)}
    except surroundings.DisturbedError as disturbed:
        answer = disturbed_by(order, disturbed)
    write(answer, path)


def answer_callables(module: str, order: dict[str, Any], path: str) -> None:
    """Answer an order about callables that no registry knows.

    They read no corpus. Without what reads corpora such a worker is ready in three quarters of the
    time, and a comparison starts a dozen of them.
    """
    surroundings = importlib.import_module("nanogpt_rs.ruler.surroundings")
    try:
        answer = importlib.import_module(f"nanogpt_rs.ruler.{module}").answer(order)
    except surroundings.DisturbedError as disturbed:
        answer = disturbed_by(order, disturbed)
    write(answer, path)


def disturbed_by(order: Mapping[str, Any], disturbed: Exception) -> dict[str, Any]:
    """Return the answer of a worker whose surroundings were changed."""
    return {"disturbed": str(disturbed), "arm": marked(Path(order["mark"]))}


def write(answer: object, path: str) -> None:
    """Write an answer whole or not at all."""
    partial = Path(path).with_suffix(".partial")
    partial.write_text(json.dumps(answer), encoding="ascii")
    os.replace(partial, path)


def join_pool(document: str) -> None:
    """Make importable what a pool of processes that a contender spawned must import.

    Each process of such a pool runs this file under another name, with the arguments of the worker
    that spawned it.

    Args:
        document: The worker's order.
    """
    bind_ruler()
    if sources := json.loads(document).get("foreign"):
        importlib.import_module("nanogpt_rs.ruler.foreign").make_importable(sources)


if __name__ == "__main__":
    main(*sys.argv[1:])
elif __name__ == "__mp_main__" and len(sys.argv) == 4:
    join_pool(sys.argv[2])
