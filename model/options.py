"""What a run is trained by (``Recipe``), and how that is computed (``Options``)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from model.gpt import ATTENTIONS, CONFIGS, Config

DTYPES = ("float32", "bfloat16", "float64")
OPTIMIZERS = {
    "fused": "torch's AdamW in one kernel, after clipping",
    "plain": "torch's AdamW and clipping, one small operation after another",
    "compiled": "clipping and AdamW compiled into one, which takes a C++ compiler",
}
BATCHES = {
    "gather": "many batches by one gather over all windows of the text",
    "stack": "a slice for each sequence, stacked, as the lecture and nanoGPT do it",
}


class TrainingError(Exception):
    """Training cannot start or go on; the message says what was wrong, in one line.

    Attributes:
        exit_status: Exit status of a command that the error ends.
        hint: What to type or to do, in words; ``None`` where the message says all.
    """

    exit_status = 1
    hint: str | None = None


class UsageError(TrainingError):
    """The caller named something that does not exist; the message lists what does."""

    exit_status = 2


@dataclass(frozen=True)
class Recipe:
    """The amount of data and the settings of the optimizer: nanoGPT's schedule.

    Attributes:
        batch: Number of sequences in a batch.
        steps: Number of batches.
        learning_rate: Learning rate after ``warmup`` steps. From there it falls as a cosine to
            ``least_learning_rate``.
        least_learning_rate: Learning rate at the last step.
        warmup: Number of steps in which the learning rate rises in a straight line.
        betas: AdamW's two decay rates.
        weight_decay: Weight decay of the parameters that have two dimensions.
        clip: Largest norm that the gradient may have; a longer one is scaled down to it.
    """

    batch: int
    steps: int
    learning_rate: float = 1e-3
    least_learning_rate: float = 1e-4
    warmup: int = 100
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.1
    clip: float = 1.0

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of this step; the first is step 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / (self.warmup + 1)
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        fraction = (1 + math.cos(math.pi * min(1.0, done))) / 2
        return self.least_learning_rate + fraction * (self.learning_rate - self.least_learning_rate)


RECIPES = {
    "quick": Recipe(batch=16, steps=250, learning_rate=3e-3, least_learning_rate=3e-4, warmup=20),
    "full": Recipe(batch=12, steps=2000),
    "baby": Recipe(batch=64, steps=5000),
}


@dataclass(frozen=True)
class Options:
    """How a run is computed. No option changes the model, the data or their order.

    Attributes:
        device: ``cpu``, ``cuda`` (``cuda:1`` ...) or ``mps``.
        dtype: Type of the arithmetic, one of ``DTYPES``. With bfloat16 it is mixed precision:
            parameters stay float32.
        attention: A key of ``model.gpt.ATTENTIONS``.
        optimizer: A key of ``OPTIMIZERS``; all are AdamW.
        batches: A key of ``BATCHES``.
        compile: Whether torch compiles the model, which takes a C++ compiler and some seconds. With
            the compiled optimizer, on a CPU, a whole step is compiled as one function.
        threads: Number of the processor's threads. Another number rounds differently.
    """

    device: str = "cpu"
    dtype: str = "float32"
    attention: str = "own"
    optimizer: str = "fused"
    batches: str = "gather"
    compile: bool = False
    threads: int = 1


VARIANTS = {
    "lecture": Options(attention="heads", optimizer="plain", batches="stack"),
    "nanogpt": Options(attention="sdpa", optimizer="plain", batches="stack"),
    "fastest": Options(dtype="bfloat16", optimizer="compiled", compile=True),
}
"""The same model as the lecture computes it, as nanoGPT does, and fastest on a CPU here."""


def config_of(config: str | Config) -> Config:
    """Return the config of this name, or the config itself.

    Raises:
        UsageError: No config has this name.
    """
    if isinstance(config, Config):
        return config
    if config not in CONFIGS:
        raise UsageError(f"no config {config!r}; there are: {', '.join(CONFIGS)}")
    return CONFIGS[config]


def recipe_of(config: str | Config) -> Recipe:
    """Return the recipe with a named config's name; any other config is trained as ``full`` is.

    Raises:
        UsageError: No config has this name.
    """
    config_of(config)
    return RECIPES[config if isinstance(config, str) else "full"]


def check(options: Options) -> None:
    """Check that each option exists.

    Raises:
        UsageError: One does not.
    """
    for option, value, choices in (
        ("dtype", options.dtype, DTYPES),
        ("attention", options.attention, ATTENTIONS),
        ("optimizer", options.optimizer, OPTIMIZERS),
        ("batches", options.batches, BATCHES),
    ):
        if value not in choices:
            raise UsageError(f"no {option} {value!r}; there are: {', '.join(choices)}")
    if options.device.startswith("mps") and options.dtype == "float64":
        raise UsageError("device mps has no float64; there are: float32, bfloat16")
    if options.threads < 1:
        raise UsageError(f"at least one thread is needed, not {options.threads}")
