"""How often comparisons of states of the sources that do the same were wrong, and what they found.

Pairs of the same states are not independent: each state is in as many pairs as there are others, so
that one unlucky layout counts in all of them. The bounds are those of independent tries, and too
narrow by what pairs share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nanogpt_rs.records.kinds import Other
from nanogpt_rs.records.self_tests import RebuildComparison, SelfTestCounts, SelfTestRebuild
from nanogpt_rs.statistics.alarms import Count, count
from nanogpt_rs.statistics.counts import same_count

STEADY = 0.02
"""Relative difference of the slowest to the fastest of 16 builds below which a row is steady."""
RANGE_OF_16 = 3.53
"""Expected range of 16 normal values, in standard deviations."""
AS_IT_IS = "as it is"
"""The name and the kind of the state of the sources that all others are made from."""
REBUILD = "rebuild"
"""The kind of a state whose sources are those of the first."""
Counts = Mapping[str, Sequence[int]]
"""Instructions in one state, by task and id: one number for each process that counted."""
Run = tuple[str, str, int]
"""Older state, newer state and number of builds: what one comparison of two commits is."""


@dataclass(frozen=True)
class Found:
    """How often a known slow-down was found.

    Attributes:
        slower: The slow-down, as a share.
        steady: Found among rows whose builds differ by less than ``STEADY``; ``None`` without any.
        other: Found among all other rows; ``None`` without any.
        resolved: Found among comparisons that said they could find it; ``None`` without any.
    """

    slower: float
    steady: Count | None
    other: Count | None
    resolved: Count | None


@dataclass(frozen=True)
class RebuildFinding:
    """What all pairs showed with a number of builds.

    Attributes:
        builds: The number of builds of each state.
        rows: How often a row was called different whose instructions are as many in both states.
            Tests are adjusted for all rows of a pair.
        runs: How often any such row of a pair was called different.
        kinds: The same as ``rows``, by kind of change.
        ids: Number of times that each row was called different, by task and id.
        moved: Number of rows whose instructions differ, although none of their sources changed.
            They are not among ``rows``.
        found: What was found of known slow-downs.
    """

    builds: int
    rows: Count
    runs: Count
    kinds: dict[str, Count]
    ids: dict[str, int]
    moved: int
    found: tuple[Found, ...]


def summarize_rebuilds(records: Sequence[Other]) -> list[RebuildFinding]:
    """Return the findings of all pairs among the records of self-tests, most builds first."""
    compared = [record for record in records if isinstance(record, SelfTestRebuild)]
    counts = {
        record.state: record.instructions
        for record in records
        if isinstance(record, SelfTestCounts)
    }
    numbers = sorted({record.builds for record in compared}, reverse=True)
    steady = steady_rows(compared)
    return [
        finding([record for record in compared if record.builds == number], counts, steady)
        for number in numbers
    ]


def finding(
    compared: Sequence[SelfTestRebuild],
    counts: Mapping[str, Counts],
    steady: set[str],
) -> RebuildFinding:
    """Return what pairs with the same number of builds showed.

    Args:
        compared: The pairs.
        counts: Instructions by state, and by task and id.
        steady: Task and id of the rows whose builds differ little.
    """
    runs: dict[Run, list[SelfTestRebuild]] = {}
    for record in compared:
        if not record.slower:
            runs.setdefault((record.older, record.newer, record.builds), []).append(record)
    called: list[tuple[Run, str, str, bool]] = []
    moved = 0
    for run, parts in runs.items():
        kind = kind_of(parts[0])
        for name, different in different_rows(parts).items():
            if is_moved(counts_of(parts[0], counts), name):
                moved += 1
            else:
                called.append((run, kind, name, different))
    kinds = sorted({kind for _, kind, _, _ in called})
    names = dict.fromkeys(name for _, _, name, _ in called)
    return RebuildFinding(
        builds=compared[0].builds,
        rows=count([different for *_, different in called]),
        runs=count(
            [any(other[3] for other in called if other[0] == run) for run in runs],
        ),
        kinds={
            kind: count([different for _, other, _, different in called if other == kind])
            for kind in kinds
        },
        ids={name: sum(entry[3] for entry in called if entry[2] == name) for name in names},
        moved=moved,
        found=tuple(
            found_of(share, compared, steady)
            for share in sorted({record.slower for record in compared} - {0.0})
        ),
    )


def kind_of(record: SelfTestRebuild) -> str:
    """Return the kind of change between two states, or both kinds where both states have one."""
    kinds = dict.fromkeys(kind for kind in record.kinds if kind != AS_IT_IS)
    return " and ".join(sorted(kinds)) or AS_IT_IS


def different_rows(parts: Sequence[SelfTestRebuild]) -> dict[str, bool]:
    """Return whether each row of a pair was called different, by task and id.

    Args:
        parts: The tasks of one pair. Their tests are adjusted together.
    """
    from nanogpt_rs.statistics.trimmed import LEVEL, holm

    comparisons = named(parts)
    tested = [
        (name, comparison)
        for name, comparison in comparisons
        if comparison.verdict != "invalid" and comparison.p_value is not None
    ]
    adjusted = holm([comparison.p_value or 0.0 for _, comparison in tested])
    survivors = {
        name
        for (name, comparison), p_value in zip(tested, adjusted, strict=True)
        if comparison.verdict in ("faster", "slower") and p_value <= LEVEL
    }
    return {name: name in survivors for name, _ in comparisons}


def named(records: Iterable[SelfTestRebuild]) -> list[tuple[str, RebuildComparison]]:
    """Return all comparisons of some records, each with its task and id."""
    return [
        (f"{record.task} {comparison.id}", comparison)
        for record in records
        for comparison in record.comparisons
    ]


def counts_of(record: SelfTestRebuild, counts: Mapping[str, Counts]) -> list[Counts]:
    """Return the instructions of both states of a pair; fewer where they were not counted."""
    states = (record.older, record.newer)
    names = [  # a rebuild has the sources as they are
        AS_IT_IS if kind == REBUILD else state
        for state, kind in zip(states, record.kinds, strict=True)
    ]
    return [counts[name] for name in names if name in counts]


def is_moved(counts: Sequence[Counts], name: str) -> bool:
    """Return whether a row's instructions differ between two states that were both counted."""
    both = [numbers for instructions in counts if (numbers := instructions.get(name))]
    return len(both) == 2 and not same_count(*both)


def steady_rows(compared: Sequence[SelfTestRebuild]) -> set[str]:
    """Return task and id of the rows whose builds differ by less than ``STEADY``.

    A log-ratio over builds holds the builds of both states, and what processes differ by, which the
    control shows.
    """
    variances: dict[str, list[float]] = {}
    for name, comparison in named(record for record in compared if not record.slower):
        if comparison.spread is not None:
            variance = (comparison.spread**2 - comparison.control_spread**2) / 2
            variances.setdefault(name, []).append(variance)
    return {
        name
        for name, values in variances.items()
        if RANGE_OF_16 * math.sqrt(max(0.0, sum(values) / len(values))) < STEADY
    }


def found_of(share: float, compared: Sequence[SelfTestRebuild], steady: set[str]) -> Found:
    """Return how often a known slow-down was found, as in a run in which one row of all changed.

    Args:
        share: The slow-down.
        compared: All pairs with the same number of builds.
        steady: Task and id of the rows whose builds differ little.
    """
    from nanogpt_rs.statistics.trimmed import LEVEL

    records = [record for record in compared if record.slower == share]
    tests = len({name for name, _ in named(compared)})
    hits: dict[bool, list[bool]] = {True: [], False: []}
    resolved = []
    for name, comparison in named(records):
        p_value = 1.0 if comparison.p_value is None else comparison.p_value
        hit = comparison.verdict == "slower" and p_value * tests <= LEVEL
        hits[name in steady].append(hit)
        if comparison.resolves is not None and comparison.resolves <= share:
            resolved.append(comparison.verdict == "slower")
    return Found(
        share,
        count(hits[True]) if hits[True] else None,
        count(hits[False]) if hits[False] else None,
        count(resolved) if resolved else None,
    )
