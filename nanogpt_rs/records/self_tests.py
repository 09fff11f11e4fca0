"""The fields of the self-test's records: comparisons whose right answer is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from nanogpt_rs.records.schema import Clock, Meanwhile, Verdict

SAME = "same"
"""Name of the contender that is the baseline once more: calling it different is a false alarm."""


@dataclass(frozen=True)
class SelfTestContender:
    """The end of one comparison in a group.

    Attributes:
        name: ``SAME`` for the baseline itself, a planted slow-down as a share such as ``0.02``, or
            the id of another implementation.
        planted: Ratio that is right by construction: the baseline's time divided by the
            contender's; ``None`` for another implementation.
        verdict: Verdict of the comparison.
        ratio: Ratio that was read; ``None`` where neither clock could judge.
        interval: 95 % interval of ``ratio``.
        control: 95 % interval of the baseline's ratio to itself.
        resolves: Smallest relative difference that such a comparison finds in 80 % of cases.
        clock: Clock that judged.
        call: Seconds of one call of the baseline; ``None`` where neither clock could judge.
        processes: Number of processes after which a comparison of this contender alone would stop.
        alone_seconds: Seconds that a comparison of this contender alone would have taken.
        early: Whether the verdict was given before the planned precision was reached. No
            comparison before December 2026 could end so.
    """

    name: str
    planted: float | None
    verdict: Verdict
    ratio: float | None
    interval: tuple[float, float] | None
    control: tuple[float, float] | None
    resolves: float | None
    clock: Clock
    call: float | None
    processes: int
    alone_seconds: float
    early: bool = False


@dataclass(frozen=True)
class SelfTestGroup:
    """A group: one function compared with itself and, in the same rounds, with slow-downs.

    Attributes:
        condition: ``as-is``, or ``loaded`` where a busy loop shared the core.
        row: Name of the self-test's row, which says how long calls are.
        task: Name of the task.
        id: Id of the baseline.
        corpus: Id of the corpus that the text was repeated or cut from.
        sha256: SHA-256 of the whole corpus, in hexadecimal.
        characters: Length of the baseline's text in characters.
        at: Time at which the group was finished, in UTC, as ISO 8601 writes it.
        seconds: Seconds that the whole group took.
        others: Share of the machine, 0 to 1, that other programs used: the median over processes;
            ``None`` where the system does not tell.
        rounds: Number of rounds in each process.
        calls: Number of calls in a block of the baseline.
        contenders: Comparisons of the group.
    """

    condition: str
    row: str
    task: str
    id: str
    corpus: str
    sha256: str
    characters: int
    at: str
    seconds: float
    others: float | None
    rounds: int
    calls: int
    contenders: tuple[SelfTestContender, ...]


@dataclass(frozen=True)
class SelfTestRivals:
    """Judgements by other tools on the functions of one group.

    Attributes:
        condition: ``as-is`` or ``loaded``, as in ``SelfTestGroup``.
        row: Name of the self-test's row.
        task: Name of the task.
        id: Id of the baseline.
        characters: Length of the baseline's text in characters.
        at: Time at which the tools were done, in UTC, as ISO 8601 writes it.
        rivals: For each tool and each contender's name: ``same``, ``slower`` or ``faster``.
    """

    condition: str
    row: str
    task: str
    id: str
    characters: int
    at: str
    rivals: dict[str, dict[str, str]]


@dataclass(frozen=True)
class SelfTestSeeds:
    """The true ratio of a row whose answer depends on the hash seed: its mean over many seeds.

    Attributes:
        condition: ``as-is`` or ``loaded``, as in ``SelfTestGroup``.
        row: Name of the self-test's row.
        bank: Number of processes, each with a hash seed of its own.
        mean: Mean over processes of log(baseline / other implementation).
        error: Standard error of ``mean``.
        spread: Standard deviation over processes.
    """

    condition: str
    row: str
    bank: int
    mean: float
    error: float
    spread: float


@dataclass(frozen=True)
class RebuildComparison:
    """One implementation, compared across two states of the sources that do the same.

    Attributes:
        id: Id of the implementation.
        verdict: Verdict, not adjusted for the other implementations of the pair.
        p_value: Its p-value, not adjusted.
        ratio: Ratio that was read; ``None`` where neither clock could judge.
        interval: 95 % interval of ``ratio``.
        control: 95 % interval of the first state's ratio to itself.
        resolves: Smallest relative difference that such a comparison finds in 80 % of cases.
        spread: Standard deviation of the log-ratio over builds; ``None`` with one build.
        control_spread: Standard deviation of the control's log-ratio over processes.
        seconds: Seconds of one call in the first state.
    """

    id: str
    verdict: Verdict
    p_value: float | None
    ratio: float | None
    interval: tuple[float, float] | None
    control: tuple[float, float] | None
    resolves: float | None
    spread: float | None
    control_spread: float
    seconds: float | None


@dataclass(frozen=True)
class SelfTestRebuild:
    """Two states of the sources that do the same, compared in one task.

    Attributes:
        condition: ``as-is`` or ``loaded``, as in ``SelfTestGroup``.
        row: Name of the self-test's row.
        task: Name of the task.
        older, newer: Names of the two states.
        kinds: Kinds of change by which the two states came about from the same sources.
        slower: Known slow-down of the newer state, as a share of the text's length: 0, 0.02 or
            0.05.
        builds: Number of builds of each state that processes drew from.
        corpus: Id of the corpus that the text was repeated or cut from.
        sha256: SHA-256 of the whole corpus, in hexadecimal.
        characters: Length of the text in characters, without a slow-down.
        at: Time at which the pair was finished, in UTC, as ISO 8601 writes it.
        seconds: Seconds that the pair took.
        others: Share of the machine, 0 to 1, that other programs used: the median over processes;
            ``None`` where the system does not tell.
        processes: Number of processes.
        comparisons: The comparisons, one for each implementation.
    """

    condition: str
    row: str
    task: str
    older: str
    newer: str
    kinds: tuple[str, str]
    slower: float
    builds: int
    corpus: str
    sha256: str
    characters: int
    at: str
    seconds: float
    others: float | None
    processes: int
    comparisons: tuple[RebuildComparison, ...]


@dataclass(frozen=True)
class SelfTestCounts:
    """Instructions that one call of each implementation executes in a state of the sources.

    Attributes:
        condition: ``as-is`` or ``loaded``, as in ``SelfTestGroup``.
        row: Name of the self-test's row.
        state: Name of the state.
        instructions: Numbers of instructions, by task and id with a space between. There are
            several for an implementation that draws a hash seed, and none where nothing can be
            counted.
    """

    condition: str
    row: str
    state: str
    instructions: dict[str, tuple[int, ...]]


ONCE, TWICE = "1", "2"
"""Names of pairs by how many times as fast the second function truly is."""


@dataclass(frozen=True)
class AssertedPair:
    """Two functions of a file, compared with ``compare``'s own settings.

    Attributes:
        name: ``ONCE`` for a function and its copy, ``TWICE`` for twice the work and the work.
        verdict: Verdict of the comparison.
        ratio: Ratio that was read; ``None`` where neither clock could judge.
        interval: Interval of ``ratio``.
        early: Whether the verdict was given before the planned precision was reached.
        processes: Number of processes.
        call: Seconds of one call of the reference; ``None`` where neither clock could judge.
        seconds: Seconds that the comparison took, from its words to its verdict.
        again: Whether ``assert_faster`` had to compare once more, up to the planned precision.
        faster: Whether ``assert_faster`` passes; ``None`` where it is inconclusive.
    """

    name: str
    verdict: Verdict
    ratio: float | None
    interval: tuple[float, float] | None
    early: bool
    processes: int
    call: float | None
    seconds: float
    again: bool
    faster: bool | None


@dataclass(frozen=True)
class SelfTestAssertions:
    """A group of assertions whose right answers are known.

    Attributes:
        condition: ``as-is`` or ``loaded``, as in ``SelfTestGroup``.
        row: Name of the self-test's row.
        case: Name of what the functions compute.
        at: Time at which the group was finished, in UTC, as ISO 8601 writes it.
        by: Factor that was asserted.
        meanwhile: How busy the machine was during the comparisons.
        pairs: The pairs, compared and asserted.
        limit: Seconds below which ``time.perf_counter`` must find a call: the time of twice the
            work, divided by ``by``, as it was once measured.
        within_limit: By the name of a pair, whether one call of its second function was so fast.
        regressed: By the name of a pair, whether pytest-benchmark called the slower function of
            the pair slower than the other; ``None`` where it was not asked.
    """

    condition: str
    row: str
    case: str
    at: str
    by: float
    meanwhile: Meanwhile
    pairs: tuple[AssertedPair, ...]
    limit: float
    within_limit: dict[str, bool]
    regressed: dict[str, bool] | None


SelfTest = (
    SelfTestGroup
    | SelfTestRivals
    | SelfTestSeeds
    | SelfTestRebuild
    | SelfTestCounts
    | SelfTestAssertions
)
"""A record that a self-test makes, of any kind."""
