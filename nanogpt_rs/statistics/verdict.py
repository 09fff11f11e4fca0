"""What may be said of a contender beside its baseline: the verdict, and when to stop measuring.

Within a process, a contender's effect is the median over rounds of log(baseline / contender); see
``blocks``. Across processes it is Yuen's trimmed mean with its t interval. Each number below was
measured with over 2,000 worker processes on a shared 2-core machine; where it is a choice, the
comment says so.

A ratio is the baseline's time over the contender's: above 1, the contender is faster.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from nanogpt_rs.records.schema import Clock, Comparison, Ratio, Verdict
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.statistics.blocks import (
    BASELINE,
    CONTROL_ARM,
    SHORT_NS,
    Effects,
    Floats,
    Process,
    check_arms,
    effects,
    length_ns,
    planted_in,
    typical_seconds,
)
from nanogpt_rs.statistics.builds import share_between, trimmed_over_builds
from nanogpt_rs.statistics.clocks import STRETCH, WAITS, choose_clock, coarse, wall_over_cpu
from nanogpt_rs.statistics.looks import LAST, ONLY, Look, Stage, look_at, wanders
from nanogpt_rs.statistics.plan import LEAST_PROCESSES, Plan, margin_for
from nanogpt_rs.statistics.trimmed import (
    CUT,
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
"""Relative difference past which the control's interval must not reach; else the run is noisy."""
PLANTED_TOLERANCE = 0.01
"""How far off a positive control may read although its interval excludes the planted difference: a
true 5 % must read 4 to 6 %."""
SEED_SPREAD = 3.0
"""How many times wider than the control's the interval must be for the hash seed to rule it. This
is a choice: by chance it happens in under 1 % of runs, which costs time and nothing else."""
BUILDS_SHARE = 0.8
"""Share of the interval's width from which on the spread between builds rules it."""
LEAST_TRIMMED = 16
"""Processes before a width may stop a run in which trimming cut processes that are far off. If an
effect has two values that are equally likely, at most two of twelve processes have the one in 3.9 %
of cases, and at most two of sixteen in 0.4 %."""
SEED_WIDTH = 0.02
"""Half-width above which a spread can come from the seed: with 40 processes it is 2.7 to 4 %."""


def enough(comparisons: Sequence[Comparison], plan: Plan, elapsed: float = 0.0) -> bool:
    """Return whether to stop measuring.

    It looks at widths and at the time alone. Stopping as soon as a difference was significant gave
    19 % false alarms where 5 % were announced; a width knows nothing of the difference. ``looks``
    says when a difference that is certain may end a run earlier.

    Args:
        comparisons: Comparison of each contender, from all processes so far.
        plan: Plan by which they were measured. At least ``plan.least`` processes are needed.
        elapsed: Seconds since the start.
    """
    done = min(
        comparison.processes_used + comparison.processes_dropped for comparison in comparisons
    )
    if done < plan.least:
        return False
    few = done < min(LEAST_TRIMMED, plan.most) and elapsed < plan.seconds
    if few and any(map(trimming_rules, comparisons)):
        return False
    wide = [
        comparison
        for comparison in comparisons
        if not within(comparison.half_width, plan.target)
        and not builds_rule(comparison, plan.target)
    ]
    seconds = plan.seed_seconds if any(map(seed_rules, wide)) else plan.seconds
    return not wide or done >= plan.most or elapsed >= seconds


def look_to_stop_at(
    compared: Callable[[Look], Sequence[Comparison]],
    stage: Stage,
    plan: Plan,
    elapsed: float = 0.0,
    tests: int | None = None,
) -> Look | None:
    """Return the look at which to stop measuring; ``None`` where more processes are needed.

    Args:
        compared: Returns the comparison of each contender at a look, from all processes so far.
        stage: What has been measured so far.
        plan: Plan by which it was measured.
        elapsed: Seconds since the start.
        tests: Number of tests that will be adjusted together. ``None``: these alone.
    """
    if not stage.short and stage.processes >= plan.least:
        last = LAST if stage.may_stop_early else ONLY
        if enough(compared(last), plan, elapsed):
            return last
    look = look_at(stage)
    if look is None:
        return None
    comparisons = compared(look)
    tests = tests or len(comparisons)
    return look if all(settled(comparison, tests) for comparison in comparisons) else None


def within(width: float | None, limit: float) -> bool:
    """Return whether there is a width, and it is at most ``limit``."""
    return width is not None and width <= limit


def trimming_rules(comparison: Comparison) -> bool:
    """Return whether the interval is narrow only because processes that are far off were cut."""
    width = comparison.half_width
    if width is None or len(comparison.ratios) < LEAST_PROCESSES:
        return False
    whole = relative(trimmed(np.log(comparison.ratios), share=0).half_width)
    return whole is not None and whole > max(SEED_SPREAD * width, SEED_WIDTH)


def builds_rule(comparison: Comparison, target: float) -> bool:
    """Return whether more processes would gain little: only more builds would narrow the interval.

    Args:
        comparison: The comparison.
        target: The half-width that is aimed at.
    """
    width, left = comparison.half_width, comparison.build_half_width
    return width is not None and left is not None and left > max(target, width * BUILDS_SHARE)


def seed_rules(comparison: Comparison) -> bool:
    """Return whether the hash seed rules: the interval is far wider than the control's."""
    width, control = comparison.half_width, comparison.control_half_width
    return width is not None and control is not None and width > SEED_SPREAD * control


def compare(
    processes: Sequence[Process],
    contender: int = 2,
    *,
    positive: int | None = None,
    wall_only: Collection[int] = (),
    look: Look = ONLY,
) -> Comparison:
    """Compare one contender with the baseline.

    Args:
        processes: All processes, in any order.
        contender: Index of the contender's arm, 2 or more.
        positive: Index of the positive control's arm: the baseline with more calls in a block.
        wall_only: Indices of the arms that use threads or wait, so that only wall time can judge
            them. An arm that waits in most of its blocks is recognized without this.
        look: What a verdict demands here.

    Raises:
        ValueError: There is no process, they differ in their arms, or an index is not an arm's.
    """
    check_arms(processes, contender, positive)
    planted = None if positive is None else planted_in(processes, positive)
    length = length_ns(processes, contender)
    clock, why, distrust = choose_clock(processes, contender, wall_only, positive)
    clean_only = clock == "wall" and length <= SHORT_NS

    result = Comparison(
        contender=contender,
        verdict="invalid",
        reason=distrust or "",
        margin=margin_for(length),
        clock=clock,
        clock_reason=why,
        processes_used=len(processes),
        processes_dropped=0,
        rounds_used=sum(process.blocks.shape[1] for process in processes),
        rounds_dropped=0,
        wall_over_cpu=wall_over_cpu(processes, (BASELINE, contender), clean_only),
        early=look.early,
    )
    if distrust:
        return result
    contender_effects = effects(processes, contender, clock, clean_only)
    control_effects = effects(processes, CONTROL_ARM, clock, clean_only)
    result = replace(
        result,
        processes_used=contender_effects.values.size,
        processes_dropped=contender_effects.processes_dropped,
        rounds_used=contender_effects.rounds_used,
        rounds_dropped=contender_effects.rounds_dropped,
    )
    if not (contender_effects.values.size and control_effects.values.size):
        return replace(
            result,
            verdict="inconclusive",
            reason="no process had enough rounds in which it was left alone",
        )
    reading = None
    if positive is not None and planted is not None:
        values = effects(processes, positive, clock, clean_only).values
        reading = trimmed(values + planted) if values.size else None
    result = concluded(result, contender_effects, control_effects.values, reading, planted, look)
    chosen = None if result.ratio is None else Ratio(result.ratio, result.interval)
    other = by_other_clock(processes, contender, "cpu" if clock == "wall" else "wall", result)
    return replace(
        result,
        wall=chosen if clock == "wall" else other,
        cpu=chosen if clock == "cpu" else other,
        seconds=(
            typical_seconds(processes, BASELINE, clock),
            typical_seconds(processes, contender, clock),
        ),
    )


def concluded(
    result: Comparison,
    contender_effects: Effects,
    control_values: Floats,
    reading: Trimmed | None,
    planted: float | None,
    look: Look = ONLY,
) -> Comparison:
    """Return a comparison with its verdict, from one effect for each process.

    Args:
        result: The comparison so far.
        contender_effects: The contender's effects.
        control_values: The control's effects, log-ratios of shape (processes,). The control is the
            same code as the baseline, so the build does not matter to it.
        reading: The positive control, by the time of its whole block.
        planted: Log-ratio that the positive control should read.
        look: What a verdict demands here.
    """
    # Trimming would hide a seed or a placement that only one of eight processes has, and so would
    # double how often a few processes agree by chance.
    cut = 0.0 if look.early else CUT
    effect = trimmed_over_builds(contender_effects, cut)
    control = trimmed(control_values, cut)
    if effect.half_width > max(SEED_SPREAD * control.half_width, SEED_WIDTH):
        # What a hash seed or a build does is skewed, and no fault. Trimmed, 33.6 was read where the
        # mean over seeds was 34.1, and 16 of 20 intervals held it.
        effect = trimmed_over_builds(contender_effects, share=0)
    effect = effect._replace(level=look.level)
    margin = math.log1p(result.margin)
    used = bar(control, margin, look)
    verdict, reason = decide(effect, control, margin, reading, planted, look)
    share = share_between(contender_effects)
    if verdict == "inconclusive" and share is not None and share > BUILDS_SHARE:
        reason += "; builds differ by more than processes do, so only more builds would narrow it"
    ratio = shown(effect)
    return replace(
        result,
        verdict=verdict,
        reason=reason,
        ratio=ratio.ratio,
        interval=ratio.interval,
        half_width=relative(effect.half_width),
        build_half_width=None if share is None else relative(effect.half_width * share),
        control=shown(control),
        control_half_width=relative(control.half_width),
        positive_control=shown(reading) if reading else None,
        planted=math.exp(planted) if planted is not None else None,
        margin=math.expm1(used),
        resolves=relative(smallest_found(effect, used)),
        noisy=is_noisy(control),
        p_value=p_different(effect, used),
        ratios=tuple(np.exp(contender_effects.values).tolist()),
        control_ratios=tuple(np.exp(control_values).tolist()),
    )


def by_other_clock(
    processes: Sequence[Process], contender: int, clock: Clock, result: Comparison
) -> Ratio | None:
    """Return the ratio by the clock that was not chosen; ``None`` where that clock cannot tell.

    Args:
        processes: All processes.
        contender: Index of the contender's arm.
        clock: The clock that was not chosen.
        result: The comparison so far, with the reason for the clock that was chosen.
    """
    can_tell = (
        result.clock_reason != WAITS and not coarse(processes, (BASELINE, contender), "cpu")
        if clock == "cpu"
        else within(result.wall_over_cpu, STRETCH)
    )
    if not can_tell:
        return None
    return shown(trimmed_over_builds(effects(processes, contender, clock, False)))


def decide(
    effect: Trimmed,
    control: Trimmed,
    margin: float,
    positive: Trimmed | None = None,
    planted: float | None = None,
    look: Look = ONLY,
) -> tuple[Verdict, str]:
    """Return the verdict and the reason for it. Everything is a logarithm of a ratio.

    ``faster`` and ``slower`` need an interval beyond the margin, or beyond the control's reading if
    that is larger: a run in which the baseline differs from itself by 0.8 % cannot show smaller
    differences. ``equivalent`` needs an interval within the margin alone, and a control within it
    too: a worse run must never make it easier to call things equal. As the 95 % interval lies
    inside, those are two one-sided tests at 2.5 % each.

    Args:
        effect: Effect of the contender.
        control: Effect of the baseline's second arm.
        margin: Margin: log(1.005) or log(1.01).
        positive: Reading of the positive control, by the time of its whole block.
        planted: Log-ratio that the positive control should read.
        look: What a verdict demands here.
    """
    if (fewest := min(effect.processes, control.processes)) < LEAST_PROCESSES:
        few = counted(fewest, "process")
        return "inconclusive", f"{few}, and a verdict takes {LEAST_PROCESSES}"
    if fault := fault_of(control, positive, planted):
        return "invalid", fault
    used = bar(control, margin, look)
    differs = "may differ" if look.early else "differed"
    clears = (
        f"the margin of {percent(used)}"
        if used == max(margin, look.margin)
        else f"the {percent(used)} by which the baseline {differs} from itself"
    )
    if effect.low > used or effect.high < -used:
        verdict: Verdict = "faster" if effect.mean > 0 else "slower"
        reason = f"the interval, {interval_of(effect)}, clears {clears}"
        if look.early:
            reason += f"; measuring stopped early, after {effect.processes} processes"
        return verdict, reason
    if not (-margin <= effect.low and effect.high <= margin and abs(control.mean) <= margin):
        return "inconclusive", f"the interval, {interval_of(effect)}, does not clear {clears}"
    if is_noisy(control):
        return "inconclusive", (
            f"the run is noisy: the baseline against itself gave {interval_of(control)}"
        )
    return "equivalent", (
        f"the interval, {interval_of(effect)}, lies within the margin of {percent(margin)}"
    )


def bar(control: Trimmed, margin: float, look: Look) -> float:
    """Return the log-ratio that an interval must clear.

    Args:
        control: Effect of the baseline's second arm.
        margin: Margin: log(1.005) or log(1.01).
        look: What a verdict demands here.
    """
    itself = max(abs(control.low), abs(control.high)) if look.early else abs(control.mean)
    return max(margin, look.margin, itself)


def settled(comparison: Comparison, tests: int) -> bool:
    """Return whether an early look's comparison is certain, so that measuring may stop.

    Args:
        comparison: The comparison at an early look.
        tests: Number of tests that will be adjusted together. The p-value must be so small that
            Holm's method keeps the verdict whatever the other tests show.
    """
    certain = within(comparison.p_value, LEVEL / tests)
    if not certain or comparison.verdict not in ("faster", "slower"):
        return False
    return not wanders(np.log(comparison.ratios).tolist())


def fault_of(control: Trimmed, positive: Trimmed | None, planted: float | None) -> str | None:
    """Return which control shows that the run cannot be believed; ``None`` if neither does.

    Args:
        control: Effect of the baseline's second arm.
        positive: Reading of the positive control.
        planted: Log-ratio that it should read.
    """
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
    """Return the comparisons of one run with their tests adjusted by Holm's method.

    Intervals stay as they are. A ``faster`` or ``slower`` that does not survive becomes
    ``inconclusive``. An ``invalid`` comparison is no test and does not count. ``equivalent`` is not
    a test of a difference and stays as it is.
    """
    tested = [
        index
        for index, comparison in enumerate(comparisons)
        if comparison.verdict != "invalid" and comparison.p_value is not None
    ]
    p_values = holm([comparisons[index].p_value or 0.0 for index in tested])
    adjusted = dict(zip(tested, p_values, strict=True))
    return [
        survivor(comparison, adjusted.get(index), len(tested))
        for index, comparison in enumerate(comparisons)
    ]


def survivor(comparison: Comparison, p_adjusted: float | None, tests: int) -> Comparison:
    """Return a comparison with its adjusted p-value, and the verdict that this leaves.

    Args:
        comparison: The comparison.
        p_adjusted: Its adjusted p-value; ``None`` where it was not tested.
        tests: Number of tests that were adjusted together.
    """
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
    """Return by how many seconds one call of an arm takes longer than one of another arm.

    Args:
        processes: All processes, in any order.
        arm: Index of the arm.
        beyond: Index of the other arm; ``None`` for the whole time of the first.
        clock: Clock to read.

    Returns:
        The trimmed mean over processes of medians over rounds, and its 95 % interval; ``None``
        instead of the interval where only one process was measured.
    """
    values = []
    for process in processes:
        seconds = process.seconds(arm, clock)
        if beyond is not None:
            seconds = seconds - process.seconds(beyond, clock)
        values.append(float(np.median(seconds)))
    difference = trimmed(values)
    interval = None if math.isinf(difference.error) else (difference.low, difference.high)
    return difference.mean, interval


def is_noisy(control: Trimmed) -> bool:
    """Return whether the control's interval reaches past 1 %."""
    limit = math.log1p(NOISY)
    return not (-limit <= control.low and control.high <= limit)
