"""A process that is an arm of the race: started, told to take steps, and ended whatever it does."""

from __future__ import annotations

import json
import math
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.records.races import Seconds
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.words import seconds_in_words

ANSWER_SECONDS = 600.0
"""Seconds after which an arm counts as hung. Compiling on a loaded machine took 60."""
SHOWN = 100
"""Characters of a wrong line that a message quotes."""
GREETING = (
    *("arm", "library", "allocator", "matmul", "instructions", "dtype"),
    *("threads", "parameters", "start", "stages"),
)
"""Fields of the line that greets."""


class ArmError(UserError):
    """An arm cannot be started, died, hung, or does not keep the protocol."""


@dataclass(frozen=True)
class Timed:
    """An answer of an arm.

    Attributes:
        values: Fields of the answer.
        wall: Wall-clock seconds that the arm took for it.
        cpu: Processor seconds of all its threads.
    """

    values: Mapping[str, Any]
    wall: float
    cpu: float


class ArmProcess:
    """A running arm. In a ``with`` block it is ended whatever happens.

    Args:
        id: Id of the arm, for messages.
        command: Command that starts it, with all its options.
        variables: Environment variables to add to our own.
        patience: Seconds after which it counts as hung.

    Raises:
        ArmError: It cannot be started, or does not greet.
    """

    def __init__(
        self,
        id: str,
        command: Sequence[str],
        variables: Mapping[str, str] | None = None,
        patience: float = ANSWER_SECONDS,
    ) -> None:
        self.id, self.patience = id, patience
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the process)
        self.read = bytearray()
        self.began = time.perf_counter()
        self.steps_done = 0
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                env={**os.environ, **(variables or {})},
                start_new_session=True,  # what it starts ends with it
            )
        except OSError as error:
            self.errors.close()
            raise ArmError(f"{id} cannot be started: {error.strerror or error}") from None
        try:
            self.hello = self.greeting()
        except BaseException:
            self.end()
            raise
        self.seconds_to_start = time.perf_counter() - self.began

    def __enter__(self) -> ArmProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def greeting(self) -> dict[str, Any]:
        """Return the line that greets.

        Raises:
            ArmError: There is none, or it lacks a field.
        """
        hello = self.answer("its start")
        if missing := [name for name in ("hello", *GREETING) if name not in hello]:
            raise ArmError(f"{self.id} greets without {', '.join(missing)}")
        return hello

    def steps(self, count: int) -> Timed:
        """Have it take steps and return the answer, whose ``losses`` are one for each step.

        Raises:
            ArmError: It died, hung, or answered something else.
        """
        timed = self.timed(f"steps {count}")
        losses = timed.values.get("losses")
        numbers = isinstance(losses, list) and all(isinstance(loss, float) for loss in losses)
        if not numbers or not isinstance(losses, list) or len(losses) != count:
            raise ArmError(f"{self.id} does not answer 'steps {count}' with {count} losses")
        self.steps_done += count
        if not all(map(math.isfinite, losses)):
            raise ArmError(f"{self.id} has a loss that is no number by step {self.steps_done}")
        return timed

    def evaluate(self) -> Timed:
        """Have it compute the validation loss and return the answer, with ``val_loss``.

        Raises:
            ArmError: It died, hung, or answered something else.
        """
        timed = self.timed("evaluate")
        if not isinstance(timed.values.get("val_loss"), float):
            raise ArmError(f"{self.id} does not answer 'evaluate' with a val_loss")
        return timed

    def timed(self, command: str) -> Timed:
        """Send a command and return its answer.

        Raises:
            ArmError: It died, hung, or answered something else.
        """
        self.send(command)
        values = self.answer(repr(command))
        wall, cpu = values.get("wall"), values.get("cpu")
        if not isinstance(wall, float) or not isinstance(cpu, float):
            raise ArmError(f"{self.id} does not say how long {command!r} took")
        return Timed(values, wall, cpu)

    def send(self, command: str) -> None:
        """Send a command without waiting for the answer.

        Raises:
            ArmError: The arm has died.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        except OSError:  # its status and last words say more
            raise self.death(command) from None

    def answer(self, asked: str) -> dict[str, Any]:
        """Return the next line of the arm.

        Args:
            asked: What the line answers, for messages.

        Raises:
            ArmError: None came, or it is no JSON object.
        """
        line = self.line(asked)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            shown = line.decode(errors="replace")[:SHOWN]
            raise ArmError(f"{self.id} printed a line that is none of the protocol: {shown!r}")
        return answer

    def line(self, asked: str) -> bytes:
        """Return the next line of standard output.

        Raises:
            ArmError: The arm ended or hung before that.
        """
        assert self.process.stdout is not None
        deadline = time.monotonic() + self.patience
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.read:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    after = seconds_in_words(self.patience)
                    raise ArmError(f"{self.id} hung: no answer to {asked} within {after}")
                block = os.read(self.process.stdout.fileno(), 1 << 16)
                if not block:
                    raise self.death(asked)
                self.read += block
        line, _, rest = bytes(self.read).partition(b"\n")
        self.read = bytearray(rest)
        return line

    def death(self, asked: str) -> ArmError:
        """Return the error that says how the process ended, with its last words."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        status = self.process.returncode
        how = "closed its output" if status is None else f"ended with status {status}"
        if status is not None and status < 0:
            how = f"was ended by {signal.Signals(-status).name}"
        words = f": {said[-1][:300]}" if said else ""
        return ArmError(f"{self.id} {how}, in answer to {asked}{words}")

    def peak_memory(self) -> int | None:
        """Return the most bytes that the process held at once; ``None`` if Linux does not say."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return None
        peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(peaks[0]) * 1024 if peaks else None

    def finish(self) -> Seconds:
        """End the input, wait until the process ends by itself, and return what it took in all.

        Raises:
            ArmError: It failed in the end, or this system does not say what a process used.
        """
        if not hasattr(os, "wait4"):
            raise ArmError("this system does not say what a process used: it takes Linux or macOS")
        assert self.process.stdin is not None
        self.process.stdin.close()
        # Python's own wait does not report the resources that the process used.
        _, status, usage = os.wait4(self.process.pid, 0)
        wall = time.perf_counter() - self.began
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            raise self.death("the end of its input")
        return Seconds(wall, usage.ru_utime + usage.ru_stime)

    def end(self) -> None:
        """End the process and all that it started."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(OSError):
            self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):  # the end of its input asks it to end
            self.process.wait(10 if self.steps_done else 0)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()
