"""The fields of ``model race``'s records: how fast a network learns TinyShakespeare here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
