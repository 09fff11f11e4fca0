"""What preparing a text of any size costs: lines fitted to measured sizes, and what they predict.

Pure functions. A stage keeps a worker busy in proportion to the bytes of the text, and reads and
writes a known number of bytes for each; what it takes is what the scarcest of processors, disks and
network allows. What a line says far beyond the sizes it was fitted to is an extrapolation: its
interval knows how well the line is known, and not whether the world stays straight.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nanogpt_rs.preparing.parts import LARGEST_PART, STAGES
from nanogpt_rs.preparing.shards import WIDTH
from nanogpt_rs.records.schema import Taken

ENGINE = ("vocabulary", "encoding")
"""Of which each part is a task."""
LEVEL = 0.95
KNOWS_NOTHING = 1e6
"""By which factor an interval reaches up and down at most: beyond it no number is worth saying."""
LEAST = 4
"""Runs that a line takes."""
CALL = "call"
"""The only stage of what is no command."""


class CostError(Exception):
    """Nothing can be measured or predicted; the message says why."""


@dataclass(frozen=True)
class Estimate:
    """Seconds, and the 95 % interval of a single run's."""

    seconds: float
    low: float
    high: float

    def times(self, factor: float) -> Estimate:
        """Return it as often."""
        return Estimate(self.seconds * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Line:
    """Seconds for a text of n bytes: ``fixed + each n``.

    Attributes:
        fixed: s.
        each: s a byte.
        spread: standard deviation of single runs around it, as a share of it.
        covariance: of fixed and each, as variances of the two and what they share.
        runs: that it was fitted to.
        largest: bytes of the largest text among them.
    """

    fixed: float
    each: float
    spread: float
    covariance: tuple[float, float, float]
    runs: int
    largest: int

    def at(self, size: float) -> Estimate:
        """Return what a single run takes for so many bytes."""
        from scipy.stats import t

        seconds = self.fixed + self.each * size
        of_fixed, of_each, shared = self.covariance
        known = (of_fixed + of_each * size**2 + 2 * shared * size) / seconds**2
        deviation = math.sqrt(max(0.0, known) + self.spread**2)
        reach = math.exp(
            min(float(t.ppf((1 + LEVEL) / 2, self.runs - 2)) * deviation, math.log(KNOWS_NOTHING))
        )
        return Estimate(seconds, seconds / reach, seconds * reach)


def fit(runs: Sequence[tuple[int, float]]) -> Line:
    """Return the line through runs, each of so many bytes and seconds, by relative least squares.

    A run of 1 MB and one of 4 GB count alike, since what disturbs a run disturbs a share of it.

    Raises:
        ValueError: fewer than ``LEAST`` runs, or of a single size.
    """
    import numpy as np
    from scipy.optimize import nnls

    sizes = np.array([size for size, _ in runs], float)
    seconds = np.array([taken for _, taken in runs], float)
    if len(runs) < LEAST or len(set(sizes.tolist())) < 2:
        raise ValueError(f"a line takes {LEAST} runs of two sizes or more; there are {len(runs)}")
    unit = sizes.max()  # so that both columns are of the same order
    columns = np.column_stack([np.ones_like(sizes), sizes / unit])
    fitted = seconds
    for _ in range(8):  # weights by what was fitted, not by what was found
        found, _ = nnls(columns / fitted[:, None], seconds / fitted)
        fitted = np.maximum(columns @ found, 1e-12)
    weighted = columns / fitted[:, None]
    residuals = seconds / fitted - 1
    spread = math.sqrt(float(residuals @ residuals) / (len(runs) - 2))
    inverse = np.linalg.inv(weighted.T @ weighted) * spread**2
    return Line(
        fixed=float(found[0]),
        each=float(found[1] / unit),
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
class Means:
    """What a preparation is carried out with.

    Attributes:
        machines: that work on parts.
        cores: of each.
        read, write: bytes a second between one machine and what it stores files on; ``inf`` where
            the system keeps them in memory.
        network: bytes a second of one machine, where files are on others; ``None`` where they are
            not. The machine that asks several has as much for itself.
        start_up: s until the engine's workers stand.
        overhead: s of the engine for each task.
        part: bytes of a part, which is two tasks.
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
    """What a stage takes.

    Attributes:
        name: of ``STAGES``.
        estimate: of its seconds.
        bound: what makes it so long: ``processor``, ``disk``, ``network``, ``engine``, ``one
            stream`` of digests, which is one core's work, or ``one writer``: a file takes no more
            at a time.
    """

    name: str
    estimate: Estimate
    bound: str


@dataclass(frozen=True)
class Prediction:
    """What a preparation takes.

    Attributes:
        size: bytes of the text.
        stages: of which a single core does one after the other. More look for the vocabulary,
            then encode and write side by side, then hash; where a machine asks others, it hashes
            beside them what is finished, and ids once the vocabulary is known.
        total: of all of it.
        stretched: the size over the largest that was measured.
    """

    size: float
    stages: tuple[Stage, ...]
    total: Estimate
    stretched: float


def predict(
    lines: Mapping[str, Line], means: Means, size: float, characters: float = 1.0
) -> Prediction:
    """Return what a preparation of a text takes.

    Args:
        lines: of the seconds that one worker is busy with each of ``STAGES``.
        means: what it is carried out with.
        size: bytes of the text, in one file.
        characters: for each byte of it.
    """
    ids = WIDTH * characters
    single = means.machines * means.cores == 1
    # A worker by itself hashes what it has at hand; several leave it behind, to be read again.
    again = 0.0 if single else 1.0 + ids
    reads = {"vocabulary": 1.0, "encoding": 1.0, "hashing": again, "writing": 0.0}
    writes = {"writing": ids}
    # Digests can't be shared out: texts are one core's work, shards that of one more.
    of_shards = ids / (1.0 + ids)
    stream = max(1.0, ids) / (1.0 + ids)
    shares = {
        "vocabulary": (means.machines, 1 / means.cores, "processor"),
        "encoding": (means.machines, 1 / means.cores, "processor"),
        # By the machine that asks the others.
        "hashing": (1, *max((1 / means.cores, "processor"), (stream, "one stream"))),
        "writing": (means.machines, 1.0, "one writer"),
    }
    stages = {}
    floors = {}
    for name in STAGES:
        machines, share, bound = shares[name]
        spent = lines[name].at(size).times(share / machines)
        read, written = size * reads[name], size * writes.get(name, 0.0)
        floors[name] = {
            "disk": max(read / means.read, written / means.write) / machines,
            "network": (read + written) / (means.network or math.inf) / machines,
            "engine": means.overhead * size / means.part if name in ENGINE else 0.0,
        }
        scarce, floor = max(floors[name].items(), key=lambda each: each[1])
        bound = scarce if floor > spent.seconds else bound
        stages[name] = Stage(name, longest(spent, exactly(floor)), bound)
    vocabulary, encoding, hashing, writing = (stages[name].estimate for name in STAGES)
    if single:
        total = together(vocabulary, encoding, hashing, writing)
    else:
        beside = ("encoding", "writing")  # which share cores, disk and network
        work = (lines[name].at(size).times(1 / means.cores / means.machines) for name in beside)
        shared = (sum(floors[name][each] for name in beside) for each in ("disk", "network"))
        total = together(
            vocabulary, longest(encoding, writing, together(*work), *map(exactly, shared))
        )
        if means.machines == 1:  # where hashing waits until nothing else is to be done
            total = together(total, hashing)
        else:
            ids_hashed = longest(
                lines["hashing"].at(size).times(of_shards),
                exactly(max(floors["hashing"].values()) * of_shards),
            )
            total = longest(total, hashing, together(vocabulary, ids_hashed))
    total = together(total, exactly(means.start_up))
    largest = max(line.largest for line in lines.values())
    return Prediction(size, tuple(stages.values()), total, size / largest)


def exactly(seconds: float) -> Estimate:
    """Return so many seconds, of which nothing is in doubt."""
    return Estimate(seconds, seconds, seconds)


def longest(*estimates: Estimate) -> Estimate:
    """Return what takes as long as the longest of what is done at once."""
    return Estimate(*map(max, zip(*map(astuple, estimates), strict=True)))


def astuple(estimate: Estimate) -> tuple[float, float, float]:
    """Return an estimate's three numbers."""
    return estimate.seconds, estimate.low, estimate.high


def together(*estimates: Estimate) -> Estimate:
    """Return one after the other; what is not known of them may be wrong the same way."""
    return Estimate(*map(math.fsum, zip(*map(astuple, estimates), strict=True)))


@dataclass(frozen=True)
class Model:
    """Lines fitted to what was taken.

    Attributes:
        stages: of the busy seconds of each stage of the command.
        calls: of the processor time of each contender.
        wholes: of the command's wall clock, by engine and number of workers.
    """

    stages: dict[str, Line] = field(default_factory=dict)
    calls: dict[str, Line] = field(default_factory=dict)
    wholes: dict[tuple[str, int], Line] = field(default_factory=dict)


def rate_of(reference: Line, other: Line) -> tuple[float, float, tuple[float, float]]:
    """Return seconds a byte of a reference, by how many another is less, and the interval of that.

    What is fixed is left out: it matters where a text is small, and there it is measured itself.
    """
    from scipy.stats import t

    gained = reference.each - other.each
    deviation = math.sqrt(reference.covariance[1] + other.covariance[1])
    half = float(t.ppf((1 + LEVEL) / 2, min(reference.runs, other.runs) - 2)) * deviation
    return reference.each, gained, (gained - half, gained + half)


def model_of(taken: Sequence[Taken]) -> Model:
    """Return the lines through what was taken, where there is enough for one.

    Raises:
        CostError: there is not enough for the command's stages.
    """
    points: dict[Any, list[tuple[int, float]]] = defaultdict(list)
    for each in taken:
        if CALL in each.busy:
            points["call", each.way].append((each.bytes, each.busy[CALL]))
            continue
        points["whole", each.way, each.workers].append((each.bytes, each.seconds))
        if (each.way, each.workers) == ("threads", 1):
            for stage in STAGES:
                points["stage", stage].append((each.bytes, each.busy[stage]))
    model = Model()
    for (kind, *key), runs in points.items():
        if len(runs) < LEAST or len({size for size, _ in runs}) < 2:
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
            f"a prediction takes {LEAST} runs or more by one thread, of two sizes; measure them"
        )
    return model
