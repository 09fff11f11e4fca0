"""Does one whole job in a worker process: imports, prepares a file, trains, and times each stage.

The process is fresh and has imported nothing, so that the import is a stage like the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pkgutil import resolve_name
from time import perf_counter, process_time
from typing import Any, TypedDict

from nanogpt_rs.ruler import corpora, files, provenance
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import PREPARATION

IMPORT = "import"
TRAIN = "model.train:train"
OPTIONS = "model.train:Options"

Prepare = Callable[[Sequence[str]], Any]


class Order(TypedDict):
    """An order to train a model from a file.

    Attributes:
        id: The id of the contender that prepares the file.
        corpus: The name that the corpus is loaded by.
        packages: The files of the measured packages, as ``provenance.package_files`` returns them.
        config: The name of the model's configuration.
        steps: Number of steps, ``None`` for the configuration's own.
        seed: The seed of the training.
        options: Those of ``model.train.Options`` that differ from their defaults, by name.
    """

    id: str
    corpus: str
    packages: dict[str, str | None]
    config: str
    steps: int | None
    seed: int
    options: dict[str, Any]


class Answer(TypedDict):
    """What one job took, and what it trained.

    Attributes:
        seconds: Seconds of wall-clock time by stage: ``import``, the steps of the preparation in
            their order, then the stages of training.
        cpu_seconds: The same in seconds of processor time of all threads.
        prepare: The names of the stages that are the preparation.
        val_loss: The trained model's loss on the validation part.
        parameters_sha256: SHA-256 of the trained parameters.
        steps: Number of steps that were taken.
        how: The options of the training in words, as ``in_words`` returns them.
    """

    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    prepare: list[str]
    val_loss: float
    parameters_sha256: str
    steps: int
    how: str


def answer(order: Order) -> Answer:
    """Train a model from a file, in a worker process."""
    provenance.check_origins(order["packages"])
    # The text itself is not kept in memory: training has a file.
    path = files.path_of(corpora.load(order["corpus"]).text)
    cpu, wall = process_time(), perf_counter()
    train, options = resolve_name(TRAIN), resolve_name(OPTIONS)(**order["options"])
    row = find(PREPARATION, order["id"])
    prepare, steps = row.resolve(), row.resolve_steps()
    seconds = {IMPORT: perf_counter() - wall}
    cpu_seconds = {IMPORT: process_time() - cpu}
    stages: dict[str, tuple[float, float]] = {}
    summary = train(
        prepare if steps is None else timed(steps, stages),
        [path],
        order["config"],
        options=options,
        steps=order["steps"],
        seed=order["seed"],
    )
    whole = {"prepare": (summary.seconds["prepare"], summary.cpu_seconds["prepare"])}
    for stage, (wall, cpu) in (stages or whole).items():
        seconds[stage], cpu_seconds[stage] = wall, cpu
    for stage, elapsed in summary.seconds.items():
        if stage not in whole and elapsed:  # compiling takes no time where nothing is compiled
            seconds[stage], cpu_seconds[stage] = elapsed, summary.cpu_seconds[stage]
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "prepare": list(stages or whole),
        "val_loss": summary.val_loss,
        "parameters_sha256": summary.parameters_sha256,
        "steps": summary.steps,
        "how": in_words(order["options"], summary.environment["device"]),
    }


def in_words(options: dict[str, Any], device: str) -> str:
    """Return the options of a training that differ from their defaults: ``H100, dtype bfloat16``.

    Args:
        options: These options, by name.
        device: The device's own name.
    """
    words = [device] if "device" in options else []
    for name, value in options.items():
        if name != "device":
            words.append(name if value is True else f"{name} {value}")
    return ", ".join(words)


def timed(steps: Any, stages: dict[str, tuple[float, float]]) -> Prepare:
    """Make a preparation of its steps, which notes how long each step takes.

    Args:
        steps: A generator function that yields the name of each step when it is done.
        stages: Receives the wall-clock and processor seconds of each step, by name.
    """

    def prepare(paths: Sequence[str]) -> Any:
        running = steps(paths)
        while True:
            cpu, wall = process_time(), perf_counter()
            try:
                name = next(running)
            except StopIteration as done:
                return done.value
            stages[name] = perf_counter() - wall, process_time() - cpu

    return prepare
