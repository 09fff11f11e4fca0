"""The races of ``model race`` whose arms are processes: ``arms`` and ``whole``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    FAILED,
    counted_progress,
    err,
    note,
    out,
    print_json,
    require_writable,
)
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.words import digits, duration, percent, size_in_words, times

if TYPE_CHECKING:
    from nanogpt_rs.records.kinds import Other
    from nanogpt_rs.records.races import ArmRace, RacedArm, WholeProgram, WholePrograms
    from nanogpt_rs.records.schema import Run
    from nanogpt_rs.ruler.corpora import Corpus

COMMAND = "division"
"""The command's name in records."""
CONFIGS = ("quick", "full")
WHOLE_ARMS = ("python/own", "rust/candle-mimalloc")
"""The whole programs that run without ``--arm``."""
WORTH = 0.05
"""Share of a step from which on a loop in another language may be worth writing."""


@dataclass(frozen=True)
class Asked:
    """What both races are asked for on the command line.

    Attributes:
        arms: Names of arms; none for those that are raced by default.
        config: Model and schedule.
        threads: Number of threads of each arm.
        processes: Number of processes or runs of each arm; ``None`` for the default.
        record: File of records to append the run to.
        results: Folder for results.
        as_json: Whether to print a document.
    """

    arms: list[str]
    config: str
    threads: int
    processes: int | None
    record: Path | None
    results: Path
    as_json: bool


def race_arms(asked: Asked, rounds: int | None, *, to_the_end: bool) -> None:
    """Race arms step by step, print the result and record it.

    Args:
        asked: What the command line asks for.
        rounds: Number of timed rounds in each process; ``None`` for the default.
        to_the_end: Whether ``full`` is trained to its end.
    """
    from nanogpt_rs.training.arms import REFERENCE, select_arms
    from nanogpt_rs.training.corpus import import_training, preparation

    check_config(asked.config)
    arms = select_arms(asked.arms)
    import_training()  # refuses where torch is missing
    from nanogpt_rs.records.races import ArmRace
    from nanogpt_rs.training.arm_builds import executables_of
    from nanogpt_rs.training.arm_race import PROCESSES, ROUNDS, Race, RacePlan

    row, prepare = preparation(None)
    plan = RacePlan(
        asked.config,
        asked.threads,
        asked.processes or PROCESSES,
        rounds or ROUNDS[asked.config],
        to_the_end or asked.config == "quick",
    )
    with recorded(asked, f"arms {[arm.id for arm in arms]} {plan}") as (text, path, keep):
        arm_race = ArmRace(
            corpus=text.id,
            sha256=text.sha256,
            prepare=row.id,
            config=plan.config,
            threads=plan.threads,
            processes=plan.processes,
            rounds=plan.rounds,
            block=plan.block,
            whole=plan.whole,
            reference=REFERENCE,
        )
        with counted_progress() as advance, tempfile.TemporaryDirectory() as folder:
            built = executables_of(arms, note, lambda line: advance(line, 0, 0))
            race = Race(plan, arms, prepare([path]), built, Path(folder), advance)
            race.run()
        results = race.results()
        try:
            if asked.as_json:
                from nanogpt_rs.commands import job_documents

                print_json("model race arms", job_documents.RacedArms(arm_race, tuple(results)))
            else:
                print_arms(results, arm_race)
        finally:  # what was measured is both printed and kept, even where one of them fails
            keep([*results, arm_race])
    if faults := [f"{arm.arm}: {arm.fault}" for arm in results if arm.fault is not None]:
        for fault in faults:
            err.say(f"nanogpt-rs: {fault}")
        sys.exit(FAILED)


def race_programs(asked: Asked, own_text: Path | None) -> None:
    """Race whole programs, print the result and record it.

    Args:
        asked: What the command line asks for.
        own_text: File of text to train on; ``None`` for TinyShakespeare.
    """
    from nanogpt_rs.measuring.selection import SelectionError
    from nanogpt_rs.training.arms import arm_named
    from nanogpt_rs.training.corpus import import_training

    check_config(asked.config)
    arms = list(dict.fromkeys(arm_named(name) for name in asked.arms or WHOLE_ARMS))
    if all(arm.crate is not None for arm in arms):
        raise SelectionError(
            "whole programs are compared with the best Python arm, and none was named",
            hint="add --arm python/own",
        )
    import_training()
    from nanogpt_rs.records.races import WholePrograms
    from nanogpt_rs.training.arm_builds import executables_of
    from nanogpt_rs.training.whole_programs import RUNS, ProgramPlan, run_programs

    runs, ids = asked.processes or RUNS, [arm.id for arm in arms]
    request = f"whole {ids} {asked.config} {asked.threads} {runs}"
    with recorded(asked, request, own_text) as (text, path, keep):
        with counted_progress() as advance, tempfile.TemporaryDirectory() as folder:
            built = executables_of(arms, note, lambda line: advance(line, 0, 0))
            plan = ProgramPlan(
                Path(path), asked.config, asked.threads, runs, Path(folder) / "compiled"
            )
            programs = run_programs(plan, arms, built, advance)
        race = WholePrograms(
            corpus=text.id,
            sha256=text.sha256,
            config=asked.config,
            threads=asked.threads,
            runs=runs,
            reference=programs[0].arm,
        )
        try:
            if asked.as_json:
                from nanogpt_rs.commands import job_documents

                document = job_documents.RacedPrograms(race, tuple(programs))
                print_json("model race whole", document)
            else:
                print_programs(programs, race)
        finally:
            keep([*programs, race])
    if own_text is None and (faults := list(faults_at_end(programs, asked.config))):
        for fault in faults:
            err.say(f"nanogpt-rs: {fault}")
        sys.exit(FAILED)


def check_config(config: str) -> None:
    """Check that arms can train this config.

    Raises:
        SelectionError: They cannot.
    """
    from nanogpt_rs.measuring.selection import SelectionError

    if config not in CONFIGS:
        raise SelectionError(f"no config {config!r} of arms; there are: {', '.join(CONFIGS)}")


def faults_at_end(programs: Sequence[WholeProgram], config: str) -> Iterator[str]:
    """Yield which programs reached a loss that is not that of the model."""
    from nanogpt_rs.training.arms import arm_named
    from nanogpt_rs.training.equal_losses import fault_at_end

    for program in programs:
        dtype = arm_named(program.arm).dtype
        for loss in program.val_losses:
            if fault := fault_at_end(config, dtype, loss, None):
                yield f"{program.arm}: {fault}"


@contextmanager
def recorded(
    asked: Asked, request: str, own_text: Path | None = None
) -> Iterator[tuple[Corpus, str, Keep]]:
    """Lock the folder for results, and yield the text, its file, and a function that keeps records.

    Args:
        asked: What the command line asks for.
        request: The request in words, by which runs are told apart.
        own_text: File of text to train on; ``None`` for TinyShakespeare.
    """
    from nanogpt_rs.measuring import run
    from nanogpt_rs.measuring.selection import load_corpora
    from nanogpt_rs.records import files
    from nanogpt_rs.records.kinds import folder_of
    from nanogpt_rs.ruler.hashes import sha256
    from nanogpt_rs.ruler.provenance import check
    from nanogpt_rs.training import divisions
    from nanogpt_rs.training.corpus import as_files

    build = check()
    require_writable(asked.record)  # before minutes of training, rather than after
    name = divisions.CORPUS if own_text is None else str(own_text)
    (text,) = load_corpora([name])
    folder = asked.results / folder_of(COMMAND)
    with files.locked(folder), as_files(text, name) as (path,):
        files.check_room(folder)
        described = run.describe(COMMAND, sha256(request.encode()), build)
        yield text, path, Keep(folder, described, asked.record)


@dataclass(frozen=True)
class Keep:
    """Keeps the records of a run.

    Attributes:
        folder: Folder for the file of the run.
        run: Description of the run.
        record: Another file of records, which the run is appended to.
    """

    folder: Path
    run: Run
    record: Path | None

    def __call__(self, records: Sequence[Other]) -> None:
        """Write the records to a file of their own, and append them to the other file."""
        from nanogpt_rs.records import files
        from nanogpt_rs.records.durable import append_whole

        kept = files.keep_whole(self.folder, self.run, records)
        if self.record is not None:
            self.record.touch()
            append_whole(self.record, kept.read_bytes())


def print_arms(arms: Sequence[RacedArm], race: ArmRace) -> None:
    """Print a race of arms: times, what the arms are made of, and the share of Python."""
    out.show(times_of(arms, race))
    out.show(makings_of(arms))
    out.say(
        f"Times are medians over {counted(race.processes, 'process', 'processes')} of each arm, "
        f"each with a seed of its own, config {race.config}, {counted(race.threads, 'thread')}. A "
        f"ratio is {race.reference}'s time of a step over the arm's; its interval covers how far "
        "processes on this machine differ, and no other build. Losses were equal before anything "
        "was timed."
    )
    control = next((arm.comparison.control for arm in arms if arm.comparison), None)
    if control is not None:
        itself = times(control.ratio, control.interval)
        out.say(f"The reference beside itself, which should be 1: {itself}.")
    print_shares(arms, race)
    for arm in arms:
        if arm.fault is not None:
            out.say(f"{arm.arm} has no time: {arm.fault}.")


def times_of(arms: Sequence[RacedArm], race: ArmRace) -> layout.Table:
    """Return the table of times."""
    clock = "cpu" if race.threads == 1 else "wall"
    read = "by the processor's time" if race.threads == 1 else "by the wall clock"
    heads = ("a step", f"{race.reference} / arm", "before the first", "level after", "peak memory")
    table = layout.Table(
        [layout.ids("arm"), *map(layout.figures, heads[:2]), layout.Column("verdict")]
        + [layout.figures(head) for head in heads[2:]],
        title=f"{race.config}, {read}",
    )
    for arm in arms:
        compared = arm.comparison
        table.add(
            f"{arm.arm} ({arm.dtype})",
            duration(getattr(arm.step, clock)) if arm.step else "-",
            times(compared.ratio, compared.interval) if compared and compared.ratio else "-",
            compared.verdict if compared else "reference" if arm.fault is None else "failed",
            duration(getattr(arm.start, clock)) if arm.start else "-",
            level_after(arm, arms[0], clock),
            size_in_words(arm.peak_bytes) if arm.peak_bytes else "-",
        )
    return table


def level_after(arm: RacedArm, reference: RacedArm, clock: str) -> str:
    """Return after how many steps an arm and the reference have taken the same time, in words."""
    if arm is reference or not (arm.start and arm.step and reference.start and reference.step):
        return "-"
    if arm.break_even is not None:
        return counted(arm.break_even, "step")
    ahead = getattr(arm.step, clock) < getattr(reference.step, clock)
    return "always ahead" if ahead else "always behind"


def makings_of(arms: Sequence[RacedArm]) -> layout.Table:
    """Return the table of what the arms are made of and how their runs ended."""
    heads = ("lines of code", "installed", "validation loss")
    table = layout.Table(
        [layout.ids("arm"), *map(layout.prose, ("library", "allocator", "multiplies by"))]
        + [layout.figures(head) for head in heads]
    )
    for arm in arms:
        losses = arm.val_losses
        ends = f"{min(losses):.4f} to {max(losses):.4f}" if losses else "-"
        table.add(
            arm.arm,
            arm.library or "-",
            arm.allocator or "-",
            f"{arm.matmul} ({arm.instructions})" if arm.matmul else "-",
            str(arm.code_lines or "-"),
            size_in_words(arm.installed_bytes) if arm.installed_bytes else "-",
            ends,
        )
    return table


def print_shares(arms: Sequence[RacedArm], race: ArmRace) -> None:
    """Print which share of a step Python takes: the most that a loop in Rust can save."""
    sampled = [arm for arm in arms if arm.python is not None]
    if not sampled:
        out.say("The share of Python in a step could not be sampled on this system.")
        return
    heads = ("Python's share of a step", "of it batches")
    table = layout.Table(
        [layout.ids("arm"), *map(layout.figures, heads), layout.prose("a loop in Rust")],
        title=f"{race.config}: the most that another language can save in the loop",
    )
    for arm in sampled:
        python = arm.python
        assert python is not None
        worth = python.interval[1] >= WORTH
        saves = f"saves at most {percent(python.interval[1])}"
        table.add(
            arm.arm,
            percent(python.share, python.interval),
            percent(python.batches),
            saves if worth else f"{saves}: not worth writing",
        )
    out.show(table)
    least = min(arm.python.batches for arm in sampled if arm.python is not None)
    out.say(
        "Samples of the running process: those in the interpreter or in torch's Python layer "
        f"count. Making batches takes {percent(least)} of a step at best, so a loader in Rust has "
        "no more to gain."
    )


def print_programs(programs: Sequence[WholeProgram], race: WholePrograms) -> None:
    """Print whole programs: their times in all and by stage."""
    names = list(dict.fromkeys(name for program in programs for name in program.stages))
    heads = ("in all", "wall clock", f"{race.reference} / program", "validation loss")
    table = layout.Table([layout.ids("program"), *map(layout.figures, heads)])
    stages = layout.Table([layout.ids("processor's time"), *map(layout.figures, names)])
    for program in programs:
        losses, ratio = program.val_losses, program.ratio
        table.add(
            program.arm,
            duration(program.total.cpu),
            duration(program.total.wall),
            times(ratio.ratio, ratio.interval) if ratio else "-",
            f"{min(losses):.4f} to {max(losses):.4f}",
        )
        times_by_name = [program.stages.get(name) for name in names]
        stages.add(program.arm, *(duration(time.cpu) if time else "-" for time in times_by_name))
    out.show(table)
    out.show(stages)
    out.say(
        f"Whole processes from nothing to a loss, config {race.config}, "
        f"{counted(race.threads, 'thread')}: medians of {digits(race.runs)} runs in turn, in "
        "random order. The ratio is of processor time; its interval covers how far runs differ."
    )
