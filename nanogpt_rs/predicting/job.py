"""Predicts what a faster preparation gains in a whole job that a user describes.

Pure functions of a measured rate: the difference between two preparations per byte, measured side
by side. They assume that the rate is the same for other sizes, and each answer says how far the
job's size is from the measured one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.words import digits, percent, seconds_in_words, size_in_words

WORTH = 0.01
"""Share of a job that a rewrite must gain to be worth it, by default."""
STRETCHED = 10.0
"""Factor between the job's size and the measured one from which it is called extrapolated."""
ID_BYTES = 8
"""Size of an id in a training tensor, in bytes."""

Answer = Literal["worth it", "not worth it", "inconclusive"]


@dataclass(frozen=True)
class Rate:
    """The measured times of two preparations, per byte of the corpus.

    Attributes:
        reference: Seconds per byte that the reference's preparation takes.
        gained: Seconds per byte by which the other preparation is shorter.
        interval: 95 % interval of ``gained``; ``None`` if only one process was measured.
        size: Size of the measured corpus in bytes.
    """

    reference: float
    gained: float
    interval: tuple[float, float] | None
    size: int


@dataclass(frozen=True)
class TrainingJob:
    """A job as its owner describes it.

    Attributes:
        size: Size of the corpus in bytes.
        steps: Number of training steps.
        step_seconds: Seconds that a step takes.
        runs: Number of times that all of it is done, preparation included.
        worth: Share of the job that a rewrite must gain to be worth it.
    """

    size: float
    steps: int
    step_seconds: float
    runs: int = 1
    worth: float = WORTH

    @property
    def training(self) -> float:
        """Seconds of training in one run."""
        return self.steps * self.step_seconds


@dataclass(frozen=True)
class JobGain:
    """What another preparation gains in a job.

    Attributes:
        seconds: Seconds gained in all runs together; below 0 it loses.
        interval: 95 % interval of ``seconds``.
        share: Gain as a share of the job with the reference.
        share_interval: Interval of ``share``, from that of the preparations' difference alone.
        job: Seconds of the job with the reference.
        prepare: Seconds of the job that are the reference's preparation.
        stretched: Size of the job's corpus divided by the measured size.
        answer: Whether the gain is worth it.
        worth_from: Size in bytes from which it would be, with the same training; ``None`` if at no
            size.
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
    """Return what a measured difference of preparations gains in a job."""
    prepare = rate.reference * job.size
    single_run = prepare + job.training
    seconds = rate.gained * job.size
    bounds = None
    shares = None
    if rate.interval is not None:
        bounds = (rate.interval[0] * job.size, rate.interval[1] * job.size)
        shares = (bounds[0] / single_run, bounds[1] / single_run)
        bounds = (bounds[0] * job.runs, bounds[1] * job.runs)
    return JobGain(
        seconds=seconds * job.runs,
        interval=bounds,
        share=seconds / single_run,
        share_interval=shares,
        job=single_run * job.runs,
        prepare=prepare * job.runs,
        stretched=job.size / rate.size,
        answer=answer(shares, job.worth),
        worth_from=worth_from(rate, job),
    )


def answer(shares: tuple[float, float] | None, worth: float) -> Answer:
    """Return whether a gain is worth it: its whole interval must lie on one side."""
    if shares is None or shares[0] < worth <= shares[1]:
        return "inconclusive"
    return "worth it" if shares[0] >= worth else "not worth it"


def worth_from(rate: Rate, job: TrainingJob) -> float | None:
    """Return the size in bytes at which the gain is worth it; ``None`` if it is at none.

    Let T be the seconds of training, r the reference's seconds per byte and g those gained. The
    gain g s is the share w of the job r s + T at the size s = w T / (g - w r).
    """
    beyond = rate.gained - job.worth * rate.reference
    if beyond <= 0:
        return None
    return job.worth * job.training / beyond


def sentence(gained: JobGain, job: TrainingJob, id: str, reference: str) -> str:
    """Return the answer in one sentence."""
    saves = "saves" if gained.seconds >= 0 else "loses"
    source = (
        "without an interval" if gained.share_interval is None else "by the middle of the interval"
    )
    start = {
        "worth it": f"Worth it: {id} {saves}",
        "not worth it": f"Don't bother: {id} {saves}",
        "inconclusive": f"Inconclusive: {source}, {id} {saves}",
    }[gained.answer]
    saved = seconds_in_words(abs(gained.seconds))
    words = f"{start} {saved} of {seconds_in_words(gained.job)} against {reference}, "
    bounds = gained.share_interval
    if bounds is not None and gained.seconds < 0:
        bounds = (-bounds[1], -bounds[0])
    words += f"{percent(abs(gained.share), bounds)} of the job"
    if gained.answer == "worth it":
        return f"{words}."
    if gained.worth_from is None:
        where = f"it would gain {digits(100 * job.worth)} % at no size"
    else:
        size = size_in_words(gained.worth_from)
        where = f"it would gain {digits(100 * job.worth)} % from {size} on"
    return f"{words}; {where}, with the same training."


def extrapolation(gained: JobGain, rate: Rate, job: TrainingJob) -> str:
    """Return in words which part of an answer was measured, and which was not."""
    steps = f"{counted(job.steps, 'step')} of {seconds_in_words(job.step_seconds)}"
    training = f"Training is your own figure: {steps}."
    measured = f"Preparation was measured on {size_in_words(rate.size)}"
    if 1 / STRETCHED <= gained.stretched <= STRETCHED:
        return f"{measured}, and is assumed to grow with the size. {training}"
    return (
        f"{measured} and is extrapolated in a straight line to {size_in_words(job.size)}, "
        f"{stretch(gained.stretched)} that; no interval covers how wrong a line is there. "
        f"{training}"
    )


def does_not_fit(characters: float, memory: int) -> str | None:
    """Return the warning that the ids do not fit into memory, or ``None`` if they do.

    Args:
        characters: Number of characters in the job's corpus.
        memory: Available memory in bytes.
    """
    if (needed := ID_BYTES * characters) <= memory:
        return None
    return (
        f"A tensor of these ids takes {size_in_words(needed)}, and this machine has "
        f"{size_in_words(memory)} available: here the job needs shards on disk, with any "
        "preparation. `nanogpt-rs data cost --measure` measures how long they take to make, and "
        "`nanogpt-rs job predict --record` predicts from that."
    )


def stretch(factor: float) -> str:
    """Return a factor in words, to be followed by what it multiplies: ``3 times`` or ``1/3 of``."""
    return f"{digits(factor)} times" if factor >= 1 else f"1/{digits(1 / factor)} of"
