"""The self-test's row for rebuilds: states of the sources that do the same, compared in pairs.

Each pair is compared twice: over several builds of both states, and with one build of each, as
other tools compare. Whatever is called different is a false alarm. Every few pairs, the second
state is slower by a known share on top. Instructions are counted in each state, so that a change of
generated code is not taken for a matter of placement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from statistics import median_high

import numpy as np

from nanogpt_rs.measuring import count, no_op, paired
from nanogpt_rs.measuring.builds import LinkedBuild, builds_home, linked_builds
from nanogpt_rs.measuring.measured import Measured
from nanogpt_rs.measuring.no_op import VARIANTS, Variant
from nanogpt_rs.measuring.paired import Arm, Setting
from nanogpt_rs.measuring.run import now
from nanogpt_rs.records.kinds import Other
from nanogpt_rs.records.self_tests import RebuildComparison, SelfTestCounts, SelfTestRebuild
from nanogpt_rs.ruler import corpora, provenance, registry
from nanogpt_rs.ruler.errors import WorkerError

ROW = "rebuilds"
CALLS = "rebuilds, 3 to 300 us"
"""What the row measures, in words."""
IDS = {
    "charset": (
        "rust/std_hashset",
        "rust/ahash",
        "rust/rustc_hash",
        "rust/foldhash",
        "rust/char_hasher",
        "rust/fixed_array",
        "rust/smallvec",
        "rust/bit_table",
    ),
    "encode_array": (
        "rust/ahash",
        "rust/rustc_hash",
        "rust/foldhash",
        "rust/char_hasher",
        "rust/fixed_array",
        "rust/id_table",
    ),
}
"""Implementations that are compared, by task. Those of a task share their processes."""
SEEDED, TIMES_COUNTED = {"rust/std_hashset", "rust/ahash", "rust/foldhash"}, 4
"""Implementations that draw a hash seed in each process, and how often they are counted for it."""
CORPUS, CHARACTERS = "english-64k-ascii", 16_384
BUILDS = 16
SLOWER = (0.02, 0.05)
"""Known slow-downs, as shares of the text's length."""
SLOWER_EVERY = 5
"""Every so many pairs, known slow-downs are compared as well."""
SECONDS = {BUILDS: 10.0, 1: 5.0}
"""Seconds that a task of a pair may take, by the number of builds. Sixteen processes of which each
starts anew need more than eight."""
SLOWER_FACTOR = 1.5
"""How much longer it may take with known slow-downs, which have arms of their own."""


@dataclass(frozen=True)
class Pair:
    """Two states of the sources.

    Attributes:
        number: Number of the pair, from 0.
        older, newer: The two states.
    """

    number: int
    older: Variant
    newer: Variant


def pairs(share: float) -> list[Pair]:
    """Return a share of all pairs; the first need as few states as possible.

    Args:
        share: Share of all pairs, 0 to 1; there is one at least.
    """
    places = sorted(combinations(range(len(VARIANTS)), 2), key=lambda pair: pair[::-1])
    chosen = places[: max(1, round(share * len(places)))]
    return [
        Pair(number, VARIANTS[older], VARIANTS[newer])
        for number, (older, newer) in enumerate(chosen)
    ]


class States:
    """Builds the states of the sources when they are first needed.

    Attributes:
        advance: Called with what is being built.
    """

    def __init__(self, advance: Callable[[str], None]) -> None:
        self.advance = advance
        self.built: dict[str, list[LinkedBuild]] = {}

    def builds(self, state: Variant) -> list[LinkedBuild]:
        """Return ``BUILDS`` builds of a state, after one as the linker would make it by itself.

        A rebuild has the sources of the first state and layouts of its own.

        Raises:
            BuildsError, NoOpError: The state cannot be built here.
        """
        if state.name not in self.built:
            home = builds_home().with_name("no-op")
            source = home / "source"
            no_op.apply(state, source)
            first = BUILDS * state.rebuild + 1
            ordinary = BUILDS * len(VARIANTS) + state.rebuild if state.rebuild else 0
            self.built[state.name] = linked_builds(
                source,
                provenance.source_hash(source),
                state.name,
                [ordinary, *range(first, first + BUILDS)],
                lambda step: self.advance(f"{state.name}: {step}"),
                target=home / "target",
            )
        return self.built[state.name]

    def folder(self, state: Variant) -> Path:
        """Return a folder that stands for a state, where a commit has its wheel."""
        folder = builds_home().with_name("no-op") / f"{VARIANTS.index(state):02}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True)
class Step:
    """What is measured at once: one task of a pair.

    Attributes:
        pair: The two states.
        task: Name of the task.
        builds: Number of builds, ``BUILDS`` or 1.
        slower: Whether the newer state is slower by known shares.
    """

    pair: Pair
    task: str
    builds: int
    slower: bool

    @property
    def key(self) -> tuple[str, str, str, int, bool]:
        """What tells a step from all others of a self-test."""
        return self.pair.older.name, self.pair.newer.name, self.task, self.builds, self.slower


def steps_of(pair: Pair) -> Iterator[Step]:
    """Yield all steps of a pair."""
    for slower in (False, True) if pair.number % SLOWER_EVERY == 0 else (False,):
        for builds in (BUILDS, 1):
            for task in IDS:
                yield Step(pair, task, builds, slower)


def missing(done: Sequence[Other], chosen: Sequence[Pair]) -> list[Step]:
    """Return the steps that are not measured yet.

    Args:
        done: Records of earlier runs.
        chosen: All pairs to compare.
    """
    keys = {
        (record.older, record.newer, record.task, record.builds, record.slower > 0)
        for record in done
        if isinstance(record, SelfTestRebuild)
    }
    return [step for pair in chosen for step in steps_of(pair) if step.key not in keys]


def lacks(done: Sequence[Other], chosen: Sequence[Pair]) -> bool:
    """Return whether any comparison is missing, or a count that can be made here."""
    return bool(missing(done, chosen)) or bool(states_to_count(done, chosen) and can_count())


def can_count() -> bool:
    """Return whether instructions can be counted here."""
    try:
        count.library()
    except count.CountError:
        return False
    return True


def measure(
    chosen: Sequence[Pair],
    condition: str,
    done: Sequence[Other],
    keep: Callable[[Other], None],
    advance: Callable[[str, int, int], None],
) -> None:
    """Measure the steps that are missing, and count instructions where that is possible.

    Args:
        chosen: All pairs to compare.
        condition: Condition of the self-test.
        done: Records of earlier runs.
        keep: Saves a record.
        advance: Called with what is measured, the number of finished steps, and of all steps.

    Raises:
        BuildsError, NoOpError: A state cannot be built here.
        WorkerError: A process gave no answer.
    """
    steps = missing(done, chosen)
    uncounted = states_to_count(done, chosen) if can_count() else []
    total, finished = len(steps) + len(uncounted), 0
    states = States(lambda step: advance(step, finished, total))
    for step in steps:
        over = f"over {step.builds} builds" if step.builds > 1 else "one build"
        names = f"{step.pair.older.name} against {step.pair.newer.name}"
        advance(f"{names}, {step.task}, {over}", finished, total)
        for record in compare(step, condition, states):
            keep(record)
        finished += 1
    for state in uncounted:
        advance(f"{state.name}: counting instructions", finished, total)
        keep(counts(state, condition, states))
        finished += 1


def states_to_count(done: Sequence[Other], chosen: Sequence[Pair]) -> list[Variant]:
    """Return the states of some pairs whose instructions are not counted yet; a rebuild has none.

    Args:
        done: Records of earlier runs.
        chosen: All pairs to compare.
    """
    counted = {record.state for record in done if isinstance(record, SelfTestCounts)}
    states = dict.fromkeys(state for pair in chosen for state in (pair.older, pair.newer))
    return [state for state in states if state.name not in counted and not state.rebuild]


def compare(step: Step, condition: str, states: States) -> list[SelfTestRebuild]:
    """Compare all implementations of a task across a pair of states.

    Returns:
        One record for each known slow-down, or the only one where there is none.

    Args:
        step: What to measure.
        condition: Condition of the self-test.
        states: Builds the states.

    Raises:
        BuildsError, NoOpError: A state cannot be built here.
        WorkerError: A process gave no answer.
    """
    pair, task = step.pair, step.task
    chosen = slice(0, 1) if step.builds == 1 else slice(1, None)
    both = (pair.older, pair.newer)
    sides = {str(states.folder(state)): states.builds(state)[chosen] for state in both}
    old, new = sides
    shares = SLOWER if step.slower else (0.0,)
    arms, wanted = arms_of(step, old, new, shares)

    def is_done(measured: Measured) -> bool:
        return measured.enough([(arm, first) for _, _, first, arm in wanted])

    measured = paired.measure(
        Setting(task, CORPUS, "warm", builds=sides),
        arms,
        is_done,
        lambda _: None,
        budget=SECONDS[step.builds] * (SLOWER_FACTOR if step.slower else 1),
    )
    if measured.wrong:
        raise WorkerError(f"an answer is wrong: {measured.wrong}")
    others = [process.others for process in measured.processes if process.others is not None]
    record = SelfTestRebuild(
        condition=condition,
        row=ROW,
        task=task,
        older=pair.older.name,
        newer=pair.newer.name,
        kinds=(pair.older.kind, pair.newer.kind),
        slower=0.0,
        builds=measured.build_count,
        corpus=CORPUS,
        sha256=corpora.load(CORPUS).sha256,
        characters=CHARACTERS,
        at=now(),
        seconds=measured.seconds,
        others=median_high(others) if others else None,
        processes=len(measured.processes),
        comparisons=(),
    )
    return [
        replace(
            record,
            slower=share,
            comparisons=tuple(
                comparison_of(measured, id, first, arm)
                for id, planted, first, arm in wanted
                if planted == share
            ),
        )
        for share in shares
    ]


def arms_of(
    step: Step, old: str, new: str, shares: Sequence[float]
) -> tuple[list[Arm], list[tuple[str, float, int, int]]]:
    """Return the arms of a step: for each implementation the older state's twice, then the newer's.

    Args:
        step: What to measure.
        old: Folder that stands for the older state.
        new: Folder that stands for the newer state.
        shares: Known slow-downs of the newer state; each has an arm.

    Returns:
        The arms, and what to compare: id, slow-down, and the indices of the older and newer arm.
    """
    arms: list[Arm] = []
    wanted = []
    for id in IDS[step.task]:
        first = len(arms)
        same = Arm(id, side=old, characters=CHARACTERS, name=f"{id} {step.pair.older.name}")
        arms += [same, same]
        for share in shares:
            wanted.append((id, share, first, len(arms)))
            name = f"{id} {step.pair.newer.name} {share}"
            slower = round(CHARACTERS * (1 + share))
            arms.append(replace(same, side=new, characters=slower, name=name))
    return arms, wanted


def comparison_of(measured: Measured, id: str, first: int, arm: int) -> RebuildComparison:
    """Return one comparison as a record keeps it, with five digits.

    Args:
        measured: What was measured.
        id: Id of the implementation.
        first: Index of the first state's arm.
        arm: Index of the second state's arm.
    """
    comparison = measured.compare(arm, first)
    spread = spread_of(comparison.ratios) if measured.build_count > 1 else None
    return RebuildComparison(
        id=id,
        verdict=comparison.verdict,
        p_value=short(comparison.p_value),
        ratio=short(comparison.ratio),
        interval=ends(comparison.interval),
        control=ends(comparison.control.interval if comparison.control else None),
        resolves=short(comparison.resolves),
        spread=short(spread),
        control_spread=rounded(spread_of(comparison.control_ratios)),
        seconds=short(comparison.seconds[0] if comparison.seconds else None),
    )


def spread_of(ratios: Sequence[float]) -> float:
    """Return the standard deviation of the logarithms of some ratios; 0 for fewer than two."""
    return float(np.std(np.log(ratios), ddof=1)) if len(ratios) > 1 else 0.0


def short(value: float | None) -> float | None:
    """Return a number with five digits, and ``None`` as it is."""
    return None if value is None else rounded(value)


def ends(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    """Return an interval with five digits, and ``None`` as it is."""
    return None if interval is None else (rounded(interval[0]), rounded(interval[1]))


def rounded(value: float) -> float:
    """Return a number with five significant digits."""
    return float(f"{value:.5g}")


def counts(state: Variant, condition: str, states: States) -> SelfTestCounts:
    """Count the instructions of all implementations in a state.

    Raises:
        BuildsError, NoOpError: The state cannot be built here.
        CountError: Nothing can be counted here.
        WorkerError: A process gave no answer.
    """
    shim = count.library()
    build = str(states.builds(state)[0].folder)
    instructions = {}
    for task, ids in IDS.items():
        for id in ids:
            row, times = registry.find(task, id), TIMES_COUNTED if id in SEEDED else 1
            numbers = [count.count_call(CORPUS, row, shim, build=build)[0] for _ in range(times)]
            instructions[f"{task} {id}"] = tuple(number for number in numbers if number)
    return SelfTestCounts(condition, ROW, state.name, instructions)
