"""The race of arms: processes that stand by and take blocks of steps in turn, in random order.

First each arm must have the reference's losses (``equal_losses``). Then each round times one block
of each arm, several times over with fresh processes and other seeds. A process is one value of the
statistics, and the reference takes part twice, as a control.
"""

from __future__ import annotations

import math
import random
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nanogpt_rs.records.races import Agreement, PythonShare, RacedArm, Seconds
from nanogpt_rs.records.schema import Clock, Comparison
from nanogpt_rs.statistics import verdict
from nanogpt_rs.statistics.blocks import Process
from nanogpt_rs.training import equal_losses
from nanogpt_rs.training.arm_builds import Executable
from nanogpt_rs.training.arm_inputs import ArmInputs, command_of, variables_of, write_inputs
from nanogpt_rs.training.arm_process import ArmError, ArmProcess
from nanogpt_rs.training.arms import (
    OWN,
    REFERENCE,
    Arm,
    Dtype,
    arm_named,
    installed_bytes,
    lines_of_code,
)
from nanogpt_rs.training.step_samples import sampled_steps

BLOCKS = {"quick": 30, "full": 10}
"""Steps in a block: about 0.2 s of ``quick`` and 0.5 s of ``full``."""
ROUNDS = {"quick": 7, "full": 8}
"""Rounds in a process by default. Those of ``quick``, with the block before them that warms up and
the steps that are left, are its whole run."""
PROCESSES = 8
"""Processes of each arm by default: the fewest that a verdict takes."""
SAMPLED = {"quick": 200, "full": 60}
"""Steps that are sampled for the share of Python."""
CONTROL = "control"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RacePlan:
    """What a race measures.

    Attributes:
        config: Shape of the model and its schedule, ``quick`` or ``full``.
        threads: Number of threads of each arm.
        processes: Number of processes of each arm.
        rounds: Number of timed rounds in each.
        whole: Whether each trains to the end of the schedule and is evaluated.
        patience: Seconds after which an arm counts as hung.
    """

    config: str
    threads: int = 1
    processes: int = PROCESSES
    rounds: int = 7
    whole: bool = True
    patience: float = 600.0

    @property
    def block(self) -> int:
        """Number of steps in a block."""
        return BLOCKS[self.config]


@dataclass
class Measured:
    """What was measured of one arm so far.

    Attributes:
        arm: The arm.
        hello: The line that it greets with.
        agreements: How closely its losses agreed.
        fault: Why it has no time; ``None`` so far.
        val_losses: Validation loss of each seed.
        starts: Time before the first step, for each process.
        stages: Time of each stage in the same processes.
        steps: Time of a step in each process.
        peaks: Most bytes that each process held.
        python: Share of a step that Python takes.
    """

    arm: Arm
    hello: Mapping[str, Any] = field(default_factory=dict)
    agreements: list[Agreement] = field(default_factory=list)
    fault: str | None = None
    val_losses: list[float] = field(default_factory=list)
    starts: list[Seconds] = field(default_factory=list)
    stages: list[dict[str, Seconds]] = field(default_factory=list)
    steps: list[Seconds] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    python: PythonShare | None = None


class Race:
    """A race of arms on one text.

    Args:
        plan: What it measures.
        arms: The arms, the reference first.
        prepared: Vocabulary of the text, and its ids.
        executables: Built executables of the arms in Rust, by id.
        folder: Folder for the files that arms read.
        progress: Called with the activity, the number of finished parts, and of all parts.
    """

    def __init__(
        self,
        plan: RacePlan,
        arms: Sequence[Arm],
        prepared: tuple[str, Any],
        executables: Mapping[str, Executable],
        folder: Path,
        progress: Progress = lambda *_: None,
    ) -> None:
        self.plan, self.prepared, self.folder = plan, prepared, folder
        self.executables, self.progress = executables, progress
        self.measured = [Measured(arm) for arm in arms]
        self.processes: list[Process] = []
        self.done, self.parts = 0, len(arms) + plan.processes * (1 + plan.rounds)
        self.losses: dict[tuple[str, str], list[float]] = {}

    def tell(self, activity: str) -> None:
        """Say what begins now, and count it."""
        self.progress(activity, self.done, self.parts)
        self.done += 1

    def start(self, arm: Arm, inputs: ArmInputs, dtype: Dtype | None = None) -> ArmProcess:
        """Start an arm and return its process, which has greeted.

        Raises:
            ArmError: It cannot be started, died, or hung.
        """
        options = inputs.options(dtype or arm.dtype, self.plan.threads)
        variables = variables_of(self.plan.threads, inputs.compiled)
        if arm.id in self.executables:
            variables |= self.executables[arm.id].variables
        command = [*command_of(arm, self.executables), *options]
        return ArmProcess(arm.id, command, variables, self.plan.patience)

    def inputs(self, seed: int, compiled: str) -> ArmInputs:
        """Write what the arms read, with the draws of a seed."""
        folder = self.folder / f"{compiled}-{seed}"
        cache = self.folder / compiled
        return write_inputs(folder, self.prepared, self.plan.config, seed, cache)

    def check_losses(self) -> None:
        """Find out which arms compute the reference's model, before anything is timed."""
        inputs = self.inputs(1, "checked")
        own = arm_named(OWN)

        def reference(dtype: Dtype, steps: int) -> list[float]:
            if (OWN, dtype) not in self.losses:
                with self.start(own, inputs, dtype) as process:
                    self.losses[OWN, dtype] = process.steps(steps).values["losses"]
            return self.losses[OWN, dtype][:steps]

        for measured in self.measured:
            self.tell(f"checking the losses of {measured.arm.id}")
            try:
                measured.agreements = equal_losses.agreements_of(
                    measured.arm.dtype, self.trainer(measured, inputs), reference
                )
                measured.fault = equal_losses.fault_in(measured.agreements)
            except ArmError as error:
                measured.fault = str(error)

    def trainer(self, measured: Measured, inputs: ArmInputs) -> Callable[[Dtype, int], list[float]]:
        """Return a function that trains an arm afresh and returns its losses.

        In the format that is timed, steps of an arm in Python are then sampled.
        """

        def train(dtype: Dtype, steps: int) -> list[float]:
            with self.start(measured.arm, inputs, dtype) as process:
                measured.hello = process.hello
                losses: list[float] = process.steps(steps).values["losses"]
                if dtype == measured.arm.dtype and measured.arm.variant:
                    measured.python = sampled_steps(process, SAMPLED[self.plan.config])
                return losses

        return train

    def racing(self) -> list[Measured]:
        """Return the arms without a fault."""
        return [measured for measured in self.measured if measured.fault is None]

    def run(self) -> None:
        """Check the losses, then time all arms, process by process.

        Raises:
            ArmError: The reference cannot be timed.
        """
        self.check_losses()
        order = random.Random(1)  # noqa: S311  (no secret)
        for seed in range(1, self.plan.processes + 1):
            if (fault := self.measured[0].fault) is not None:
                raise ArmError(f"the reference cannot be timed: {fault}")
            if process := self.one_process(seed, order):
                self.processes.append(process)

    def one_process(self, seed: int, order: random.Random) -> Process | None:
        """Time all arms in fresh processes with a seed of their own.

        Returns:
            The times of all arms, those that failed included with the reference's times; ``None``
            if the reference failed.
        """
        inputs = self.inputs(seed, "raced")
        with ExitStack() as stack:
            self.tell(f"starting the arms with seed {seed}")
            standing: dict[str, ArmProcess] = {}
            for measured in self.racing():
                names = [measured.arm.id]
                names += [CONTROL] if measured.arm.id == REFERENCE else []
                with self.blamed(measured):
                    for name in names:
                        process = stack.enter_context(self.start(measured.arm, inputs))
                        standing[name] = process
                        if name != CONTROL:
                            self.note_start(measured, process)
            busy = Others()
            blocks = self.timed_blocks(standing, order)
            ours = sum(block[1] for name in blocks for block in blocks[name]) / 1e9
            others = busy.share(ours)
            self.finish(standing)
            for name, process in standing.items():
                peak = process.peak_memory()
                if name != CONTROL and peak is not None:
                    self.of(name).peaks.append(peak)
        if self.measured[0].fault is not None:
            return None
        rows = [blocks[REFERENCE], blocks[CONTROL]]
        rows += [
            blocks[measured.arm.id] if measured.fault is None else blocks[REFERENCE]
            for measured in self.measured[1:]
        ]
        return Process(np.array(rows), others)

    def of(self, name: str) -> Measured:
        """Return the arm that a standing process belongs to."""
        id = REFERENCE if name == CONTROL else name
        return next(measured for measured in self.measured if measured.arm.id == id)

    def blamed(self, measured: Measured) -> Blamed:
        """Return a context in which an error of an arm becomes its fault."""
        return Blamed(measured)

    def note_start(self, measured: Measured, process: ArmProcess) -> None:
        """Keep how long a process took to its first step."""
        measured.hello = process.hello
        cpu = process.hello["start"]["cpu"]
        measured.starts.append(Seconds(process.seconds_to_start, cpu))
        stages = process.hello["stages"]
        measured.stages.append({name: Seconds(**stages[name]) for name in stages})

    def timed_blocks(
        self, standing: dict[str, ArmProcess], order: random.Random
    ) -> dict[str, list[tuple[float, ...]]]:
        """Have all standing arms take turns, and return their blocks (``statistics.blocks.Block``).

        A first block warms up. Arms that fail are left out from there on.
        """
        blocks: dict[str, list[tuple[float, ...]]] = {name: [] for name in standing}
        for number in range(self.plan.rounds + 1):
            if number:
                self.tell(f"round {number}")
            names = [name for name in standing if self.of(name).fault is None]
            order.shuffle(names)
            for name in names:
                with self.blamed(self.of(name)):
                    timed = standing[name].steps(self.plan.block)
                    wall, cpu = timed.wall * 1e9, timed.cpu * 1e9
                    if number:
                        blocks[name].append((wall, cpu, 0, 0, self.plan.block))
        for name, timed_blocks in blocks.items():
            if name != CONTROL and self.of(name).fault is None:
                wall, cpu = (
                    statistics.median(block[column] / block[4] / 1e9 for block in timed_blocks)
                    for column in (0, 1)
                )
                self.of(name).steps.append(Seconds(wall, cpu))
        return blocks

    def finish(self, standing: Mapping[str, ArmProcess]) -> None:
        """Train the arms to the end of the schedule and evaluate them, if the plan says so."""
        if not self.plan.whole:
            return
        steps = self.steps_in_all()
        beside: float | None = None
        for name in standing:
            measured = self.of(name)
            if name == CONTROL or measured.fault is not None:
                continue
            with self.blamed(measured):
                process = standing[name]
                if steps > process.steps_done:
                    process.steps(steps - process.steps_done)
                loss = process.evaluate().values["val_loss"]
                beside = loss if beside is None else beside
                measured.val_losses.append(loss)
                measured.fault = equal_losses.fault_at_end(
                    self.plan.config, measured.arm.dtype, loss, beside
                )

    def steps_in_all(self) -> int:
        """Return the number of steps of a whole run."""
        import importlib

        return int(importlib.import_module("model.train").recipe_of(self.plan.config).steps)

    def comparisons(self) -> dict[str, Comparison]:
        """Return the comparison of each timed arm with the reference, adjusted together."""
        threaded = range(len(self.measured) + 1) if self.plan.threads > 1 else ()
        compared = {
            measured.arm.id: verdict.compare(self.processes, number, wall_only=threaded)
            for number, measured in enumerate(self.measured[1:], 2)
            if measured.fault is None
        }
        return dict(zip(compared, verdict.adjust(list(compared.values())), strict=True))

    def results(self) -> list[RacedArm]:
        """Return the result of each arm, the reference first."""
        compared = self.comparisons() if self.processes else {}
        return [self.result_of(measured, compared) for measured in self.measured]

    def result_of(self, measured: Measured, compared: Mapping[str, Comparison]) -> RacedArm:
        """Return the result of one arm."""
        arm, hello, timed = measured.arm, measured.hello, measured.fault is None
        start = typical_start(measured) if timed and measured.starts else None
        step = typical(measured.steps) if timed and measured.steps else None
        reference = self.measured[0]
        return RacedArm(
            arm=arm.id,
            library=hello.get("library", ""),
            allocator=hello.get("allocator", ""),
            matmul=hello.get("matmul", ""),
            instructions=hello.get("instructions", ""),
            dtype=arm.dtype,
            agreements=tuple(measured.agreements),
            fault=measured.fault,
            val_losses=tuple(measured.val_losses),
            start=start,
            stages=measured.stages[0] if timed and measured.stages else {},
            step=step,
            comparison=compared.get(arm.id),
            break_even=break_even(
                typical_start(reference),
                typical(reference.steps),
                start,
                step,
                "cpu" if self.plan.threads == 1 else "wall",
            )
            if start and step and measured is not reference
            else None,
            peak_bytes=int(statistics.median(measured.peaks)) if measured.peaks else None,
            code_lines=lines_of_code(arm),
            installed_bytes=self.installed(arm),
            python=measured.python,
        )

    def installed(self, arm: Arm) -> int | None:
        """Return the bytes that must be installed for an arm, its executable included."""
        executable = self.executables.get(arm.id)
        packages = executable.packages if executable else None
        size = installed_bytes("torch", packages) if arm.torch else 0
        size += executable.path.stat().st_size if executable else 0
        return size or None


class Others:
    """How busy other programs keep the machine from here on."""

    def __init__(self) -> None:
        self.began = self.read()

    @staticmethod
    def read() -> tuple[float, float]:
        """Return the busy and all processor seconds of the machine since it started."""
        import psutil

        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        return sum(times) - guests - idle, sum(times) - guests

    def share(self, ours: float) -> float | None:
        """Return the share of the machine that others took; ``None`` where no time has passed.

        Args:
            ours: Processor seconds that the arms took meanwhile.
        """
        busy, total = (now - then for now, then in zip(self.read(), self.began, strict=True))
        return min(1.0, max(0.0, (busy - ours) / total)) if total > 0 else None


class Blamed:
    """A ``with`` block in which an ``ArmError`` becomes the fault of an arm."""

    def __init__(self, measured: Measured) -> None:
        self.measured = measured

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: object, __: object) -> bool:
        if isinstance(error, ArmError):
            self.measured.fault = str(error)
            return True
        return False


def typical(times: Sequence[Seconds]) -> Seconds:
    """Return the medians of some times."""
    return Seconds(
        wall=statistics.median(time.wall for time in times),
        cpu=statistics.median(time.cpu for time in times),
    )


def typical_start(measured: Measured) -> Seconds:
    """Return the time before the first step. What torch compiled, later processes find again."""
    return measured.starts[0] if measured.arm.compiles else typical(measured.starts)


def break_even(
    reference_start: Seconds,
    reference_step: Seconds,
    start: Seconds,
    step: Seconds,
    clock: Clock,
) -> int | None:
    """Return after how many steps two arms have taken the same time since their start.

    Returns:
        The number of steps; ``None`` where one is ahead throughout.
    """
    later = float(getattr(start, clock) - getattr(reference_start, clock))
    saved = float(getattr(reference_step, clock) - getattr(step, clock))
    if later == 0 or saved == 0 or (later > 0) != (saved > 0):
        return None
    return math.ceil(later / saved)


def share_of_python(prepared: tuple[str, Any], config: str = "quick") -> PythonShare | None:
    """Return the share of the reference's training step that Python takes on this machine.

    Args:
        prepared: Vocabulary of a text, and its ids, a tensor.
        config: Shape of the model and its schedule, ``quick`` or ``full``.

    Returns:
        The share; ``None`` where the system does not show it.

    Raises:
        ArmError: The reference does not run here.
    """
    with tempfile.TemporaryDirectory() as folder:
        race = Race(RacePlan(config), [arm_named(REFERENCE)], prepared, {}, Path(folder))
        with race.start(arm_named(REFERENCE), race.inputs(1, "sampled")) as process:
            process.steps(BLOCKS[config])
            return sampled_steps(process, SAMPLED[config])
