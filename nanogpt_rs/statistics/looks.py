"""Looks: the moments at which a verdict may be given before the planned precision is reached.

Who looks often enough finds a difference in noise: stopping at the first look that is significant
at 5 % called 19 % of equals different. So the 5 % are divided before anything is measured. Each
early look may be wrong in 0.05 % of cases, as in the rule of Haybittle and Peto, and most of the
rest belongs to the last look, which comes when the planned precision or the time is reached. By
Bonferroni's inequality the whole is wrong in at most 5 % of cases, however the looks depend on each
other. For the same reason the intervals hold at all looks together: a run that stops at an early
look prints that look's interval of 99.95 %, and it holds the true ratio in at least 95 % of runs
whenever they stop. It is called a repeated confidence interval.

Sources: R. Peto et al., "Design and analysis of randomized clinical trials requiring prolonged
observation of each patient", British Journal of Cancer 34 (1976); C. Jennison and B. W. Turnbull,
"Interim analyses: the repeated confidence interval approach", Journal of the Royal Statistical
Society B 51 (1989).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nanogpt_rs.statistics.trimmed import LEVEL

SHORT_LOOKS = (8, 12)
"""Numbers of short processes at which a verdict may be given.

Fewer than eight would not do. If an effect of the process, such as its hash seed, has two values
that are equally likely, all of six processes have the same one in 3.1 % of cases, and all of eight
in 0.8 %. No interval could tell such a run from one in which the functions differ."""
LOOKS = (10, 12, 16, 20, 24, 32)
"""Numbers of processes of the planned length at which a verdict may be given early."""
SHORT_LOOKS_OF_BUILDS = (12, 16)
"""Numbers of short processes where each loads a build of its own. A placement that one build of
four has is missed by all of eight builds in 10 % of cases, and by all of twelve in 3 %."""
EARLY_LEVEL, LAST_LEVEL = 0.0005, 0.035
"""Two-sided levels of an early look, and of the last one where early looks come before it. They add
up to 3.9 %. The rest of the 5 % pays for what a t interval gets wrong where a hash seed or a
placement rules: if an effect has two values, 40 % apart, 5.4 % of equals were called different with
a last look at 4 %."""
SHORT_MARGIN = math.log1p(0.05)
"""Log-ratio that a verdict of short processes must clear. They warm up for a shorter time, and the
first 0.1 s of a process were seen to be 4 to 6 % slower."""
WORTH_A_TRY = math.log1p(0.08)
"""Log-ratio of the pilot's times from which on short processes are tried. The pilot's times decide
nothing else than how much is measured."""
WANDERS = 1.645
"""Standard deviations from which on processes that follow one another are too much alike: 5 % of a
normal distribution lie beyond."""
FAR = math.log(1.5)
"""Log-ratio of the pilot's times from which on short processes have few rounds."""


@dataclass(frozen=True)
class Look:
    """What a verdict at one look demands.

    Attributes:
        level: Two-sided level of its test and of its interval.
        early: Whether it comes before the planned precision. Then the interval must also clear all
            by which the baseline may differ from itself.
        margin: Log-ratio that the interval must clear at least.
    """

    level: float = LEVEL
    early: bool = False
    margin: float = 0.0


ONLY = Look()
"""The look of a run that does not look early: all of the 5 % are its own."""
LAST = Look(LAST_LEVEL)
"""The look at the planned precision, or at the end of the time, after early looks."""


def short_processes(builds: int) -> int:
    """Return the largest number of short processes.

    Args:
        builds: Number of builds that the processes draw from.
    """
    return (SHORT_LOOKS_OF_BUILDS if builds > 1 else SHORT_LOOKS)[-1]


@dataclass(frozen=True)
class Stage:
    """How far a comparison has come.

    Attributes:
        processes: Number of processes so far, either all short or all of the planned length.
        short: Whether they are short.
        builds: Number of builds that they draw from.
        may_stop_early: Whether a verdict that is certain may end the run.
    """

    processes: int
    short: bool = False
    builds: int = 1
    may_stop_early: bool = True


def look_at(stage: Stage) -> Look | None:
    """Return the early look at this stage; ``None`` if there is none."""
    if stage.short:
        looks: tuple[int, ...] = SHORT_LOOKS_OF_BUILDS if stage.builds > 1 else SHORT_LOOKS
    else:
        least = SHORT_LOOKS_OF_BUILDS[0] if stage.builds > 1 else LOOKS[0]
        looks = tuple(count for count in LOOKS if count >= least)
    if not stage.may_stop_early or stage.processes not in looks:
        return None
    return Look(EARLY_LEVEL, early=True, margin=SHORT_MARGIN if stage.short else 0.0)


def all_differ(seconds: Sequence[tuple[float, float]], by: float) -> bool:
    """Return whether the pilot's times of all comparisons differ by at least a log-ratio.

    Args:
        seconds: For each comparison, the pilot's seconds of a call of the baseline and of the
            contender.
        by: The log-ratio.
    """
    return all(abs(math.log(first / second)) >= by for first, second in seconds)


def wanders(values: Sequence[float]) -> bool:
    """Return whether processes that follow one another are more alike than others.

    Then the difference changes while it is measured, and the few processes before an early look
    need not stand for it. Five of a hundred runs that do not wander are taken for such, and then go
    on measuring.

    Source: L. C. Young, "On randomness in ordered sequences", Annals of Mathematical Statistics 12
    (1941), for von Neumann's ratio of successive differences.

    Args:
        values: One effect for each process, in the order in which they were measured.
    """
    count = len(values)
    mean = math.fsum(values) / count
    squares = math.fsum((value - mean) ** 2 for value in values)
    steps = math.fsum((later - value) ** 2 for value, later in pairwise(values))
    if not squares:
        return False
    deviation = math.sqrt((count - 2) / (count**2 - 1))
    return 1 - steps / (2 * squares) > WANDERS * deviation
