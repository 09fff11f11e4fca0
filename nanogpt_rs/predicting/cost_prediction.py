"""Predicts how long preparing a text of any size takes, from lines that are fitted to measurements.

Pure functions. A stage keeps a worker busy in proportion to the text's bytes, and reads and writes
a known number of bytes for each of them. How long it takes is decided by the scarcest of
processors, disks and network. Far beyond the measured sizes a line is an extrapolation: its
interval covers how well the line is known, and not whether the world stays straight.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nanogpt_rs.preparing.parts import LARGEST_PART
from nanogpt_rs.preparing.shards import WIDTH
from nanogpt_rs.preparing.stages import STAGES
from nanogpt_rs.records.schema import Taken
from nanogpt_rs.ruler.errors import NOTHING, UserError
from nanogpt_rs.statistics.student import quantile

ENGINE_STAGES = ("vocabulary", "encoding")
"""The stages in which each part is a task of the engine."""
LEVEL = 0.95
WIDEST = 1e6
"""Largest factor by which an interval reaches up and down: beyond it no number is worth saying."""
LEAST_RUNS = 4
"""Fewest runs that a line can be fitted to."""
CALL = "call"
"""The only stage of a contender: it is one call, and has no stages of the command."""


class CostError(UserError):
    """Nothing can be measured or predicted; the message says why."""

    exit_status = NOTHING


@dataclass(frozen=True)
class Estimate:
    """The seconds that a single run takes.

    Attributes:
        seconds: Point estimate.
        low: Lower end of the 95 % interval.
        high: Upper end of the 95 % interval.
    """

    seconds: float
    low: float
    high: float

    def times(self, factor: float) -> Estimate:
        """Return the estimate multiplied by a factor."""
        return Estimate(self.seconds * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Line:
    """The seconds for a text of n bytes, ``fixed + per_byte * n``.

    Attributes:
        fixed: Seconds that do not depend on the size.
        per_byte: Seconds per byte.
        spread: Standard deviation of single runs around the line, as a share of it.
        covariance: Variances of ``fixed`` and of ``per_byte``, then their covariance.
        runs: Number of runs that the line was fitted to.
        largest: Size of the largest text among them, in bytes.
    """

    fixed: float
    per_byte: float
    spread: float
    covariance: tuple[float, float, float]
    runs: int
    largest: int

    def at(self, size: float) -> Estimate:
        """Return what a single run takes for this many bytes."""
        seconds = self.fixed + self.per_byte * size
        of_fixed, of_per_byte, shared = self.covariance
        variance = (of_fixed + of_per_byte * size**2 + 2 * shared * size) / seconds**2
        deviation = math.sqrt(max(0.0, variance) + self.spread**2)
        reach = math.exp(
            min(quantile(self.runs - 2, (1 + LEVEL) / 2) * deviation, math.log(WIDEST))
        )
        return Estimate(seconds, seconds / reach, seconds * reach)


def fit(runs: Sequence[tuple[int, float]]) -> Line:
    """Return the line through runs, by relative least squares.

    A run of 1 MB and one of 4 GB count alike, since what disturbs a run disturbs a share of it.

    Args:
        runs: Bytes and seconds of each run.

    Raises:
        ValueError: There are fewer than ``LEAST_RUNS`` runs, or all have the same size.
    """
    import numpy as np
    from scipy.optimize import nnls

    sizes = np.array([size for size, _ in runs], float)
    seconds = np.array([taken for _, taken in runs], float)
    if len(runs) < LEAST_RUNS or len(set(sizes.tolist())) < 2:
        raise ValueError(
            f"a line takes {LEAST_RUNS} runs of two sizes or more; there are {len(runs)}"
        )
    unit = sizes.max()  # so that both columns are of the same order of magnitude
    columns = np.column_stack([np.ones_like(sizes), sizes / unit])
    fitted = seconds
    for _ in range(8):  # weighted by the fitted seconds, not by the measured ones
        coefficients, _ = nnls(columns / fitted[:, None], seconds / fitted)
        fitted = np.maximum(columns @ coefficients, 1e-12)
    weighted = columns / fitted[:, None]
    residuals = seconds / fitted - 1
    spread = math.sqrt(float(residuals @ residuals) / (len(runs) - 2))
    inverse = np.linalg.inv(weighted.T @ weighted) * spread**2
    return Line(
        fixed=float(coefficients[0]),
        per_byte=float(coefficients[1] / unit),
        spread=spread,
        covariance=(
            float(inverse[0, 0]),
            float(inverse[1, 1] / unit**2),
            float(inverse[0, 1] / unit),
        ),
        runs=len(runs),
        largest=int(sizes.max()),
    )


@dataclass(frozen=True)
class Resources:
    """The machines that a preparation runs on.

    Attributes:
        machines: Number of machines that work on parts.
        cores: Number of cores of each machine.
        read: Bytes per second that one machine reads from its disk; ``inf`` where the system keeps
            files in memory.
        write: Bytes per second that one machine writes to its disk; ``inf`` as above.
        network: Bytes per second of one machine's network if files are on other machines, else
            ``None``. The machine that runs the command has as much for itself.
        start_up: Seconds until the engine's workers are ready.
        overhead: Seconds that the engine spends on each task.
        part: Size of a part in bytes. A part is two tasks.
    """

    machines: int = 1
    cores: int = 1
    read: float = math.inf
    write: float = math.inf
    network: float | None = None
    start_up: float = 0.0
    overhead: float = 0.0
    part: int = LARGEST_PART


@dataclass(frozen=True)
class Stage:
    """How long a stage takes.

    Attributes:
        name: One of ``STAGES``.
        estimate: The stage's seconds.
        bound: The scarce resource: ``processor``, ``disk``, ``network``, ``engine``; ``one stream``
            of digests, which is the work of one core; or ``one writer``, as a file can be written
            by only one worker at a time.
    """

    name: str
    estimate: Estimate
    bound: str


@dataclass(frozen=True)
class Prediction:
    """How long a preparation takes.

    Attributes:
        size: Size of the text in bytes.
        stages: The stages. A single core does them one after the other. Several cores look for the
            vocabulary, then encode and write side by side, then hash. A machine that leads others
            hashes finished texts meanwhile, and ids once the vocabulary is known.
        total: Seconds of the whole preparation.
        stretched: The size divided by the largest measured size.
    """

    size: float
    stages: tuple[Stage, ...]
    total: Estimate
    stretched: float


def predict(
    lines: Mapping[str, Line], resources: Resources, size: float, characters: float = 1.0
) -> Prediction:
    """Return how long a preparation of a text takes.

    Args:
        lines: For each of ``STAGES``, the seconds that one worker is busy with it.
        resources: The machines that it runs on.
        size: Size of the text in bytes; the text is one file.
        characters: Characters per byte of the text.
    """
    stages, floors = predict_stages(lines, resources, size, WIDTH * characters)
    total = total_of(lines, resources, size, WIDTH * characters, stages, floors)
    largest = max(line.largest for line in lines.values())
    return Prediction(size, tuple(stages.values()), total, size / largest)


Floors = dict[str, dict[str, float]]
"""For each stage the fewest seconds that disk, network and engine allow."""


def predict_stages(
    lines: Mapping[str, Line], resources: Resources, size: float, ids: float
) -> tuple[dict[str, Stage], Floors]:
    """Return each stage, and the fewest seconds that disk, network and engine allow it.

    Args:
        lines: As of ``predict``.
        resources: As of ``predict``.
        size: As of ``predict``.
        ids: Bytes of ids per byte of the text.
    """
    # A single worker hashes what it has just read; several leave it behind, to be read once more.
    read_to_hash = 0.0 if is_single(resources) else 1.0 + ids
    reads = {"vocabulary": 1.0, "encoding": 1.0, "hashing": read_to_hash, "writing": 0.0}
    writes = {"writing": ids}
    # A digest can't be divided: the texts' digest is one core's work, the shards' one more's.
    longer_stream = max(1.0, ids) / (1.0 + ids)
    one_core = (1 / resources.cores, "processor")
    shares = {
        "vocabulary": (resources.machines, *one_core),
        "encoding": (resources.machines, *one_core),
        # By the machine that leads the others.
        "hashing": (1, *max(one_core, (longer_stream, "one stream"))),
        "writing": (resources.machines, 1.0, "one writer"),
    }
    stages, floors = {}, {}
    for name in STAGES:
        machines, share, bound = shares[name]
        busy = lines[name].at(size).times(share / machines)
        read, written = size * reads[name], size * writes.get(name, 0.0)
        floors[name] = {
            "disk": max(read / resources.read, written / resources.write) / machines,
            "network": (read + written) / (resources.network or math.inf) / machines,
            "engine": (
                resources.overhead * size / resources.part if name in ENGINE_STAGES else 0.0
            ),
        }
        scarce, floor = max(floors[name].items(), key=lambda item: item[1])
        bound = scarce if floor > busy.seconds else bound
        stages[name] = Stage(name, longest(busy, exactly(floor)), bound)
    return stages, floors


def total_of(
    lines: Mapping[str, Line],
    resources: Resources,
    size: float,
    ids: float,
    stages: Mapping[str, Stage],
    floors: Floors,
) -> Estimate:
    """Return the seconds of the whole preparation.

    Args:
        lines: As of ``predict``.
        resources: As of ``predict``.
        size: As of ``predict``.
        ids: Bytes of ids per byte of the text.
        stages: The stages, as ``predict_stages`` returns them.
        floors: Their floors, as ``predict_stages`` returns them.
    """
    vocabulary, encoding, hashing, writing = (stages[name].estimate for name in STAGES)
    if is_single(resources):
        total = one_after_another(vocabulary, encoding, hashing, writing)
    else:
        beside = ("encoding", "writing")  # they share cores, disk and network
        share = 1 / resources.cores / resources.machines
        work = (lines[name].at(size).times(share) for name in beside)
        shared = (
            sum(floors[name][resource] for name in beside) for resource in ("disk", "network")
        )
        encoded = longest(encoding, writing, one_after_another(*work), *map(exactly, shared))
        total = one_after_another(vocabulary, encoded)
        if resources.machines == 1:  # hashing waits until nothing else is left to do
            total = one_after_another(total, hashing)
        else:
            share = ids / (1.0 + ids)  # the ids' share of all hashing
            ids_hashed = longest(
                lines["hashing"].at(size).times(share),
                exactly(max(floors["hashing"].values()) * share),
            )
            total = longest(total, hashing, one_after_another(vocabulary, ids_hashed))
    return one_after_another(total, exactly(resources.start_up))


def is_single(resources: Resources) -> bool:
    """Return whether a single core does everything."""
    return resources.machines * resources.cores == 1


def exactly(seconds: float) -> Estimate:
    """Return an estimate without any uncertainty."""
    return Estimate(seconds, seconds, seconds)


def longest(*estimates: Estimate) -> Estimate:
    """Return the time of what is done at once: that of the longest."""
    return Estimate(*map(max, zip(*map(numbers_of, estimates), strict=True)))


def one_after_another(*estimates: Estimate) -> Estimate:
    """Return the sum of times. Interval ends are added too, as errors may go the same way."""
    return Estimate(*map(math.fsum, zip(*map(numbers_of, estimates), strict=True)))


def numbers_of(estimate: Estimate) -> tuple[float, float, float]:
    """Return an estimate's three numbers."""
    return estimate.seconds, estimate.low, estimate.high


@dataclass(frozen=True)
class Model:
    """The lines that were fitted to measurements.

    Attributes:
        stages: Busy seconds of each stage of the command.
        calls: Processor seconds of each contender.
        wholes: Wall-clock seconds of the command, by engine and number of workers.
    """

    stages: dict[str, Line] = field(default_factory=dict)
    calls: dict[str, Line] = field(default_factory=dict)
    wholes: dict[tuple[str, int], Line] = field(default_factory=dict)


def rate_of(reference: Line, other: Line) -> tuple[float, float, tuple[float, float]]:
    """Return a reference's seconds per byte, and how many fewer another needs, with its interval.

    Fixed seconds are left out: they matter for small texts, which are measured themselves.
    """
    gained = reference.per_byte - other.per_byte
    deviation = math.sqrt(reference.covariance[1] + other.covariance[1])
    half = quantile(min(reference.runs, other.runs) - 2, (1 + LEVEL) / 2) * deviation
    return reference.per_byte, gained, (gained - half, gained + half)


def model_of(taken: Sequence[Taken]) -> Model:
    """Return the lines through measurements, where there are enough of them for a line.

    Raises:
        CostError: There are too few measurements for the command's stages.
    """
    points: dict[Any, list[tuple[int, float]]] = defaultdict(list)
    for run in taken:
        if CALL in run.busy:
            points["call", run.way].append((run.bytes, run.busy[CALL]))
            continue
        points["whole", run.way, run.workers].append((run.bytes, run.seconds))
        if (run.way, run.workers) == ("threads", 1):
            for stage in STAGES:
                points["stage", stage].append((run.bytes, run.busy[stage]))
    model = Model()
    for (kind, *key), runs in points.items():
        if len(runs) < LEAST_RUNS or len({size for size, _ in runs}) < 2:
            continue
        line = fit(runs)
        if kind == "call":
            model.calls[key[0]] = line
        elif kind == "stage":
            model.stages[key[0]] = line
        else:
            model.wholes[key[0], key[1]] = line
    if len(model.stages) < len(STAGES):
        raise CostError(
            f"a prediction needs {LEAST_RUNS} or more runs by one thread, of two sizes or more",
            hint="measure them: `nanogpt-rs data cost --measure`",
        )
    return model
