"""What a preparation gains in a job that somebody describes: pure functions, from measured rates.

A rate is a difference of preparations, call beside call, by the byte. That it stays the same for
other sizes is an assumption, and every answer says how far it was stretched.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nanogpt_rs.words import digits, in_unit

SIZES = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
FEW = 2
"""Of minutes or hours, below which seconds or minutes say it better."""
WORTH = 0.01
"""The share of a job that a rewrite must gain to be worth it, unless the user says otherwise."""
STRETCHED = 10.0
"""How many times the measured size a job's may be before it is said to be extrapolated."""
ID_BYTES = 8

Answer = Literal["worth it", "not worth it", "cannot be told"]


class JobError(Exception):
    """A job is described by what is no size, time or share; the message says what is."""


@dataclass(frozen=True)
class Rate:
    """What was measured, for each byte of the corpus.

    Attributes:
        reference: the reference's preparation, in s a byte.
        gained: by how much the other is shorter, in s a byte.
        interval: the 95 % interval of that; ``None`` where one process alone was measured.
        size: bytes of the corpus that it was measured on.
    """

    reference: float
    gained: float
    interval: tuple[float, float] | None
    size: int


@dataclass(frozen=True)
class TrainingJob:
    """A job as its owner describes it.

    Attributes:
        size: bytes of the corpus.
        steps: of training.
        step_seconds: of each.
        runs: how often all this is done, preparation included.
        worth: the share of the job that a rewrite must gain.
    """

    size: float
    steps: int
    step_seconds: float
    runs: int = 1
    worth: float = WORTH

    @property
    def training(self) -> float:
        """Seconds of training, in one run."""
        return self.steps * self.step_seconds


@dataclass(frozen=True)
class JobGain:
    """What another preparation gains in a job.

    Attributes:
        seconds: in all runs together; below 0 it loses.
        interval: the 95 % interval of that.
        share: of the job with the reference.
        share_interval: its interval, as far as the difference of the preparations makes it.
        job: seconds of the job with the reference.
        prepare: seconds of that which are the reference's preparation.
        stretched: the job's corpus over the measured one.
        answer: whether it is worth it.
        worth_from: bytes from which it would be, training as described; ``None``: at no size.
    """

    seconds: float
    interval: tuple[float, float] | None
    share: float
    share_interval: tuple[float, float] | None
    job: float
    prepare: float
    stretched: float
    answer: Answer
    worth_from: float | None


def gain(rate: Rate, job: TrainingJob) -> JobGain:
    """Return what the measured difference comes to in a job."""
    prepare = rate.reference * job.size
    one = prepare + job.training
    seconds = rate.gained * job.size
    bounds = None
    shares = None
    if rate.interval is not None:
        bounds = (rate.interval[0] * job.size, rate.interval[1] * job.size)
        shares = (bounds[0] / one, bounds[1] / one)
        bounds = (bounds[0] * job.runs, bounds[1] * job.runs)
    return JobGain(
        seconds=seconds * job.runs,
        interval=bounds,
        share=seconds / one,
        share_interval=shares,
        job=one * job.runs,
        prepare=prepare * job.runs,
        stretched=job.size / rate.size,
        answer=answer(shares, job.worth),
        worth_from=worth_from(rate, job),
    )


def answer(shares: tuple[float, float] | None, worth: float) -> Answer:
    """Return whether a gain is worth it: its whole interval must lie on one side."""
    if shares is None or shares[0] < worth <= shares[1]:
        return "cannot be told"
    return "worth it" if shares[0] >= worth else "not worth it"


def worth_from(rate: Rate, job: TrainingJob) -> float | None:
    """Return the size in bytes at which the gain is worth it; ``None`` if it is at none.

    With T seconds of training, g gained and r taken a byte, s bytes gain g s = w (r s + T), the
    share w, at s = w T / (g - w r).
    """
    beyond = rate.gained - job.worth * rate.reference
    if beyond <= 0:
        return None
    return job.worth * job.training / beyond


def sentence(found: JobGain, job: TrainingJob, id: str, reference: str) -> str:
    """Return the verdict in one sentence."""
    saves = "saves" if found.seconds >= 0 else "loses"
    middle = (
        "without an interval," if found.share_interval is None else "by the middle of the interval"
    )
    start = {
        "worth it": f"Worth it: {id} {saves}",
        "not worth it": f"Don't bother: {id} {saves}",
        "cannot be told": f"It cannot be told: {middle} {id} {saves}",
    }[found.answer]
    saved = seconds_in_words(abs(found.seconds))
    words = f"{start} {saved} of {seconds_in_words(found.job)} against {reference}, "
    words += f"{percent(abs(found.share))} of the job"
    if found.share_interval is not None:
        low, high = found.share_interval
        words += f" [{percent(low)}, {percent(high)}]"
    if found.answer == "worth it":
        return f"{words}."
    if found.worth_from is None:
        where = f"it would gain {percent(job.worth)} at no size"
    else:
        where = f"it would gain {percent(job.worth)} from {size_in_words(found.worth_from)} on"
    return f"{words}; {where}, with as much training."


def extrapolation(found: JobGain, rate: Rate, job: TrainingJob) -> str:
    """Return which part of an answer was measured, and which was not."""
    told = (
        f"Training is your own figure, {job.steps:,} steps of {seconds_in_words(job.step_seconds)}."
    )
    measured = f"Preparation was measured on {size_in_words(rate.size)}"
    if 1 / STRETCHED <= found.stretched <= STRETCHED:
        return f"{measured}, and is taken to grow with the size. {told}"
    return (
        f"{measured} and is extrapolated in a straight line to {size_in_words(job.size)}, "
        f"{stretch(found.stretched)} that: how wrong a line is there, no interval knows. {told}"
    )


def does_not_fit(characters: float, memory: int) -> str | None:
    """Return in a sentence that the ids do not fit into memory, if they do not.

    Args:
        characters: of the job's corpus.
        memory: available, in bytes.
    """
    if (needed := ID_BYTES * characters) <= memory:
        return None
    return (
        f"A tensor of these ids takes {size_in_words(needed)}, and this machine has "
        f"{size_in_words(memory)} left: here the job needs shards on disk, whatever makes them. "
        "`nanogpt-rs cost --measure` measures what they cost, and --record answers by it."
    )


def parse_size(words: str) -> float:
    """Return a size such as ``100GB``, ``1.1 MB`` or ``64MiB`` in bytes.

    Raises:
        JobError: it is none, or not above 0.
    """
    return parsed(words, SIZES, "B", "a size", "100GB, 1.1MB or 64MiB")


def parse_time(words: str) -> float:
    """Return a time such as ``20ms``, ``1.5s`` or ``300us`` in seconds.

    Raises:
        JobError: it is none, or not above 0.
    """
    return parsed(words, TIMES, None, "a time", "20ms, 1.5s or 300us")


def parsed(words: str, units: Mapping[str, float], bare: str | None, what: str, such: str) -> float:
    """Return a number with one of these units; ``bare`` is the unit of a number without one.

    Raises:
        JobError: it is none, or not above 0.
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)\s*([A-Za-z]*)\s*", words)
    unit = str(match[2] or bare) if match else ""
    if match is None or unit not in units:
        raise JobError(f"{words!r} is not {what}, such as {such}")
    value = float(match[1]) * units[unit]
    if not 0 < value < math.inf:
        raise JobError(f"{words!r} is not {what} above 0, such as {such}")
    return value


def size_in_words(size: float) -> str:
    """Return bytes in the decimal unit that suits them."""
    return in_unit(size, [(unit, SIZES[unit]) for unit in ("TB", "GB", "MB", "kB", "B")])


def seconds_in_words(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit in ("h", "min"):
        if abs(seconds) >= FEW * TIMES[unit]:
            return f"{digits(seconds / TIMES[unit])} {unit}"
    return in_unit(seconds, [(unit, TIMES[unit]) for unit in ("s", "ms", "us")])


def stretch(factor: float) -> str:
    """Return how many times something is, or which part of it."""
    return f"{digits(factor)} times" if factor >= 1 else f"1/{digits(1 / factor)} of"


def percent(share: float) -> str:
    """Return a share in per cent, with as many digits as it has."""
    return f"{digits(100 * share, 2)} %"
