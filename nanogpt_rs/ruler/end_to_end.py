"""What one worker process does of a whole job: imports, prepares a file, trains, and says how long.

Each is a fresh process with nothing imported before, so that the import is a stage like the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pkgutil import resolve_name
from typing import Any

from nanogpt_rs.ruler import corpora, files, provenance
from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.tasks import PREPARATION

IMPORT = "import"
TRAIN = "model.train:train"
OPTIONS = "model.train:Options"

Prepare = Callable[[Sequence[str]], Any]


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """Train a model from a file.

    Args:
        order: ``id`` of what prepares it, and ``corpus``; ``packages``, as
            ``provenance.package_files`` has them; ``config``, ``steps`` (``None``: the recipe's)
            and ``seed`` of the training;
            ``options``, by name, those of ``model.train.Options`` that are not left as they are.

    Returns:
        ``seconds`` by stage, wall clock: ``import``, the steps of the preparation in their order,
        then the stages of training; ``cpu_seconds``, the same by the processor's time of all
        threads; ``prepare``, which of the stages are preparation; ``val_loss`` and
        ``parameters_sha256`` of what was trained; ``steps`` taken; ``how``, by ``in_words``.
    """
    provenance.check_origins(order["packages"])
    # The text goes; training has a file.
    path = files.path_of(corpora.load(order["corpus"]).text)
    cpu, wall = time.process_time(), time.perf_counter()
    train, options = resolve_name(TRAIN), resolve_name(OPTIONS)(**order["options"])
    row = find(PREPARATION, order["id"])
    prepare, steps = row.resolve(), row.resolve_steps()
    seconds = {IMPORT: time.perf_counter() - wall}
    cpu_seconds = {IMPORT: time.process_time() - cpu}
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
    for stage, took in summary.seconds.items():
        if stage not in whole and took:  # nothing may have been compiled
            seconds[stage], cpu_seconds[stage] = took, summary.cpu_seconds[stage]
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
    """Return how training is computed, where not as it is unasked: ``H100, dtype bfloat16``.

    Args:
        options: by name, those that were asked for.
        device: what the device calls itself.
    """
    words = [device] if "device" in options else []
    for name, asked in options.items():
        if name != "device":
            words.append(name if asked is True else f"{name} {asked}")
    return ", ".join(words)


def timed(steps: Any, stages: dict[str, tuple[float, float]]) -> Prepare:
    """Return the preparation whose steps these are, which notes what each of them takes.

    Args:
        steps: a generator function that yields the name of each step that is done.
        stages: where wall-clock and processor seconds are noted, by name.
    """

    def prepare(paths: Sequence[str]) -> Any:
        running = steps(paths)
        while True:
            cpu, wall = time.process_time(), time.perf_counter()
            try:
                name = next(running)
            except StopIteration as done:
                return done.value
            stages[name] = time.perf_counter() - wall, time.process_time() - cpu

    return prepare
