"""How blocks of time become a verdict: pure functions, which read no clock and start no process.

One *arm* is one thing that is called; one *round* times a block of calls of each arm, in a random
order; one *process* is a fresh worker with a hash seed and a memory layout of its own, and the
unit of all statistics here. Arm 0 is the baseline, arm 1 the baseline again: what those two differ
by is no difference at all, so they are the live control and are never averaged.

Within a process, a contender's effect is the median over rounds of log(baseline / contender), both
per call. Across processes it is Yuen's trimmed mean with its t interval. Each number below was
measured with over 2,000 worker processes on a shared 2-core machine; where it is a choice, it says
so.

A ratio is the baseline's time over the contender's: above 1, the contender is faster. Differences
are kept as logarithms inside, so that swapping two arms mirrors every answer.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit  # scipy.stats would cost a further 0.4 s of start-up

BASELINE, AGAIN = 0, 1

SHORT_NS = 1_000_000
"""Blocks up to 1 ms are mostly run in one piece; above 3 ms wall time locks to the scheduler's
slices: a true 5 % read 2.75 %, with a clean control and a small interval."""
STRETCH = 1.05
"""Wall over CPU time above which a single-threaded arm's wall time is no evidence."""
LEAST_PROCESSES = 8
"""Fewer give an interval, but never a verdict: one mad process could not be trimmed."""
LEAST_ROUNDS = 3
"""Of a process, however small the budget."""
LEAST_CLEAN = 0.2
"""The share of rounds that must be left of a process after the unclean ones are dropped."""
SHORT_MARGIN, LONG_MARGIN = 0.005, 0.01
"""Relative differences below which two arms count as the same, for blocks up to 1 ms and above:
without a margin 4.6 % of equals were called different, with it none of 520."""
NOISY = 0.01
"""A control whose interval reaches past this says that the run is noisy."""
PLANTED = 0.05
"""The share of calls that a positive control makes beyond the baseline's."""
PLANTED_TOLERANCE = 0.01
"""How far off a positive control may read although its interval excludes what was planted: a true
5 % must read 4 to 6 %."""
LEVEL = 0.05
"""Two-sided level of intervals and tests."""
POWER = 0.8
"""With which a run must find a difference for ``resolves`` to claim it."""
COARSE = 0.001
"""Ticks longer than this share of a block can hide a difference; a choice, a fifth of the
smallest margin."""
SEED_PROCESSES = 40
"""Where the hash seed rules the spread (SD 8.5 to 13 %), only more processes help."""
SEED_SECONDS = 60.0
"""That they may take."""
SEED_SPREAD = 3.0
"""How many times wider than the control's the interval is where the seed rules; a choice: by chance
this happens in under 1 % of runs, which costs time and nothing else."""
SEED_WIDTH = 0.02
"""The half-width above which a spread can be the seed's: 40 processes leave it 2.7 to 4 %."""
WARM_UP_SECONDS = 0.1
START_UP_SECONDS = 0.15

Clock = Literal["wall", "cpu"]
Verdict = Literal["faster", "slower", "equivalent", "inconclusive", "invalid"]
Floats = NDArray[np.float64]


class Block(NamedTuple):
    """What one arm took in one round, over all its calls.

    Attributes:
        wall_ns: wall-clock time, in ns.
        cpu_ns: CPU time of the calling thread, in ns.
        involuntary: involuntary context switches of that thread (``ru_nivcsw``): it was preempted.
        voluntary: its voluntary ones (``ru_nvcsw``): it waited, for a disk, a lock or its threads.
        calls: how many calls were made.
    """

    wall_ns: float
    cpu_ns: float
    involuntary: int
    voluntary: int
    calls: int


@dataclass(frozen=True, eq=False)
class Process:
    """What one fresh worker process measured.

    Attributes:
        blocks: shape (arms, rounds, 5), the last as in ``Block``; nested lists, as a worker writes
            them in JSON, become an array. The same round index means the same round.
        others: the share of the whole machine's CPU time, 0 to 1, that others took meanwhile;
            ``None`` if unknown. It is used only where threads were measured by wall time.

    Raises:
        ValueError: a block is missing, or holds what no clock says.
    """

    blocks: Floats
    others: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", checked(self.blocks))
        if self.others is not None and not 0 <= self.others <= 1:
            raise ValueError(f"others is {self.others}, not a share between 0 and 1")

    def seconds(self, arm: int, clock: Clock) -> Floats:
        """Return for each round the time of one call, in s."""
        block = self.blocks[arm]
        return np.asarray(block[:, 0 if clock == "wall" else 1] / block[:, 4] / 1e9)


@dataclass(frozen=True)
class Ratio:
    """The baseline's time over another arm's: above 1, that arm is faster.

    Attributes:
        ratio: a trimmed mean over processes, of logarithms.
        interval: its 95 % interval; ``None`` where one process alone was measured.
    """

    ratio: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One contender beside its baseline.

    Attributes:
        contender: the arm's index.
        verdict: what may be said.
        reason: why, in one sentence.
        ratio: the baseline's time over the contender's; ``None`` where no clock could tell.
        interval: its 95 % interval, never adjusted for other comparisons.
        half_width: half of that interval, as a relative difference.
        control: the baseline against itself.
        control_half_width: as for the contender.
        positive_control: the arm with more calls in a block, by the time of its whole block.
        planted: what the positive control should read.
        margin: the relative difference that an interval must clear for ``faster`` or ``slower``.
        resolves: the smallest relative difference that a run with this spread finds in 80 % of
            cases.
        noisy: the control's interval reaches past 1 %.
        p_value: two-sided, of the hypothesis that the difference is within ``margin``; below 0.05
            exactly where the interval clears it.
        p_adjusted: the same, adjusted by ``adjust`` for the comparisons made together.
        clock: which one ``ratio`` is from.
        clock_reason: why that one.
        wall, cpu: the same ratio by either clock; ``None`` where that clock cannot tell.
        wall_over_cpu: median over the blocks of the baseline and the contender, the larger one.
        seconds: of one call of the baseline and of the contender, medians.
        ratios, control_ratios: what each process said, of the contender and of the baseline against
            itself: medians over its rounds.
        processes_used, processes_dropped: a process with too few clean rounds is dropped.
        rounds_used, rounds_dropped: over all processes; an unclean round is dropped.
    """

    contender: int
    verdict: Verdict
    reason: str
    margin: float
    clock: Clock
    clock_reason: str
    processes_used: int
    processes_dropped: int
    rounds_used: int
    rounds_dropped: int
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    half_width: float | None = None
    control: Ratio | None = None
    control_half_width: float | None = None
    positive_control: Ratio | None = None
    planted: float | None = None
    resolves: float | None = None
    noisy: bool = False
    p_value: float | None = None
    p_adjusted: float | None = None
    wall: Ratio | None = None
    cpu: Ratio | None = None
    wall_over_cpu: float | None = None
    seconds: tuple[float, float] | None = None
    ratios: tuple[float, ...] = ()
    control_ratios: tuple[float, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether anything may be made of it."""
        return self.verdict != "invalid"


class Trimmed(NamedTuple):
    """A trimmed mean.

    Attributes:
        mean: of what trimming left.
        error: its standard error; infinite for a single value.
        freedom: degrees of freedom of its t distribution.
        processes: how many values there were before trimming.
    """

    mean: float
    error: float
    freedom: int
    processes: int

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval."""
        return quantile(self.freedom, 1 - LEVEL / 2) * self.error

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half_width


class Effects(NamedTuple):
    """One arm's log(baseline / arm), per call: one value for each process that has one."""

    values: Floats
    processes_dropped: int
    rounds_used: int
    rounds_dropped: int


@dataclass(frozen=True)
class Plan:
    """How much to measure; known before anything is.

    Attributes:
        rounds: that each process times.
        warm_up_rounds: that each process runs before and throws away.
        calls: in a block, for each arm.
        primed: for each arm, how many calls that are not timed come before each block.
        positive_calls: in a block of the positive control, 5 to 10 % more than the baseline's;
            ``None`` where a call is too long for one.
        least: processes before the first look at the width.
        most: processes, whatever the width.
        seconds: after which no process is added.
        seed_seconds: the same where the hash seed turns out to rule the spread.
        target: half-width at which to stop, as a relative difference.
        process_seconds: what one process will take on a quiet machine, start-up and all.
    """

    rounds: int
    warm_up_rounds: int
    calls: tuple[int, ...]
    primed: tuple[int, ...]
    positive_calls: int | None
    least: int
    most: int
    seconds: float
    seed_seconds: float
    target: float
    process_seconds: float


# longest block in s, rounds, seconds that the comparison may take
TABLE = (
    (0.0003, 200, 10.0),
    (0.001, 150, 10.0),
    (0.005, 60, 20.0),
    (0.010, 30, 20.0),
    (0.025, 20, 30.0),
    (0.050, 12, 30.0),
    (0.200, 6, 60.0),
    (1.0, 3, 120.0),
)
ONE_RUN_SECONDS = 10.0
SHORTEST_SECONDS, FULLEST_SECONDS = 0.0001, 0.0009
"""Blocks are as long as the longest arm's call, but within these bounds. A machine's speed was seen
to switch within 0.1 to 1 ms, so that adjacent blocks of 34 us shared it (SD of a pair 2 %) and
those of 1 ms did not (4 %): at 50 us a process tells identical code apart by 0.08 %, at 1 ms, in
twice the time, by 0.4 %. Nothing above 1 ms is worth filling."""
PRIMED_SECONDS = ((0.0001, 2), (0.0003, 1))
"""How many calls prime calls up to so long. A call of 12 us on a megabyte took 3 times as long
after others had used the caches, the next one 1.3 times, the third what all later ones took; of
200 us the second was as later ones. What another arm left there costs longer ones under 1 %."""
ALIKE = 1.5
"""Arms whose calls differ by no more have equally many in a block: what a block's first call takes
longer would else be spread over more calls of the one, by the chance of how long the pilot found
them; 6 calls against 4 of the same function read as 3 %."""
LEAST_PLANTED_IN, MOST_PLANTED_IN = 10, 0.0002
"""Calls and seconds of a block to which a positive control can add 5 to 10 %: where fewer calls
fill a block, but so many fit into 0.2 ms, blocks are made that long."""


def plan(
    seconds: Sequence[float],
    *,
    seed_differs: bool = False,
    around: float = 0.0,
    singly: bool = False,
    budget: float | None = None,
    multiple: int = 1,
    echoes: Sequence[int] = (),
) -> Plan:
    """Return how much to measure, from how long one call of each arm takes.

    Above 1 s each of 8 processes makes one round, and above 10 s there is one run, whose verdict
    is ``inconclusive``. Calls that long need no warm-up: the first 0.1 s of a process is slower by
    some 5 %.

    Args:
        seconds: one call of each arm, the control among them.
        seed_differs: one side hashes and the other does not, so that the hash seed rules the
            spread: processes are needed, not rounds.
        around: what each call takes beside its own time, such as displacing its text.
        singly: a block is a single call.
        budget: seconds to take, instead of what its calls deserve; then 8 processes may do, and
            have fewer rounds each if need be.
        multiple: of which the number of calls in a block is one, where it is as large.
        echoes: blocks of each arm in a round that are run and not timed; none if empty.

    Raises:
        ValueError: a duration is not above 0, or there is none.
    """
    if not seconds or not all(0 < taken < math.inf for taken in seconds):
        raise ValueError(f"a call of each arm must take some time, and took {list(seconds)} s")
    calls = (1,) * len(seconds) if singly else calls_in_a_block(seconds, multiple)
    primed = (0,) * len(seconds) if singly else tuple(map(priming, seconds))
    blocks = [count * taken for count, taken in zip(calls, seconds, strict=True)]
    longest = max(blocks)
    wholes = [b + p * s for b, p, s in zip(blocks, primed, seconds, strict=True)]
    whole = sum(wholes) + sum(map(operator.mul, wholes, echoes))
    more = 0 if singly else math.ceil(calls[BASELINE] * PLANTED)
    planted = 0 < more <= calls[BASELINE] / LEAST_PLANTED_IN
    if planted:
        whole += blocks[BASELINE]
    whole += around * (sum(calls) + planted * (calls[BASELINE] + more))
    rounds, allowed = next(
        ((rounds, allowed) for limit, rounds, allowed in TABLE if longest <= limit), (1, 0.0)
    )
    if seed_differs:
        rounds = min(rounds, 20)
    warm_up = math.ceil(WARM_UP_SECONDS / whole) if longest <= TABLE[-1][0] else 0
    if budget is not None:
        room = (budget / LEAST_PROCESSES - START_UP_SECONDS) / whole - warm_up
        rounds = max(min(rounds, LEAST_ROUNDS), min(rounds, int(room)))
    each = START_UP_SECONDS + (warm_up + rounds) * whole
    if longest > ONE_RUN_SECONDS:
        least = most = 1
    elif longest > TABLE[-1][0]:
        least = most = LEAST_PROCESSES
    elif seed_differs:
        least = most = SEED_PROCESSES
    else:
        least, most = 12 if budget is None else LEAST_PROCESSES, SEED_PROCESSES
    return Plan(
        rounds=rounds,
        warm_up_rounds=warm_up,
        calls=calls,
        primed=primed,
        positive_calls=calls[BASELINE] + more if planted else None,
        least=least,
        most=most,
        seconds=allowed if budget is None else budget,
        seed_seconds=max(allowed, SEED_SECONDS) if budget is None else budget,
        # Then a true difference of twice the margin clears it by two standard errors.
        target=margin_for(longest * 1e9) / 2,
        process_seconds=each,
    )


def calls_in_a_block(seconds: Sequence[float], multiple: int = 1) -> tuple[int, ...]:
    """Return how many calls of each arm make a block, from how long one takes.

    It is whole multiples of a number, where a block would not be too long for that.
    """
    fill = min(max(*seconds, SHORTEST_SECONDS), FULLEST_SECONDS)
    if LEAST_PLANTED_IN * max(seconds) <= MOST_PLANTED_IN:
        fill = max(fill, LEAST_PLANTED_IN * max(seconds))
    fewest = {taken: max(1, int(fill / taken)) for taken in seconds}
    longest: dict[float, float] = {}
    left = list(dict.fromkeys(seconds))
    while left:
        alike = [taken for taken in left if 1 / ALIKE <= taken / left[0] <= ALIKE]
        fewest |= dict.fromkeys(alike, min(fewest[taken] for taken in alike))
        longest |= dict.fromkeys(alike, max(alike))
        left = [taken for taken in left if taken not in alike]

    def whole(taken: float) -> int:
        count = fewest[taken]
        if count < multiple and multiple * longest[taken] > FULLEST_SECONDS:
            return count
        return max(multiple, count - count % multiple)

    return tuple(map(whole, seconds))


def priming(seconds: float) -> int:
    """Return how many calls prime a block of calls that take so long."""
    return next((count for limit, count in PRIMED_SECONDS if seconds <= limit), 0)


def enough(comparisons: Sequence[Comparison], plan: Plan, elapsed: float = 0.0) -> bool:
    """Return whether to stop, having measured ``plan.least`` processes or more.

    It looks at widths and the time alone. Stopping as soon as a difference is significant gave 19 %
    false alarms where 5 % were announced; a width knows nothing of the difference.

    Args:
        comparisons: every contender, each from all processes so far.
        plan: by which they were measured.
        elapsed: seconds since the start.
    """
    done = min(each.processes_used + each.processes_dropped for each in comparisons)
    if done < plan.least:
        return False
    wide = [each for each in comparisons if not within(each.half_width, plan.target)]
    seconds = plan.seed_seconds if any(map(seed_rules, wide)) else plan.seconds
    return not wide or done >= plan.most or elapsed >= seconds


def within(width: float | None, limit: float) -> bool:
    """Return whether there is a width, and it is at most ``limit``."""
    return width is not None and width <= limit


def seed_rules(comparison: Comparison) -> bool:
    """Return whether processes differ far more than rounds do: then the hash seed rules."""
    width, control = comparison.half_width, comparison.control_half_width
    return width is not None and control is not None and width > SEED_SPREAD * control


def compare(
    processes: Sequence[Process],
    contender: int = 2,
    *,
    positive: int | None = None,
    wall_only: Collection[int] = (),
) -> Comparison:
    """Compare one contender with the baseline.

    Args:
        processes: in any order.
        contender: the arm's index, 2 or more.
        positive: index of the positive control, the baseline with more calls in a block.
        wall_only: indices of the arms that use threads or wait, so that only wall time can judge
            them; an arm that waits in most of its blocks is found out without this.

    Raises:
        ValueError: there is no process, they differ in their arms, or an index is not an arm's.
    """
    check_arms(processes, contender, positive)
    planted = None if positive is None else planted_in(processes, positive)
    length = length_ns(processes, contender)
    margin = margin_for(length)
    clock, why, distrust = choose_clock(processes, contender, wall_only, positive)
    clean_only = clock == "wall" and length <= SHORT_NS

    result = Comparison(
        contender=contender,
        verdict="invalid",
        reason=distrust or "",
        margin=margin,
        clock=clock,
        clock_reason=why,
        processes_used=len(processes),
        processes_dropped=0,
        rounds_used=sum(each.blocks.shape[1] for each in processes),
        rounds_dropped=0,
        wall_over_cpu=wall_over_cpu(processes, (BASELINE, contender), clean_only),
    )
    if distrust:
        return result
    found = effects(processes, contender, clock, clean_only)
    against_itself = effects(processes, AGAIN, clock, clean_only)
    result = replace(
        result,
        processes_used=found.values.size,
        processes_dropped=found.processes_dropped,
        rounds_used=found.rounds_used,
        rounds_dropped=found.rounds_dropped,
    )
    if not (found.values.size and against_itself.values.size):
        return replace(
            result,
            verdict="inconclusive",
            reason="no process had enough rounds in which it was left alone",
        )

    effect, control = trimmed(found.values), trimmed(against_itself.values)
    if effect.half_width > max(SEED_SPREAD * control.half_width, SEED_WIDTH):
        # What the hash seed does is skewed, and no fault: trimmed, 33.6 was read where the mean
        # over seeds was 34.1, and 16 of 20 intervals held it.
        effect = trimmed(found.values, share=0)
    reading = None
    if positive is not None and planted is not None:
        values = effects(processes, positive, clock, clean_only).values
        reading = trimmed(values + planted) if values.size else None
    used = max(math.log1p(margin), abs(control.mean))
    verdict, reason = decide(effect, control, math.log1p(margin), reading, planted)
    first = shown(effect)
    by_clock: dict[Clock, Ratio | None] = {clock: first}
    second: Clock = "cpu" if clock == "wall" else "wall"
    tells = (
        why != WAITS and not coarse(processes, (BASELINE, contender), "cpu")
        if second == "cpu"
        else within(result.wall_over_cpu, STRETCH)
    )
    by_clock[second] = (
        shown(trimmed(effects(processes, contender, second, False).values)) if tells else None
    )
    return replace(
        result,
        verdict=verdict,
        reason=reason,
        ratio=first.ratio,
        interval=first.interval,
        half_width=relative(effect.half_width),
        control=shown(control),
        control_half_width=relative(control.half_width),
        positive_control=shown(reading) if reading else None,
        planted=math.exp(planted) if planted is not None else None,
        margin=math.expm1(used),
        resolves=relative(smallest_found(effect, used)),
        noisy=is_noisy(control),
        p_value=p_different(effect, used),
        wall=by_clock["wall"],
        cpu=by_clock["cpu"],
        seconds=(
            typical_seconds(processes, BASELINE, clock),
            typical_seconds(processes, contender, clock),
        ),
        ratios=tuple(np.exp(found.values).tolist()),
        control_ratios=tuple(np.exp(against_itself.values).tolist()),
    )


def decide(
    effect: Trimmed,
    control: Trimmed,
    margin: float,
    positive: Trimmed | None = None,
    planted: float | None = None,
) -> tuple[Verdict, str]:
    """Return what may be said, and why. Everything is a logarithm of a ratio.

    ``faster`` and ``slower`` ask for an interval beyond the margin or what the control reads,
    whichever is larger: a run that tells the baseline from itself by 0.8 % cannot tell others by
    less. ``equivalent`` asks for an interval within the margin alone, and a control within it too:
    what makes a run worse must never make it easier to call things equal. As the 95 % interval lies
    inside, those are two one-sided tests at 2.5 % each.

    Args:
        effect: the contender.
        control: the baseline against itself.
        margin: log of 1.005 or 1.01.
        positive: the positive control, by the time of its whole block.
        planted: what it should read.
    """
    if (fewest := min(effect.processes, control.processes)) < LEAST_PROCESSES:
        return "inconclusive", f"{fewest} processes, and a verdict takes {LEAST_PROCESSES}"
    if fault := fault_of(control, positive, planted):
        return "invalid", fault
    bar = max(margin, abs(control.mean))
    clears = (
        f"the margin of {percent(margin)}"
        if bar == margin
        else f"the {percent(bar)} by which the baseline differed from itself"
    )
    if effect.low > bar or effect.high < -bar:
        verdict: Verdict = "faster" if effect.mean > 0 else "slower"
        return verdict, f"the interval, {interval_of(effect)}, clears {clears}"
    if not (-margin <= effect.low and effect.high <= margin and abs(control.mean) <= margin):
        return "inconclusive", f"the interval, {interval_of(effect)}, does not clear {clears}"
    if is_noisy(control):
        return "inconclusive", (
            f"the run is noisy: the baseline against itself gave {interval_of(control)}"
        )
    return "equivalent", (
        f"the interval, {interval_of(effect)}, lies within the margin of {percent(margin)}"
    )


def fault_of(control: Trimmed, positive: Trimmed | None, planted: float | None) -> str | None:
    """Return which control says that this run cannot be believed, if one does."""
    limit = math.log1p(NOISY)
    if control.low > limit or control.high < -limit:
        return (
            f"the baseline differed from itself by {percent(control.mean)}, {interval_of(control)}"
        )
    if positive is None or planted is None:
        return None
    if abs(positive.mean - planted) <= max(PLANTED_TOLERANCE, positive.half_width):
        return None
    return (
        f"a planted difference of {percent(planted)} read as {percent(positive.mean)}, "
        f"{interval_of(positive)}"
    )


def trimmed(values: ArrayLike, share: float = 1 / 6) -> Trimmed:
    """Return Yuen's trimmed mean: a sixth of the values is cut off at each end.

    That is 1 and 1 of 8, 2 and 2 of 12, 6 and 6 of 40. It costs nothing where all is quiet and
    survives a mad process: power 49 % without, 90 % with.

    Source: K. K. Yuen, "The two-sample trimmed t for unequal population variances", Biometrika 61
    (1974), for one sample.

    Args:
        values: shape (processes,), at least one.
        share: of the values, to cut off at each end.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    count = ordered.size
    cut = int(count * share)
    kept = ordered[cut : count - cut]
    if count < 2:
        return Trimmed(float(kept.mean()), math.inf, 1, count)
    winsorized = np.clip(ordered, kept[0], kept[-1])
    squares = float(np.sum((winsorized - winsorized.mean()) ** 2))
    error = math.sqrt(squares / (kept.size * (kept.size - 1)))
    return Trimmed(float(kept.mean()), error, kept.size - 1, count)


def quantile(freedom: int, probability: float) -> float:
    """Return a quantile of Student's t."""
    return float(stdtrit(freedom, probability))


def p_different(effect: Trimmed, margin: float) -> float | None:
    """Return the two-sided p-value of a difference within ``margin``; ``None`` for one process."""
    if math.isinf(effect.error):
        return None
    beyond = abs(effect.mean) - margin
    if effect.error == 0:
        return 0.0 if beyond > 0 else 1.0
    return min(1.0, 2 * float(stdtr(effect.freedom, -beyond / effect.error)))


def smallest_found(effect: Trimmed, margin: float) -> float:
    """Return the log-ratio that a run with this spread tells from ``margin`` 80 % of the time."""
    return margin + effect.half_width + quantile(effect.freedom, POWER) * effect.error


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted so that any false alarm among all of them has 5 %.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def adjust(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons of one run, their tests adjusted by Holm; intervals stay as they are.

    A ``faster`` or ``slower`` that does not survive becomes ``inconclusive``. An ``invalid`` one is
    no test and does not count. ``equivalent`` is not a test of a difference and is left alone.
    """
    tested = [
        each for each in comparisons if each.verdict != "invalid" and each.p_value is not None
    ]
    adjusted = dict(
        zip(map(id, tested), holm([each.p_value or 0.0 for each in tested]), strict=True)
    )
    return [survivor(each, adjusted.get(id(each)), len(tested)) for each in comparisons]


def survivor(comparison: Comparison, p_adjusted: float | None, tests: int) -> Comparison:
    """Return a comparison as its adjusted p-value leaves it."""
    if comparison.verdict not in ("faster", "slower") or within(p_adjusted, LEVEL):
        return replace(comparison, p_adjusted=p_adjusted)
    return replace(
        comparison,
        p_adjusted=p_adjusted,
        verdict="inconclusive",
        reason=f"{comparison.reason}, but does not survive Holm's adjustment for {tests} tests",
    )


WAITS = "an arm uses threads or waits, which only wall time can judge"


def choose_clock(
    processes: Sequence[Process],
    contender: int,
    wall_only: Collection[int] = (),
    positive: int | None = None,
) -> tuple[Clock, str, str | None]:
    """Return which clock can judge, why, and why even that one cannot be trusted, if so."""
    arms = [BASELINE, AGAIN, contender] + ([] if positive is None else [positive])
    waiting = {arm for arm in arms if arm in wall_only or waits(processes, arm)}
    distrust = None
    clock: Clock = "cpu"
    if waiting:
        clock, why = "wall", WAITS
        distrust = too_busy(processes, [arm for arm in arms if arm not in waiting])
    elif length_ns(processes, contender) > SHORT_NS:
        why = "blocks are longer than 1 ms, where wall time locks to the scheduler's slices"
    else:
        stretch = wall_over_cpu(processes, (BASELINE, contender), clean_only=True)
        if stretch is not None and stretch > STRETCH:
            why = f"wall time was {stretch:.2f} times CPU time, so it is no evidence"
        elif effects(processes, contender, "wall", True).processes_dropped > len(processes) / 2:
            why = "most processes were preempted in most rounds"
        else:
            clock, why = "wall", "blocks are at most 1 ms long"
    if not distrust and coarse(processes, arms, clock):
        distrust = f"the {clock} clock's ticks are too coarse for blocks this short"
    return clock, why, distrust


def waits(processes: Sequence[Process], arm: int) -> bool:
    """Return whether most blocks of an arm gave the core away of their own accord."""
    return bool(np.median(np.concatenate([each.blocks[arm, :, 3] for each in processes])) > 0)


def too_busy(processes: Sequence[Process], single_threaded: Sequence[int]) -> str | None:
    """Return why wall time cannot judge threads here, if it cannot.

    Totals, not medians: a short block is rarely preempted, but what it stands for is.
    """
    others = [each.others for each in processes if each.others is not None]
    if others and (share := float(np.median(others))) > STRETCH - 1:
        return (
            f"others took {share:.0%} of the machine, and only wall time can judge an arm that "
            "uses threads or waits"
        )
    if not single_threaded:
        return None
    arms = list(single_threaded)
    wall, cpu = (
        np.array([each.blocks[arms, :, column].sum() for each in processes]) for column in (0, 1)
    )
    if (cpu > 0).all() and (stretch := float(np.median(wall / cpu))) > STRETCH:
        return (
            f"the machine was too busy: a single thread took {stretch:.2f} times its CPU time, and "
            "only wall time can judge an arm that uses threads or waits"
        )
    return None


def wall_over_cpu(
    processes: Sequence[Process], arms: Sequence[int], clean_only: bool
) -> float | None:
    """Return the median of wall over CPU time, of the arm where it is largest; ``None`` if unknown.

    It is unknown where the CPU clock did not advance during a block. Where no block is clean, all
    are taken.
    """
    worst = 0.0
    for arm in arms:
        blocks = np.concatenate([each.blocks[arm] for each in processes])
        if clean_only and (blocks[:, 2] == 0).any():
            blocks = blocks[blocks[:, 2] == 0]
        if not blocks[:, 1].all():
            return None
        worst = max(worst, float(np.median(blocks[:, 0] / blocks[:, 1])))
    return worst


def coarse(processes: Sequence[Process], arms: Sequence[int], clock: Clock) -> bool:
    """Return whether a clock's ticks are long enough to hide a difference.

    Long ticks show as a gap between readings while most readings coincide. Gaps up to 2 ns are the
    rounding of ticks that are no whole number of ns.
    """
    column = 0 if clock == "wall" else 1
    for arm in arms:
        readings = np.concatenate([each.blocks[arm, :, column] for each in processes])
        if not readings.all():
            return True
        distinct = np.unique(readings)
        gaps = np.diff(distinct)
        gaps = gaps[gaps > 2]
        coincide = distinct.size < readings.size / 2
        if coincide and gaps.size and gaps.min() > COARSE * np.median(readings):
            return True
    return False


def length_ns(processes: Sequence[Process], contender: int) -> float:
    """Return the longer of the baseline's and the contender's median block, in ns by wall clock."""
    return max(
        float(np.median(np.concatenate([each.blocks[arm, :, 0] for each in processes])))
        for arm in (BASELINE, contender)
    )


def margin_for(longest_ns: float) -> float:
    """Return the relative difference below which two arms count as the same."""
    return SHORT_MARGIN if longest_ns <= SHORT_NS else LONG_MARGIN


def effects(processes: Sequence[Process], arm: int, clock: Clock, clean_only: bool) -> Effects:
    """Return what each process says about one arm.

    A round is unclean where the thread was preempted in either block: that rule cannot see the
    outcome, and cut the SD of a pair from 10.5 to 0.6 %. Above 1 ms no round would be left, and CPU
    time needs no such rule.
    """
    values, dropped, used, unclean = [], 0, 0, 0
    for process in processes:
        baseline, contender = process.seconds(BASELINE, clock), process.seconds(arm, clock)
        switches = process.blocks[[BASELINE, arm], :, 2].sum(axis=0)
        keep = switches == 0 if clean_only else np.full(baseline.size, True)
        unclean += int(keep.size - keep.sum())
        if keep.sum() < max(1, LEAST_CLEAN * keep.size):
            dropped += 1
            continue
        used += int(keep.sum())
        values.append(float(np.median(np.log(baseline[keep] / contender[keep]))))
    return Effects(np.array(values), dropped, used, unclean)


def planted_in(processes: Sequence[Process], positive: int) -> float:
    """Return what the positive control should read by the time of a whole block: a log-ratio.

    Raises:
        ValueError: it makes no more calls than the baseline.
    """
    calls = [each.blocks[BASELINE, :, 4] / each.blocks[positive, :, 4] for each in processes]
    planted = math.log(float(np.median(np.concatenate(calls))))
    if planted >= 0:
        raise ValueError("the positive control makes no more calls in a block than the baseline")
    return planted


def typical_seconds(processes: Sequence[Process], arm: int, clock: Clock) -> float:
    """Return the median over processes of their median times of one call, in s."""
    return float(np.median([np.median(each.seconds(arm, clock)) for each in processes]))


def added(
    processes: Sequence[Process], arm: int, beyond: int | None, clock: Clock
) -> tuple[float, tuple[float, float] | None]:
    """Return by how much one call of an arm takes longer than one of another, in s.

    Args:
        processes: in any order.
        arm: the arm's index.
        beyond: the other's; ``None`` stands for nothing at all.
        clock: by which to tell.

    Returns:
        A trimmed mean over processes of medians over rounds, and its 95 % interval; ``None`` where
        there is one process alone.
    """
    values = []
    for process in processes:
        seconds = process.seconds(arm, clock)
        if beyond is not None:
            seconds = seconds - process.seconds(beyond, clock)
        values.append(float(np.median(seconds)))
    found = trimmed(values)
    return found.mean, None if math.isinf(found.error) else (found.low, found.high)


def is_noisy(control: Trimmed) -> bool:
    """Return whether the control's interval reaches past 1 %."""
    limit = math.log1p(NOISY)
    return not (-limit <= control.low and control.high <= limit)


def shown(trimmed: Trimmed) -> Ratio:
    """Return a ratio and its interval from their logarithms."""
    if math.isinf(trimmed.error):
        return Ratio(math.exp(trimmed.mean), None)
    return Ratio(math.exp(trimmed.mean), (math.exp(trimmed.low), math.exp(trimmed.high)))


def relative(logarithm: float) -> float | None:
    """Return a log-ratio as a relative difference; ``None`` if it is infinite."""
    return None if math.isinf(logarithm) else math.expm1(logarithm)


def percent(logarithm: float) -> str:
    """Return a log-ratio as a relative difference, as people read it."""
    return f"{100 * math.expm1(logarithm):.3g} %"


def interval_of(trimmed: Trimmed) -> str:
    """Return an interval of ratios, as people read it."""
    return f"{math.exp(trimmed.low):.4f} to {math.exp(trimmed.high):.4f}"


def checked(blocks: ArrayLike) -> Floats:
    """Return the blocks of one process as an array of shape (arms, rounds, 5).

    Raises:
        ValueError: a block is missing, or holds what no clock says.
    """
    try:
        array = np.array(blocks, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a block is missing or no number: {error}") from error
    if array.ndim != 3 or array.shape[2] != len(Block._fields) or not array.size:
        raise ValueError(
            f"blocks have the shape {array.shape}, not (arms, rounds, {len(Block._fields)})"
        )
    if len(array) <= AGAIN:
        raise ValueError("a process needs the baseline and the baseline again, and has one arm")
    for column, least in enumerate((1, 0, 0, 0, 1)):
        bad = np.argwhere(~(np.isfinite(array[:, :, column]) & (array[:, :, column] >= least)))
        if bad.size:
            arm, round = (int(index) for index in bad[0])
            raise ValueError(
                f"{Block._fields[column]} is {array[arm, round, column]:g} in arm {arm}, "
                f"round {round}"
            )
    return array


def check_arms(processes: Sequence[Process], contender: int, positive: int | None) -> None:
    """Check that the indices are arms that every process has.

    Raises:
        ValueError: they are not.
    """
    if not processes:
        raise ValueError("there is no process to compare in")
    if len({len(process.blocks) for process in processes}) > 1:
        raise ValueError("processes differ in how many arms they have")
    arms = len(processes[0].blocks)
    for name, arm in (("contender", contender), ("positive", positive)):
        if arm is not None and not AGAIN < arm < arms:
            raise ValueError(f"{name} is {arm}, and must be an arm from 2 to {arms - 1}")
    if contender == positive:
        raise ValueError("the positive control cannot be the contender")
