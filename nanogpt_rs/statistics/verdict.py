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
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from nanogpt_rs.records.schema import Clock, Comparison, Ratio, Verdict
from nanogpt_rs.statistics.blocks import (
    BASELINE,
    CONTROL_ARM,
    SHORT_NS,
    Process,
    check_arms,
    effects,
    length_ns,
    planted_in,
    typical_seconds,
)
from nanogpt_rs.statistics.clocks import STRETCH, WAITS, choose_clock, coarse, wall_over_cpu
from nanogpt_rs.statistics.plan import LEAST_PROCESSES, Plan, margin_for
from nanogpt_rs.statistics.trimmed import (
    LEVEL,
    Trimmed,
    holm,
    interval_of,
    p_different,
    percent,
    relative,
    shown,
    smallest_found,
    trimmed,
)

NOISY = 0.01
"""A control whose interval reaches past this says that the run is noisy."""
PLANTED_TOLERANCE = 0.01
"""How far off a positive control may read although its interval excludes what was planted: a true
5 % must read 4 to 6 %."""
SEED_SPREAD = 3.0
"""How many times wider than the control's the interval is where the seed rules; a choice: by chance
this happens in under 1 % of runs, which costs time and nothing else."""
SEED_WIDTH = 0.02
"""The half-width above which a spread can be the seed's: 40 processes leave it 2.7 to 4 %."""


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
    against_itself = effects(processes, CONTROL_ARM, clock, clean_only)
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
