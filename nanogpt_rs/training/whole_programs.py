"""Whole programs: processes from nothing, from a file of text to a validation loss.

Each program is an arm of the race that prepares the text and draws weights and batches by itself.
They run in turn, in random order in each round, and the processor time of a whole process counts,
that of what it starts included.
"""

from __future__ import annotations

import importlib
import math
import random
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nanogpt_rs.records.races import Seconds, WholeProgram
from nanogpt_rs.statistics.trimmed import shown, trimmed
from nanogpt_rs.training.arm_builds import Executable
from nanogpt_rs.training.arm_inputs import command_of, common_options, variables_of
from nanogpt_rs.training.arm_process import ArmProcess
from nanogpt_rs.training.arms import Arm

RUNS = 8
"""Runs of each program by default."""
STAGES = ("start", "imports", "prepare", "model", "compile", "steps", "evaluation", "end")
"""Stages of a program, in the order in which they come. ``start`` is what the others leave of the
time before the first step, and ``end`` what they leave of the time after the last."""


@dataclass
class Program:
    """The runs of one arm so far.

    Attributes:
        arm: The arm.
        totals: Time of each run.
        stages: Times of the stages of each run.
        val_losses: Validation loss of each run.
        peaks: Most bytes that each run held at once.
    """

    arm: Arm
    totals: list[Seconds] = field(default_factory=list)
    stages: list[dict[str, Seconds]] = field(default_factory=list)
    val_losses: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ProgramPlan:
    """What whole programs do.

    Attributes:
        text: File of the text.
        config: Shape of the model and its schedule, ``quick`` or ``full``.
        threads: Number of threads of each program.
        runs: Number of times that each runs; each round has a seed of its own.
        compiled: Folder for code that torch compiles, which is kept from run to run.
    """

    text: Path
    config: str
    threads: int
    runs: int
    compiled: Path


def run_programs(
    plan: ProgramPlan,
    arms: Sequence[Arm],
    executables: Mapping[str, Executable],
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> list[WholeProgram]:
    """Run whole programs in turn and return the result of each; the best Python arm comes first.

    Args:
        plan: What they do.
        arms: The arms, at least one of them in Python.
        executables: Built executables of the arms in Rust, by id.
        progress: Called with the activity, the number of finished runs, and of all runs.

    Raises:
        ArmError: A program failed.
    """
    programs = [Program(arm) for arm in arms]
    order, done = random.Random(1), 0  # noqa: S311  (no secret)
    for seed in range(1, plan.runs + 1):
        turn = list(programs)
        order.shuffle(turn)
        for program in turn:
            progress(f"{program.arm.id}, seed {seed}", done, plan.runs * len(programs))
            run_once(plan, program, executables, seed)
            done += 1
    pythons = [program for program in programs if program.arm.crate is None]
    best = min(pythons, key=lambda program: typical(program.totals).cpu)
    others = [program for program in programs if program is not best]
    return [result_of(program, best) for program in (best, *others)]


def run_once(
    plan: ProgramPlan, program: Program, executables: Mapping[str, Executable], seed: int
) -> None:
    """Run a program from the start of its process to the end, and add its times to it.

    Raises:
        ArmError: It failed.
    """
    arm, steps = program.arm, steps_of(plan.config)
    command = [
        *command_of(arm, executables),
        *common_options(plan.config, arm.dtype, plan.threads, steps),
        *("--text", str(plan.text), "--seed", str(seed)),
    ]
    variables = variables_of(plan.threads, plan.compiled)
    if arm.id in executables:
        variables |= executables[arm.id].variables
    with ArmProcess(arm.id, command, variables) as process:
        hello = process.hello
        trained = process.steps(steps)
        evaluated = process.evaluate()
        peak = process.peak_memory()
        total = process.finish()
    stages = {name: Seconds(**hello["stages"][name]) for name in hello["stages"]}
    began = Seconds(process.seconds_to_start, hello["start"]["cpu"])
    stages["start"] = rest(began, stages.values())
    stages["steps"] = Seconds(trained.wall, trained.cpu)
    stages["evaluation"] = Seconds(evaluated.wall, evaluated.cpu)
    stages["end"] = rest(total, stages.values())
    program.totals.append(total)
    program.stages.append({name: stages[name] for name in STAGES if name in stages})
    program.val_losses.append(evaluated.values["val_loss"])
    if peak is not None:
        program.peaks.append(peak)


def steps_of(config: str) -> int:
    """Return the number of steps of a whole run."""
    return int(importlib.import_module("model.options").RECIPES[config].steps)


def rest(whole: Seconds, parts: Iterable[Seconds]) -> Seconds:
    """Return what parts leave of a time; clocks that differ a little leave nothing below zero."""
    times = list(parts)
    return Seconds(
        wall=max(0.0, whole.wall - sum(time.wall for time in times)),
        cpu=max(0.0, whole.cpu - sum(time.cpu for time in times)),
    )


def typical(times: Sequence[Seconds]) -> Seconds:
    """Return the medians of some times."""
    return Seconds(
        wall=statistics.median(time.wall for time in times),
        cpu=statistics.median(time.cpu for time in times),
    )


def result_of(program: Program, best: Program) -> WholeProgram:
    """Return the result of a program beside the best Python arm's."""
    ratio = None
    if program is not best:
        pairs = zip(best.totals, program.totals, strict=True)
        ratio = shown(trimmed([math.log(one.cpu / other.cpu) for one, other in pairs]))
    names = program.stages[0]
    return WholeProgram(
        arm=program.arm.id,
        val_losses=tuple(program.val_losses),
        total=typical(program.totals),
        stages={name: typical([stages[name] for stages in program.stages]) for name in names},
        ratio=ratio,
        peak_bytes=int(statistics.median(program.peaks)) if program.peaks else None,
    )
