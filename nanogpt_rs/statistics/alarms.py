"""How often a self-test's comparisons were wrong, and how often they found a known slow-down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nanogpt_rs.records.kinds import Other
from nanogpt_rs.records.self_tests import (
    SAME,
    SelfTestContender,
    SelfTestGroup,
    SelfTestRivals,
    SelfTestSeeds,
)


@dataclass(frozen=True)
class Count:
    """How often something happened.

    Attributes:
        hits: Number of times that it happened.
        tries: Number of times that it could have happened.
        low, high: 95 % bounds of its probability, after Clopper and Pearson.
    """

    hits: int
    tries: int
    low: float
    high: float


def count(happened: Sequence[bool]) -> Count:
    """Return how often something happened, with exact binomial bounds of its probability.

    Raises:
        ValueError: There was no try.
    """
    from scipy.stats import binomtest

    hits, tries = sum(happened), len(happened)
    bounds = binomtest(hits, tries).proportion_ci(confidence_level=0.95, method="exact")
    return Count(hits, tries, float(bounds.low), float(bounds.high))


@dataclass(frozen=True)
class Finding:
    """Results of one contender of a row, over all its groups.

    Attributes:
        row: Name of the self-test's row.
        contender: Name of the contender: ``SAME``, a slow-down as a share, or an id.
        found: How often the answer was the one in question. For ``SAME``: it was called different.
            For a slow-down: it was called slower. For an id: the interval held the mean over hash
            seeds.
        wrong_sign: Number of times that a slow-down was called faster.
        verdicts: Number of times that each verdict was given.
        reads: Median of the ratios that were read; ``None`` where there is none.
        planted: Median of the true ratios; ``None`` where they are unknown.
        seconds: Seconds that a comparison of this contender alone takes: the median and the 95 %
            quantile.
    """

    row: str
    contender: str
    found: Count
    wrong_sign: int
    verdicts: dict[str, int]
    reads: float | None
    planted: float | None
    seconds: tuple[float, float]


@dataclass(frozen=True)
class RivalFinding:
    """Results of one contender of a row by another tool.

    Attributes:
        tool: Name of the tool.
        row: Name of the self-test's row.
        contender: Name of the contender: ``SAME``, or a slow-down as a share.
        found: How often ``SAME`` was called different, or a slow-down slower.
        wrong_sign: Number of times that a slow-down was called faster.
    """

    tool: str
    row: str
    contender: str
    found: Count
    wrong_sign: int


def summarize(records: Sequence[Other]) -> list[Finding]:
    """Return the findings of all groups among the records of self-tests."""
    import numpy as np

    truth = {
        record.row: float(np.exp(record.mean))
        for record in records
        if isinstance(record, SelfTestSeeds)
    }
    comparisons: dict[tuple[str, str], list[SelfTestContender]] = {}
    for record in records:
        if isinstance(record, SelfTestGroup):
            for contender in record.contenders:
                comparisons.setdefault((record.row, contender.name), []).append(contender)
    return [
        finding_of(row, name, compared, truth.get(row))
        for (row, name), compared in comparisons.items()
    ]


def finding_of(
    row: str, name: str, compared: Sequence[SelfTestContender], truth: float | None
) -> Finding:
    """Return the finding of one contender.

    Args:
        row: Name of the self-test's row.
        name: Name of the contender.
        compared: Its comparisons, one for each group.
        truth: Mean ratio over hash seeds; ``None`` for rows without it.
    """
    import numpy as np

    verdicts = [comparison.verdict for comparison in compared]
    if name == SAME:
        hits = [verdict in ("faster", "slower") for verdict in verdicts]
    elif truth is not None:
        hits = [
            comparison.interval is not None
            and comparison.interval[0] <= truth <= comparison.interval[1]
            for comparison in compared
        ]
    else:
        hits = [verdict == "slower" for verdict in verdicts]
    seconds = np.quantile([comparison.alone_seconds for comparison in compared], [0.5, 0.95])
    ratios = [comparison.ratio for comparison in compared if comparison.ratio is not None]
    planted = [comparison.planted for comparison in compared if comparison.planted is not None]
    return Finding(
        row=row,
        contender=name,
        found=count(hits),
        wrong_sign=verdicts.count("faster") if name != SAME and truth is None else 0,
        verdicts={verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
        reads=float(np.median(ratios)) if ratios else None,
        planted=float(np.median(planted)) if planted else truth,
        seconds=(float(seconds[0]), float(seconds[1])),
    )


def summarize_rivals(records: Sequence[Other]) -> list[RivalFinding]:
    """Return the findings of all groups that other tools judged."""
    words: dict[tuple[str, str, str], list[str]] = {}
    for record in records:
        if isinstance(record, SelfTestRivals):
            for tool, judgements in record.rivals.items():
                for name, word in judgements.items():
                    words.setdefault((tool, record.row, name), []).append(word)
    return [
        RivalFinding(
            tool=tool,
            row=row,
            contender=name,
            found=count([word != "same" if name == SAME else word == "slower" for word in given]),
            wrong_sign=0 if name == SAME else given.count("faster"),
        )
        for (tool, row, name), given in words.items()
    ]
