"""The closed and the open division of training; METHODOLOGY.md has their rules.

Both train on TinyShakespeare, the only text for which their losses mean anything.
"""

from __future__ import annotations

import importlib
import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nanogpt_rs.records.kinds import Other
from nanogpt_rs.records.races import (
    ClosedRace,
    OpenRace,
    OpenRaceEntry,
    RaceEntry,
    TrainingSpeedup,
)
from nanogpt_rs.statistics.student import cdf, quantile

CORPUS = "tinyshakespeare"
CLOSED_LOSS, CLOSED_WITHIN = 1.91, 0.03
"""Loss that each model of the closed division must reach, and how far it may be off."""
OPEN_LOSS = 1.88
"""Loss that the open division's mean must be below."""
SIGNIFICANCE = 0.01
"""p-value that the open division's mean must be below."""
BLOCK = 10
"""Steps of a variant before the next variant's turn: long enough to fill the caches again."""
OURS = "fastest"


@dataclass(frozen=True)
class Closed:
    """Result of the closed division.

    Attributes:
        entries: Models that were trained.
        gains: Speed-up over each reference, on the first seed.
        matmul_seconds: CPU seconds of one step's matrix multiplications alone.
        within: Whether the loss of each model is within the division's band.
        environment: PyTorch's description of itself: version, build, threads, device.
    """

    entries: tuple[RaceEntry, ...]
    gains: tuple[TrainingSpeedup, ...]
    matmul_seconds: float
    within: bool
    environment: dict[str, Any]

    def records(self, corpus: str, sha256: str, prepare: str) -> list[Other]:
        """Return the records that keep the result.

        Args:
            corpus: Id of the corpus.
            sha256: SHA-256 of the text, in hexadecimal.
            prepare: Id of the implementation that prepared the text.
        """
        race = ClosedRace(
            corpus=corpus,
            sha256=sha256,
            prepare=prepare,
            gains=self.gains,
            matmul_seconds=self.matmul_seconds,
            within=self.within,
            environment=self.environment,
        )
        return [*self.entries, race]


@dataclass(frozen=True)
class Open:
    """Result of the open division.

    Attributes:
        losses: Loss of each seed over the whole validation split, in nats per character.
        mean: Mean of the losses.
        p: Probability of a mean as low as this by chance, if the true mean were the target
            (one-sided t test).
        seconds: Wall-clock seconds from before the file is touched until the weights are final:
            the median over seeds.
        cpu_seconds: CPU seconds of the same.
        prepare_seconds: CPU seconds of the preparation, which ``cpu_seconds`` includes.
        evaluation_seconds: CPU seconds of computing the validation loss after that.
        parameters: Number of weights.
        counts_loss: Loss of interpolated counts of three characters, an unranked yardstick.
        counts_seconds: CPU seconds of these counts, with their evaluation.
    """

    losses: tuple[float, ...]
    mean: float
    p: float
    seconds: float
    cpu_seconds: float
    prepare_seconds: float
    evaluation_seconds: float
    parameters: int
    counts_loss: float
    counts_seconds: float

    def records(self, corpus: str, sha256: str, prepare: str) -> list[Other]:
        """Return the records that keep the result; seeds count from 1.

        Args:
            corpus: Id of the corpus.
            sha256: SHA-256 of the text, in hexadecimal.
            prepare: Id of the implementation that prepared the text.
        """
        race = OpenRace(
            corpus=corpus,
            sha256=sha256,
            prepare=prepare,
            mean=self.mean,
            p=self.p,
            seconds=self.seconds,
            cpu_seconds=self.cpu_seconds,
            prepare_seconds=self.prepare_seconds,
            evaluation_seconds=self.evaluation_seconds,
            parameters=self.parameters,
            counts_loss=self.counts_loss,
            counts_seconds=self.counts_seconds,
        )
        return [*(OpenRaceEntry(seed, loss) for seed, loss in enumerate(self.losses, 1)), race]


def closed(
    prepare: Any,
    paths: Sequence[str],
    seeds: Sequence[int],
    steps: int | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Closed:
    """Train the same model in the references' ways and in ours, taking turns, and compare them.

    The references take part in the first seed's run. Ours is trained with each seed.

    Args:
        prepare: Function that makes the vocabulary and the ids of the files.
        paths: Paths of the files.
        seeds: Seeds, each of which trains a model.
        steps: Number of steps (default: the division's 2000). With others, losses mean nothing.
        progress: Called with the activity, the number of finished blocks, and of all blocks.
    """
    training = importlib.import_module("model.train")
    steps = steps or training.RECIPES["full"].steps
    recipe = replace(training.RECIPES["full"], steps=steps)
    references = [name for name in training.VARIANTS if name != OURS]
    blocks = math.ceil(steps / BLOCK)
    total, done = blocks * (len(references) + len(seeds)), 0

    def announce(seed: int, variant: str) -> None:
        nonlocal done
        progress(f"seed {seed}, {variant}", done, total)
        done += 1

    entries: list[RaceEntry] = []
    rounds: dict[str, list[float]] = {}
    order = random.Random(seeds[0])  # noqa: S311  (no secret)
    with training.threads(1), nothing_compiled():
        vocabulary, ids = prepare(paths)
        for number, seed in enumerate(seeds):
            runs = {
                name: training.TrainingRun(
                    "full", recipe, training.VARIANTS[name], vocabulary, ids, seed
                )
                for name in ([*references, OURS] if number == 0 else [OURS])
            }
            times = train_in_turn(runs, steps, order, partial(announce, seed))
            entries += [entry_of(name, seed, run, times[name]) for name, run in runs.items()]
            rounds = rounds or times
        bound = importlib.import_module("model.bound")
        matmul_seconds = bound.matmul_seconds(
            importlib.import_module("model.gpt").CONFIGS["full"],
            recipe.batch,
            len(vocabulary),
            training.VARIANTS[OURS].dtype,
        )
        environment = training.environment(training.find_device("cpu"))
    compiled = next(entry.compile_seconds for entry in entries if entry.variant == OURS)
    return Closed(
        entries=tuple(entries),
        gains=tuple(gain(name, rounds[name], rounds[OURS], compiled) for name in references),
        matmul_seconds=matmul_seconds,
        within=all(abs(entry.val_loss - CLOSED_LOSS) <= CLOSED_WITHIN for entry in entries),
        environment=environment,
    )


def train_in_turn(
    runs: Mapping[str, Any], steps: int, order: random.Random, announce: Callable[[str], None]
) -> dict[str, list[float]]:
    """Train models in blocks of steps, which take turns in a random order.

    Args:
        runs: Models by name, instances of ``model.train.Run``.
        steps: Number of steps of each.
        order: Source of the order.
        announce: Called with a model's name before each of its blocks.

    Returns:
        For each model, the CPU seconds of a step in each block.
    """
    for run in runs.values():
        run.warm_up()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(math.ceil(steps / BLOCK)):
        names = list(runs)
        order.shuffle(names)
        for name in names:
            announce(name)
            run = runs[name]
            count = min(BLOCK, steps - run.steps)
            start = time.process_time()
            for _ in range(count):
                run.step()
            times[name].append((time.process_time() - start) / count)
    return times


def entry_of(variant: str, seed: int, run: Any, times: Sequence[float]) -> RaceEntry:
    """Evaluate a trained model and return its record.

    Args:
        variant: Name of the variant.
        seed: Seed of the model.
        run: The model, an instance of ``model.train.Run``.
        times: CPU seconds of a step in each block.
    """
    run.evaluate()
    summary = run.summary()
    return RaceEntry(
        variant=variant,
        seed=seed,
        steps=run.steps,
        val_loss=summary.val_loss,
        step_seconds=statistics.median(times),
        compile_seconds=summary.cpu_seconds["compile"],
        parameters_sha256=summary.parameters_sha256,
    )


@contextmanager
def nothing_compiled() -> Iterator[None]:
    """Give torch an empty folder for the code that it compiles, which is removed afterwards."""
    name = "TORCHINDUCTOR_CACHE_DIR"
    before = os.environ.get(name)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[name] = folder
        try:
            yield
        finally:
            del os.environ[name]
            if before is not None:
                os.environ[name] = before


def gain(
    reference: str, theirs: Sequence[float], ours: Sequence[float], compile_seconds: float
) -> TrainingSpeedup:
    """Return how many times as fast as a reference our variant was, over paired rounds.

    Args:
        reference: Name of the reference.
        theirs: Reference's CPU seconds of a step in each round; at least two rounds.
        ours: Our variant's CPU seconds of a step in the same rounds.
        compile_seconds: CPU seconds that our variant took before its first step.
    """
    logs = [math.log(a / b) for a, b in zip(theirs, ours, strict=True)]
    mean = statistics.fmean(logs)
    half = quantile(len(logs) - 1, 0.975) * statistics.stdev(logs) / math.sqrt(len(logs))
    saved = statistics.median(theirs) - statistics.median(ours)
    return TrainingSpeedup(
        reference=reference,
        ratio=math.exp(mean),
        interval=(math.exp(mean - half), math.exp(mean + half)),
        break_even=math.ceil(compile_seconds / saved) if saved > 0 else -1,
    )


def open_(
    prepare: Any,
    paths: Sequence[str],
    seeds: Sequence[int],
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Open:
    """Train the open division's entry from files, once for each seed, after one run to warm up.

    Args:
        prepare: Function that makes the vocabulary and the ids of the files.
        paths: Paths of the files.
        seeds: Seeds, at least two.
        progress: Called with the activity, the number of finished runs, and of all runs.
    """
    entry = importlib.import_module("model.open")
    entry.run(prepare, paths, seeds[0])
    outcomes = []
    for number, seed in enumerate(seeds):
        progress(f"seed {seed}", number, len(seeds))
        outcomes.append(entry.run(prepare, paths, seed))
    losses = [outcome.val_loss for outcome in outcomes]
    start = time.process_time()
    vocabulary, ids = prepare(paths)
    parts = importlib.import_module("model.train").split(ids, 3)
    counts_loss = entry.counts(*parts, len(vocabulary))
    counts_seconds = time.process_time() - start

    def median(name: str) -> float:
        return float(statistics.median(getattr(outcome, name) for outcome in outcomes))

    return Open(
        losses=tuple(losses),
        mean=statistics.fmean(losses),
        p=chance(losses, OPEN_LOSS),
        seconds=median("seconds"),
        cpu_seconds=median("cpu_seconds"),
        prepare_seconds=median("prepare_seconds"),
        evaluation_seconds=median("evaluation_seconds"),
        parameters=outcomes[0].parameters,
        counts_loss=counts_loss,
        counts_seconds=counts_seconds,
    )


def chance(losses: Sequence[float], target: float) -> float:
    """Return the p-value of a one-sided t test that the mean loss is below the target."""
    error = statistics.stdev(losses) / math.sqrt(len(losses))
    away = statistics.fmean(losses) - target
    return cdf(len(losses) - 1, away / error if error else math.copysign(math.inf, away))
