"""The closed and the open division of training; their rules are in METHODOLOGY.md.

Both are run on TinyShakespeare alone, the only text that their losses mean anything on.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nanogpt_rs.records.durable import append_whole, checksum
from nanogpt_rs.records.lines import plain
from nanogpt_rs.records.schema import Run

CORPUS = "tinyshakespeare"
CLOSED_LOSS, CLOSED_WITHIN = 1.91, 0.03
OPEN_LOSS = 1.88
SIGNIFICANCE = 0.01
BLOCK = 10
"""Steps of a variant before the next one's turn; long enough to fill the caches anew."""
OURS = "fastest"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class RaceEntry:
    """One model of the closed division.

    Attributes:
        variant: a key of ``model.train.VARIANTS``.
        seed: of weights and data.
        steps: taken.
        val_loss: at the end, over the whole validation split.
        step_seconds: the processor's seconds for a step, the median of blocks.
        compile_seconds: the processor's seconds before the first step; of a later seed those in
            which what the first compiled is found again.
        parameters_sha256: of the trained parameters.
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
    """How many times the reference's step takes what ours takes, in the same run.

    Attributes:
        reference: a key of ``model.train.VARIANTS``.
        ratio: geometric mean over rounds, processor time.
        interval: of 95 %, rounds taken as independent; it holds for this process.
        break_even: steps after which compiling has paid, and with it all that follow.
    """

    reference: str
    ratio: float
    interval: tuple[float, float]
    break_even: int


@dataclass(frozen=True)
class Closed:
    """What came of the closed division.

    Attributes:
        entries: the models.
        gains: over each reference, on the first seed.
        matmul_seconds: the processor's seconds for a step's matrix multiplications alone.
        within: whether each loss is within its band.
        environment: what torch says of itself.
    """

    entries: tuple[RaceEntry, ...]
    gains: tuple[TrainingSpeedup, ...]
    matmul_seconds: float
    within: bool
    environment: dict[str, Any]


@dataclass(frozen=True)
class Open:
    """What came of the open division.

    Attributes:
        losses: of each seed, over the whole validation split.
        mean: of the losses.
        p: of a mean as low by chance, were the true one the target (one-sided t test).
        seconds: median, wall clock, from before the file is touched until the weights stand.
        cpu_seconds: the same by the processor's time.
        prepare_seconds: of ``cpu_seconds``, the preparation's.
        evaluation_seconds: the processor's, after that, for the validation loss.
        parameters: weights.
        counts_loss: of interpolated counts of three characters: unranked.
        counts_seconds: the processor's seconds for them, evaluation included.
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


def closed(
    prepare: Any,
    paths: Sequence[str],
    seeds: Sequence[int],
    steps: int | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Closed:
    """Train the same model the references' ways and ours, taking turns, and compare.

    The references take part in the first seed's run; ours is trained with each seed.

    Args:
        prepare: makes vocabulary and ids of the files.
        paths: the files.
        seeds: each trains a model.
        steps: instead of the division's 2000; losses mean nothing then.
        progress: called with what is done, how many blocks are done, and how many there are.
    """
    training = importlib.import_module("model.train")
    steps = steps or training.RECIPES["full"].steps
    recipe = replace(training.RECIPES["full"], steps=steps)
    references = [name for name in training.VARIANTS if name != OURS]
    blocks = math.ceil(steps / BLOCK)
    total, done = blocks * (len(references) + len(seeds)), 0
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
            for run in runs.values():
                run.warm_up()
            times: dict[str, list[float]] = {name: [] for name in runs}
            for _ in range(blocks):
                names = list(runs)
                order.shuffle(names)
                for name in names:
                    progress(f"seed {seed}, {name}", done, total)
                    run = runs[name]
                    count = min(BLOCK, steps - run.steps)
                    start = time.process_time()
                    for _ in range(count):
                        run.step()
                    times[name].append((time.process_time() - start) / count)
                    done += 1
            for name, run in runs.items():
                run.evaluate()
                summary = run.summary()
                entries.append(
                    RaceEntry(
                        variant=name,
                        seed=seed,
                        steps=steps,
                        val_loss=summary.val_loss,
                        step_seconds=statistics.median(times[name]),
                        compile_seconds=summary.cpu_seconds["compile"],
                        parameters_sha256=summary.parameters_sha256,
                    )
                )
            rounds = rounds or times
        bound = importlib.import_module("model.bound")
        matmul_seconds = bound.matmul_seconds(
            importlib.import_module("model.gpt").CONFIGS["full"],
            recipe.batch,
            len(vocabulary),
            training.VARIANTS[OURS].dtype,
        )
        found = training.environment(training.find_device("cpu"))
    compiled = next(entry.compile_seconds for entry in entries if entry.variant == OURS)
    return Closed(
        entries=tuple(entries),
        gains=tuple(gain(name, rounds[name], rounds[OURS], compiled) for name in references),
        matmul_seconds=matmul_seconds,
        within=all(abs(entry.val_loss - CLOSED_LOSS) <= CLOSED_WITHIN for entry in entries),
        environment=found,
    )


@contextmanager
def nothing_compiled() -> Iterator[None]:
    """Have torch keep what it compiles in a folder for the while, and find nothing there yet."""
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
    """Return how many times as fast ours was, given the seconds of a step in each round.

    Args:
        reference: its name.
        theirs: the reference's, at least two rounds.
        ours: in the same rounds.
        compile_seconds: what ours took before its first step.
    """
    from scipy.stats import t

    logs = [math.log(a / b) for a, b in zip(theirs, ours, strict=True)]
    mean = statistics.fmean(logs)
    half = t.ppf(0.975, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
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
    """Train the open division's entry from files, once for each seed, after one run that warms up.

    Args:
        prepare: makes vocabulary and ids of the files.
        paths: the files.
        seeds: at least two.
        progress: called with what is done, how many runs are done, and how many there are.
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
    counted = entry.counts(*parts, len(vocabulary))
    counted_seconds = time.process_time() - start

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
        counts_loss=counted,
        counts_seconds=counted_seconds,
    )


def chance(losses: Sequence[float], target: float) -> float:
    """Return the p value of a one-sided t test that the mean loss is below the target."""
    from scipy.stats import ttest_1samp

    return float(ttest_1samp(losses, target, alternative="less").pvalue)


def keep(path: Path, division: str, run: Run, corpus: dict[str, str], found: Closed | Open) -> None:
    """Append what came of a division to a file of JSON Lines.

    Args:
        path: the file.
        division: ``closed`` or ``open``.
        run: machine, commit and packages.
        corpus: id and SHA-256.
        found: what came of it.

    Raises:
        OSError: it cannot be written.
    """
    about = plain(asdict(run))
    body = {
        "schema_version": SCHEMA_VERSION,
        "kind": "division",
        "division": division,
        "date": f"{run.began:%Y-%m-%d}",
        "corpus": corpus,
        **{name: about[name] for name in ("run", "machine", "commit", "dirty", "packages")},
        **plain(asdict(found)),
    }
    body["checksum"] = checksum(body)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    append_whole(path, json.dumps(body, separators=(",", ":")).encode() + b"\n")
