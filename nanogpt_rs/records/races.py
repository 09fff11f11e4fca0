"""The fields of ``model race``'s records: how fast a network learns TinyShakespeare here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nanogpt_rs.records.schema import Comparison, Ratio


@dataclass(frozen=True)
class RaceEntry:
    """One model that was trained in the closed division.

    Attributes:
        variant: Way of computing the model, a key of ``model.train.VARIANTS``.
        seed: Seed of the weights and of the order of the data.
        steps: Number of training steps.
        val_loss: Loss at the end over the whole validation split, in nats per character.
        step_seconds: CPU seconds of one step: the median over blocks of steps.
        compile_seconds: CPU seconds before the first step. For a later seed, the seconds in which
            the code that the first seed compiled is found again.
        parameters_sha256: SHA-256 of the trained parameters, in hexadecimal.
    """

    variant: str
    seed: int
    steps: int
    val_loss: float
    step_seconds: float
    compile_seconds: float
    parameters_sha256: str


@dataclass(frozen=True)
class TrainingSpeedup:
    """How many times as fast as a reference our variant takes a step, in the same run.

    Attributes:
        reference: Name of the reference, a key of ``model.train.VARIANTS``.
        ratio: Reference's CPU time of a step divided by ours: the geometric mean over rounds.
        interval: 95 % interval of ``ratio``, with rounds taken as independent. It holds for this
            process only.
        break_even: Number of steps after which compiling has paid; -1 where it never pays.
    """

    reference: str
    ratio: float
    interval: tuple[float, float]
    break_even: int


@dataclass(frozen=True)
class ClosedRace:
    """The closed division's result. Its models are ``RaceEntry`` records of the same run.

    Attributes:
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        prepare: Id of the implementation that prepared the text.
        gains: Speed-up over each reference, on the first seed.
        matmul_seconds: CPU seconds of one step's matrix multiplications alone.
        within: Whether the loss of each model is within the division's band.
        environment: PyTorch's description of itself: version, build, threads, device.
    """

    corpus: str
    sha256: str
    prepare: str
    gains: tuple[TrainingSpeedup, ...]
    matmul_seconds: float
    within: bool
    environment: dict[str, Any]


@dataclass(frozen=True)
class OpenRaceEntry:
    """One network that was trained in the open division.

    Attributes:
        seed: Seed of the weights and of the order of the data.
        val_loss: Loss at the end over the whole validation split, in nats per character.
    """

    seed: int
    val_loss: float


@dataclass(frozen=True)
class OpenRace:
    """The open division's result. Its networks are ``OpenRaceEntry`` records of the same run.

    Attributes:
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        prepare: Id of the implementation that prepared the text.
        mean: Mean loss over seeds, in nats per character.
        p: Probability of a mean as low as this by chance, if the true mean were the division's
            target (one-sided t test).
        seconds: Wall-clock seconds from before the file is touched until the weights are final:
            the median over seeds.
        cpu_seconds: CPU seconds of the same.
        prepare_seconds: CPU seconds of the preparation, which ``cpu_seconds`` includes.
        evaluation_seconds: CPU seconds of computing the validation loss after that.
        parameters: Number of weights.
        counts_loss: Loss of interpolated counts of three characters, an unranked yardstick.
        counts_seconds: CPU seconds of these counts, with their evaluation.
    """

    corpus: str
    sha256: str
    prepare: str
    mean: float
    p: float
    seconds: float
    cpu_seconds: float
    prepare_seconds: float
    evaluation_seconds: float
    parameters: int
    counts_loss: float
    counts_seconds: float


# --- the race of arms, and whole programs ---


@dataclass(frozen=True)
class Agreement:
    """How closely an arm's losses agreed with the reference's from the same weights and batches.

    Attributes:
        dtype: Number format that both were computed in.
        steps: Number of steps that were compared.
        limit: Largest difference that is allowed, in nats per character.
        largest: Largest difference at a step.
        left_at: First step whose difference was larger, counted from 1; ``None`` if none was.
        by: Difference at that step.
    """

    dtype: str
    steps: int
    limit: float
    largest: float
    left_at: int | None
    by: float | None


@dataclass(frozen=True)
class PythonShare:
    """The share of a step that Python takes, from samples of the running process.

    Attributes:
        share: Share of samples in Python's interpreter or in torch's Python layer, 0 to 1.
        interval: 95 % interval of the share.
        samples: Number of samples.
        batches: Share of the processor time of the same steps in which batches are made, all
            libraries included.
    """

    share: float
    interval: tuple[float, float]
    samples: int
    batches: float


@dataclass(frozen=True)
class Seconds:
    """How long something took.

    Attributes:
        wall: Seconds by the wall clock.
        cpu: Processor seconds, summed over threads.
    """

    wall: float
    cpu: float


@dataclass(frozen=True)
class RacedArm:
    """One arm of a race: a way to compute the model, in processes of its own.

    Attributes:
        arm: Id, such as ``rust/candle``.
        library: Library and version that computes; empty where the arm did not start.
        allocator: Allocator of memory.
        matmul: What multiplies matrices.
        instructions: Instructions of the processor that it uses, as the arm names them.
        dtype: Number format that it was timed in.
        agreements: How closely its losses agreed before anything was timed.
        fault: Why it has no time, in one sentence; ``None`` if it has.
        val_losses: Validation loss after the whole run, for each seed that was trained to its end.
        start: Time from the process's start to the first step, compiling included: the median over
            processes, or the first process's for an arm that compiles.
        stages: Time of each stage of that start.
        step: Time of one step: the median over processes of medians over blocks.
        comparison: The reference compared with this arm, by the time of a step; ``None`` for the
            reference itself.
        break_even: Number of steps after which this arm and the reference have taken the same time
            since their start; ``None`` where one is ahead throughout.
        peak_bytes: Most memory that its process held at once; ``None`` where the system does not
            tell.
        code_lines: Lines of code of the files that define model and optimizer step; ``None`` where
            they are not there.
        installed_bytes: Bytes that must be installed for it, beyond Python's interpreter.
        python: Share of a step that Python takes; ``None`` for Rust, and where it cannot be told.
    """

    arm: str
    library: str
    allocator: str
    matmul: str
    instructions: str
    dtype: str
    agreements: tuple[Agreement, ...]
    fault: str | None
    val_losses: tuple[float, ...]
    start: Seconds | None
    stages: dict[str, Seconds]
    step: Seconds | None
    comparison: Comparison | None
    break_even: int | None
    peak_bytes: int | None
    code_lines: int | None
    installed_bytes: int | None
    python: PythonShare | None


@dataclass(frozen=True)
class ArmRace:
    """A race of arms, which are ``RacedArm`` records of the same run.

    Attributes:
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        prepare: Id of the implementation that prepared the text.
        config: Shape of the model and its schedule.
        threads: Number of threads of each arm.
        processes: Number of processes of each arm. Each has a seed of its own, and is one value of
            the statistics.
        rounds: Number of rounds in each process; in a round every arm takes one block of steps.
        block: Number of steps in a block.
        whole: Whether each process trained to the end of the schedule, and was evaluated.
        reference: Id of the arm that the others are compared with.
    """

    corpus: str
    sha256: str
    prepare: str
    config: str
    threads: int
    processes: int
    rounds: int
    block: int
    whole: bool
    reference: str


@dataclass(frozen=True)
class WholeProgram:
    """One arm as a whole program, from nothing to a validation loss.

    Attributes:
        arm: Id of the arm.
        val_losses: Validation loss of each run.
        total: Time from the start of the process to its end: the median over runs.
        stages: Time of each stage: the median over runs. ``start`` is what the others leave of
            the time before the first step.
        ratio: Time of the best Python arm divided by this arm's; ``None`` for that arm itself.
        peak_bytes: Most memory that a run held at once; ``None`` where the system does not tell.
    """

    arm: str
    val_losses: tuple[float, ...]
    total: Seconds
    stages: dict[str, Seconds]
    ratio: Ratio | None
    peak_bytes: int | None


@dataclass(frozen=True)
class WholePrograms:
    """Whole programs, which are ``WholeProgram`` records of the same run.

    Attributes:
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        config: Shape of the model and its schedule.
        threads: Number of threads of each program.
        runs: Number of times that each program ran, in turn with the others in random order.
        reference: Id of the arm whose time is divided by the others'.
    """

    corpus: str
    sha256: str
    config: str
    threads: int
    runs: int
    reference: str
