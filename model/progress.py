"""What a run reports: the time of each stage, its progress after a step, its summary at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from model.device import device_argument
from model.gpt import Config
from model.options import Options, Recipe

STAGES = ("prepare", "compile", "batches", "forward", "backward", "optimizer", "evaluation")
"""The stages that ``Summary.seconds`` is divided into, in the order in which they come."""


@dataclass(frozen=True)
class Progress:
    """Where a run is, after a step.

    Attributes:
        step: Number of steps done.
        steps: Number of steps in all.
        loss: Loss of the step's batch, in nats per character.
        learning_rate: Learning rate of the step.
        val_loss: Loss over the validation split, if it was evaluated after this step.
        tokens_per_second: Pace so far, without evaluations and start-up.
        seconds_left: Seconds that the remaining steps take at this pace.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    val_loss: float | None
    tokens_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Summary:
    """The result of a run.

    Attributes:
        config: Shape of the model.
        recipe: What it was trained by.
        options: How that was computed.
        seed: Seed of the initial weights and of the order of the data.
        characters: Number of characters in the corpus; the first floor(0.9 n) of them train.
        vocabulary_size: Number of distinct characters or tokens.
        parameters: Number of parameters that the model has.
        steps: Number of steps done in all, those before a resumption included.
        interrupted: Whether ``steps`` is fewer than the recipe's.
        train_loss: Loss of the last batch.
        val_loss: Mean loss over the whole validation split, in fixed windows, in nats per
            character; None if the run was stopped before its end.
        losses: Loss of each step.
        val_losses: Pairs (step, loss), one for each evaluation.
        parameters_sha256: Hash of the parameters' bits.
        seconds: Wall-clock seconds of each of ``STAGES``, in this process.
        cpu_seconds: Processor seconds of each of ``STAGES``, of all threads.
        tokens_per_second: Characters trained on in a second of batches, forward, backward and
            optimizer, by the wall clock.
        environment: The rest of what the bits and the pace depend on.
    """

    config: Config
    recipe: Recipe
    options: Options
    seed: int
    characters: int
    vocabulary_size: int
    parameters: int
    steps: int
    interrupted: bool
    train_loss: float | None
    val_loss: float | None
    losses: tuple[float, ...]
    val_losses: tuple[tuple[int, float], ...]
    parameters_sha256: str
    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    tokens_per_second: float
    environment: dict[str, Any]


@dataclass
class StageClock:
    """Adds up the time of each stage. It waits for a GPU, so that a stage is charged its own work.

    Attributes:
        device: Device that the stages are computed on.
        seconds: Wall-clock seconds of each of ``STAGES`` so far.
        cpu_seconds: Processor seconds of each of ``STAGES`` so far, of all threads.
    """

    device: torch.device
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    cpu_seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge the time of the ``with`` block to this stage."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            if self.device.type != "cpu":
                getattr(torch, self.device.type).synchronize(**device_argument(self.device))
            self.seconds[name] += time.perf_counter() - wall
            self.cpu_seconds[name] += time.process_time() - cpu
