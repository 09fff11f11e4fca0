"""Simulates comparisons that may stop early, whose truth is known: how often they are wrong.

``python -P tests/early_looks.py --runs 20000`` prints METHODOLOGY's table.
``tests/statistics/test_looks.py`` runs a small part of it. A run draws the effect of each process,
and everything after that is the code that judges real processes.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median

import numpy as np
from numpy.typing import NDArray

from nanogpt_rs.records.schema import Comparison
from nanogpt_rs.statistics.blocks import Effects
from nanogpt_rs.statistics.looks import LAST, ONLY, Look, Stage, look_at, short_processes
from nanogpt_rs.statistics.plan import Plan, plan
from nanogpt_rs.statistics.student import quantile
from nanogpt_rs.statistics.trimmed import CUT
from nanogpt_rs.statistics.verdict import adjust, concluded, look_to_stop_at

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]
"""Draws the effects of processes, as log-ratios with a mean of 0, in an array of this shape."""
SHORT_NOISE = 3.0
"""How many times noisier a short process is than one of the planned length, which has some ten
times as many rounds."""
MARGIN = 0.005
PLANNED = plan([7e-4] * 3)
BATCH = 500
"""Runs that are drawn together."""


def normal(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> Floats:
    return rng.normal(0, spread, shape)


def student(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> Floats:
    return rng.standard_t(2, shape) * spread


def skewed(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> Floats:
    return rng.lognormal(-(spread**2) / 2, spread, shape) - 1


def two_values(
    rng: np.random.Generator, shape: tuple[int, ...], apart: float, share: float = 0.5
) -> Floats:
    """Draw effects of which this share is larger than the others, by ``apart``."""
    return (rng.random(shape) < share) * apart - share * apart


def mad(rng: np.random.Generator, shape: tuple[int, ...], share: float) -> Floats:
    """Draw effects of which this share is off by a factor of 2 to 10, in either direction."""
    off = np.log(rng.uniform(2, 10, shape)) * rng.choice([-1, 1], shape)
    return rng.normal(0, 0.003, shape) + off * (rng.random(shape) < share)


def drifting(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> Floats:
    """Draw effects that grow or shrink steadily over 40 processes, from any point of a period."""
    time = np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1)) / 40
    saw = np.abs(2 * ((time + rng.uniform(0, 1, shape[1:])) % 1) - 1) - 0.5
    return rng.normal(0, 0.003, shape) + spread * saw


@dataclass(frozen=True)
class Machine:
    """How processes differ.

    Attributes:
        name: In words.
        draw: Draws what a process, its seed or its build, does to a contender.
        noise: Standard deviation of what is left of the noise within a process of planned length.
        builds: Number of builds that processes draw from; ``draw`` then is of the builds.
        contenders: Number of contenders, which share the baseline.
        beyond: Whether the few processes of a run cannot show how processes differ.
        steady: Whether all processes have the same true ratio on average, so that an interval can
            hold it.
    """

    name: str
    draw: Draw
    noise: float = 0.003
    builds: int = 1
    contenders: int = 1
    beyond: bool = False
    steady: bool = True


MACHINES = (
    Machine("nothing but noise, 0.3 %", partial(normal, spread=0.0)),
    Machine("nothing but noise, 2 %", partial(normal, spread=0.0), 0.02),
    Machine("processes differ by 1 %", partial(normal, spread=0.01)),
    Machine("processes differ by 5 %", partial(normal, spread=0.05)),
    Machine("seeds rule: processes differ by 13 %", partial(normal, spread=0.13)),
    Machine("seeds rule, skewed: 13 %", partial(skewed, spread=0.13)),
    Machine("seeds rule, skewed: 30 %", partial(skewed, spread=0.30)),
    Machine("heavy tails: t with 2 degrees, 1 %", partial(student, spread=0.01)),
    Machine("two values, 13 % apart, equally often", partial(two_values, apart=0.13)),
    Machine("two values, 40 % apart, equally often", partial(two_values, apart=0.4)),
    Machine("two values, 13 % apart, one of four", partial(two_values, apart=0.13, share=0.25),
            beyond=True),
    Machine("one of 20 processes is off by 2 to 10 times", partial(mad, share=0.05)),
    Machine("one of 5 processes is off by 2 to 10 times", partial(mad, share=0.2)),
    Machine("drift of 1 % and back", partial(drifting, spread=0.01), steady=False),
    Machine("drift of 5 % and back", partial(drifting, spread=0.05), beyond=True, steady=False),
    Machine("16 builds differ by 1 %", partial(normal, spread=0.01), builds=16),
    Machine("16 builds differ by 13 %", partial(normal, spread=0.13), builds=16),
    Machine("16 builds: two values, one of four", partial(two_values, apart=0.13, share=0.25),
            builds=16, beyond=True),
    Machine("12 contenders, processes differ by 1 %", partial(normal, spread=0.01), contenders=12),
    Machine("12 contenders, by 13 %", partial(normal, spread=0.13), contenders=12),
)  # fmt: skip


@dataclass
class Outcomes:
    """What the runs of one machine and one true difference came to.

    Attributes:
        runs: Number of runs.
        wrong: Number of runs in which a verdict was given that is not true: a difference where
            there is none or it lies within the margin, or one of the wrong sign.
        missed: Number of intervals that did not hold the true ratio, over the number of contenders.
        found: Number of runs in which all contenders were called what they are.
        early: Number of runs that stopped early.
        processes: Number of processes of each run, the short ones included.
    """

    runs: int = 0
    wrong: int = 0
    missed: float = 0
    found: int = 0
    early: int = 0
    processes: list[int] = field(default_factory=list)


def base(contender: int, processes: int) -> Comparison:
    return Comparison(
        contender=contender,
        verdict="invalid",
        reason="",
        margin=MARGIN,
        clock="wall",
        clock_reason="",
        processes_used=processes,
        processes_dropped=0,
        rounds_used=0,
        rounds_dropped=0,
    )


def drawn(
    rng: np.random.Generator, machine: Machine, true: float, runs: int, most: int, noise: float
) -> tuple[Floats, Floats, NDArray[np.int_]]:
    """Draw the processes of many runs.

    Returns:
        The contenders' effects of shape (runs, processes, contenders), the control's of shape
        (runs, processes), and the builds that the processes loaded, of that shape too.
    """
    shape = most, runs, machine.contenders
    if machine.builds > 1:
        of_builds = machine.draw(rng, (machine.builds, runs, machine.contenders))
        turns = math.ceil(most / machine.builds)
        builds = np.array(
            [
                np.concatenate([rng.permutation(machine.builds) for _ in range(turns)])[:most]
                for _ in range(runs)
            ]
        )
        of_processes = of_builds[builds.T, np.arange(runs)]
    else:
        builds = np.zeros((runs, most), int)
        of_processes = machine.draw(rng, shape)
    # Half of the variance is the baseline's, which the contenders and the control share.
    shared = rng.normal(0, noise / math.sqrt(2), (most, runs, 1))
    own = rng.normal(0, noise / math.sqrt(2), shape)
    control = shared + rng.normal(0, noise / math.sqrt(2), (most, runs, 1))
    values = true + of_processes + shared + own
    return values.swapaxes(0, 1), control[:, :, 0].T, builds


def may_stop(
    values: Floats, machine: Machine, planned: Plan, *, short: bool, precise: bool
) -> NDArray[np.bool_]:
    """Return which runs might stop after a number of processes, so that only these are judged.

    It is generous: where it says no, no interval can be narrow enough, and no difference certain.

    Args:
        values: Effects of shape (runs, processes, contenders).
        machine: How processes differ.
        planned: How much to measure.
        short: Whether the processes are short.
        precise: Whether to go on to the planned precision.

    Returns:
        Array of shape (runs, processes + 1), by run and number of processes.
    """
    runs, most, _ = values.shape
    may = np.zeros((runs, most + 1), bool)
    look = ONLY if precise else LAST
    for count in range(1, most + 1):
        if not short and count >= planned.least:
            if machine.builds > 1 or count == planned.most:
                may[:, count] = True
                continue
            cut = int(count * CUT)
            ordered = np.sort(values[:, :count], axis=1)
            kept = ordered[:, cut : count - cut]
            winsorized = np.clip(ordered, kept[:, :1], kept[:, -1:])
            left = kept.shape[1]
            error = winsorized.std(axis=1) * math.sqrt(count / (left * (left - 1)))
            widths = quantile(left - 1, 1 - look.level / 2) * error
            may[:, count] = (widths <= 1.01 * planned.target).all(axis=1)
        stage = Stage(count, short, machine.builds, may_stop_early=not precise)
        early = look_at(stage)
        if early is not None and machine.builds > 1:
            may[:, count] = True
        elif early is not None:
            mean = values[:, :count].mean(axis=1)
            error = values[:, :count].std(axis=1, ddof=1) / math.sqrt(count)
            beyond = 0.99 * quantile(count - 1, 1 - early.level / 2) * error
            may[:, count] |= (np.abs(mean) > beyond).all(axis=1)
    return may


@dataclass(frozen=True)
class Ended:
    """How a simulated run ended: its comparisons, its number of processes, whether it was early."""

    comparisons: list[Comparison]
    processes: int
    early: bool


def run_many(
    rng: np.random.Generator,
    machine: Machine,
    true: float,
    runs: int,
    *,
    precise: bool = False,
    screened: bool = True,
) -> list[Ended]:
    """Simulate comparisons.

    Args:
        rng: Source of all chance.
        machine: How processes differ.
        true: True log-ratio of each contender.
        runs: Number of comparisons.
        precise: Whether to go on to the planned precision.
        screened: Whether to leave out what ``may_stop`` rules out, which changes nothing but the
            time that it takes.
    """
    planned = replace(PLANNED, least=16) if machine.builds > 1 else PLANNED
    ended: dict[int, Ended] = {}
    spent = 0
    for short in (False,) if precise else (True, False):
        most = short_processes(machine.builds) if short else planned.most
        noise = machine.noise * (SHORT_NOISE if short else 1)
        values, control, builds = drawn(rng, machine, true, runs, most, noise)
        may = may_stop(values, machine, planned, short=short, precise=precise)
        if not screened:
            may[:] = True

        def compared(
            run: int,
            count: int,
            look: Look,
            values: Floats = values,
            control: Floats = control,
            builds: NDArray[np.int_] = builds,
        ) -> list[Comparison]:
            return [
                concluded(
                    base(2 + arm, count),
                    Effects(values[run, :count, arm], tuple(builds[run, :count].tolist()), 0, 0, 0),
                    control[run, :count],
                    None,
                    None,
                    look,
                )
                for arm in range(machine.contenders)
            ]

        for run in range(runs):
            for count in range(1, most + 1) if run not in ended else ():
                if not may[run, count]:
                    continue
                stage = Stage(count, short, machine.builds, may_stop_early=not precise)
                look = look_to_stop_at(partial(compared, run, count), stage, planned)
                if look is not None:
                    comparisons = compared(run, count, look)
                    if len(comparisons) > 1:
                        comparisons = adjust(comparisons)
                    ended[run] = Ended(comparisons, spent + count, look.early)
                    break
        spent += most
    return [ended[run] for run in range(runs)]


def simulate(
    machine: Machine, true: float, runs: int, *, seed: int = 1, precise: bool = False
) -> Outcomes:
    """Simulate many comparisons with a true log-ratio, and count what they came to."""
    rng = np.random.default_rng([seed, *machine.name.encode()])
    outcomes = Outcomes()
    allowed = set() if abs(true) <= math.log1p(MARGIN) * 1.001 else {right(true)}
    batches = [BATCH] * (runs // BATCH) + [runs % BATCH]
    for ended in (
        one
        for batch in batches
        if batch
        for one in run_many(rng, machine, true, batch, precise=precise)
    ):
        said = {comparison.verdict for comparison in ended.comparisons}
        outcomes.runs += 1
        outcomes.early += ended.early
        outcomes.processes.append(ended.processes)
        outcomes.wrong += bool({"faster", "slower"} & said - allowed)
        outcomes.found += bool(allowed) and said == allowed
        intervals = [comparison.interval for comparison in ended.comparisons]
        outcomes.missed += sum(
            not low <= math.exp(true) <= high for low, high in filter(None, intervals)
        ) / len(intervals)
    return outcomes


def right(true: float) -> str:
    """Return the verdict that is true of this log-ratio."""
    return "faster" if true > 0 else "slower"


def line(name: str, outcomes: Outcomes) -> str:
    """Return the outcomes as a row of a table in Markdown."""
    shares: Sequence[float] = outcomes.wrong, outcomes.missed, outcomes.early, outcomes.found
    cells = [f"{100 * share / outcomes.runs:.2f} %" for share in shares]
    return f"| {name} | {' | '.join(cells)} | {median(outcomes.processes):g} |"


TRUE = {"none": 0.0, "at the margin": math.log1p(MARGIN), "2 %": 0.02, "10 %": math.log(1.1),
        "1.5x": math.log(1.5), "2x": math.log(2.0)}  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000, help="runs without a difference")
    parser.add_argument("--machine", help="part of a machine's name; all by default")
    parser.add_argument("--precise", action="store_true", help="never stop early")
    options = parser.parse_args()
    print("| machine, true difference | wrong | interval misses | early | found | processes |")
    print("|---|---|---|---|---|---|")
    for machine in MACHINES:
        if options.machine and options.machine not in machine.name:
            continue
        for name, true in TRUE.items():
            runs = options.runs if name == "none" else max(1, options.runs // 20)
            outcomes = simulate(machine, true, runs, precise=options.precise)
            print(line(f"{machine.name}: {name}", outcomes), flush=True)


if __name__ == "__main__":
    main()
