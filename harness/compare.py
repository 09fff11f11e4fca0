"""The paired comparison: fresh worker processes, rounds of blocks, and what may be said of them.

``benchmarks.rounds`` measures one process's worth; ``harness.verdict`` says what a set of them
means. Between the two this module decides how much to measure, and stops.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.corpora import Corpus
from benchmarks.registry import Implementation
from benchmarks.verification import Verdict, verify_apart
from benchmarks.worker import WorkerError, run_worker
from harness import verdict
from harness.machine import Machine, examine

PADDING_LIMIT = 4096
"""Bytes of environment, at most, by which processes differ: the stack starts elsewhere in each."""
PILOT_ROUNDS = 3
MOST_CONTENDERS = 11
"""With the baseline and its control; more would spread a round over too long a time."""
LEAST_DEADLINE = 60.0
"""Seconds that a worker may take at least; many times what was planned for it."""


class NothingToCompareError(Exception):
    """The baseline or every contender is out; the message says why."""


@dataclass(frozen=True)
class Cell:
    """One contender beside the baseline, on one corpus in one state.

    Attributes:
        task, id, baseline, corpus, sha256, characters, state: what was measured, on what.
        status: ``"right"``, ``"wrong"`` or ``"n/a"``; only what is right has a comparison.
        details: what was wrong, or why it is not applicable.
        comparison: ``harness.verdict.Comparison``, or ``None``.
    """

    task: str
    id: str
    baseline: str
    corpus: str
    sha256: str
    characters: int
    state: str
    status: str
    details: tuple[str, ...] = ()
    comparison: verdict.Comparison | None = None


@dataclass(frozen=True)
class Group:
    """What came of one group of contenders that shared a baseline's rounds.

    Attributes:
        cells: one for each contender, in the order asked for.
        processes: how many worker processes were measured.
        before, after: the machine when it started and when it ended.
    """

    cells: tuple[Cell, ...]
    processes: int
    before: Machine
    after: Machine


def compare(
    baseline: Implementation,
    contenders: Sequence[Implementation],
    name: str,
    corpus: Corpus,
    state: str,
    advance: Callable[[str, float], None],
) -> Group:
    """Measure ``contenders`` beside ``baseline`` until the intervals are narrow enough.

    Args:
        baseline: arm 0 and, once more, arm 1.
        contenders: of the same task; those that are not right are left out, and say why.
        name: what the corpus was asked for by, so that workers find it too.
        corpus: that corpus.
        state: of ``benchmarks.rounds.STATES``.
        advance: called with what is being done and the share, 0 to 1, that is.

    Raises:
        NothingToCompareError: the baseline is not right here, or no contender is.
    """
    before = examine()
    verdicts: dict[str, Verdict] = {}
    for row in (baseline, *contenders):
        advance(f"verify {row.id}", 0.0)
        verdicts[row.id] = verify_apart(row, name)
    if verdicts[baseline.id].status != "right":
        raise NothingToCompareError(f"the baseline: {said(verdicts[baseline.id])}")
    racing = [row for row in contenders if verdicts[row.id].status == "right"]
    if not racing:
        raise NothingToCompareError("; ".join(said(verdicts[row.id]) for row in contenders))
    comparisons, processes, wrong = measure(baseline, racing, name, state, advance)
    cells = []
    for row in contenders:
        found = verdicts[row.id]
        status, details = found.status, found.details
        if row.id in wrong:
            status, details = "wrong", (wrong[row.id],)
        cells.append(
            Cell(
                task=row.task,
                id=row.id,
                baseline=baseline.id,
                corpus=corpus.id,
                sha256=corpus.sha256,
                characters=len(corpus.text),
                state=state,
                status=status,
                details=details,
                comparison=comparisons.get(row.id) if status == "right" else None,
            )
        )
    return Group(tuple(cells), processes, before, examine())


def said(found: Verdict) -> str:
    """Return a verdict of verification as one line."""
    return f"{found.task} {found.id} is {found.status}: {'; '.join(found.details)}"


def measure(
    baseline: Implementation,
    contenders: Sequence[Implementation],
    name: str,
    state: str,
    advance: Callable[[str, float], None],
) -> tuple[dict[str, verdict.Comparison], int, dict[str, str]]:
    """Run workers until ``harness.verdict.enough``.

    Returns:
        The comparison of each contender by its id, the number of processes, and by id what was
        wrong in the end with a contender that had been right.

    Raises:
        NothingToCompareError: a worker ended without an answer, or the baseline came out wrong.
    """
    ids = [baseline.id, baseline.id, *(row.id for row in contenders)]
    order = {"task": baseline.task, "corpus": name, "state": state}

    def run(arms: Sequence[dict[str, Any]], rounds: int, warm_up: int, seconds: float) -> Any:
        done = {**order, "arms": arms, "rounds": rounds, "warm_up_rounds": warm_up}
        seed = random.randrange(2**32)  # noqa: S311
        padding = {"NANOGPT_RS_PADDING": "x" * random.randrange(PADDING_LIMIT)}  # noqa: S311
        deadline = max(LEAST_DEADLINE, 20 * seconds)
        try:
            return run_worker("rounds", done | {"seed": seed}, deadline, padding)
        except WorkerError as error:
            raise NothingToCompareError(f"a worker process {error}") from None

    advance("pilot", 0.0)
    pilot = run([{"id": id, "calls": 1} for id in ids], PILOT_ROUNDS, 1, tasks_deadline(ids))
    seconds = [min(block[0] for block in blocks) / 1e9 for blocks in pilot["blocks"]]
    plan = verdict.plan([*seconds, seconds[0]], seed_differs=False)
    arms = [{"id": id, "calls": calls} for id, calls in zip(ids, plan.calls, strict=False)]
    positive = None
    if plan.positive_calls is not None:
        positive = len(arms)
        arms.append({"id": baseline.id, "calls": plan.positive_calls})
    threads = [2 + index for index, row in enumerate(contenders) if "parallel" in row.marks]
    if "parallel" in baseline.marks:
        threads += [verdict.BASELINE, verdict.AGAIN]

    processes: list[verdict.Process] = []
    wrong: dict[str, str] = {}
    while True:
        advance("measure", min(1.0, len(processes) / plan.least))
        answer = run(arms, plan.rounds, plan.warm_up_rounds, plan.process_seconds)
        wrong |= answer["wrong"]
        if baseline.id in wrong:
            raise NothingToCompareError(f"the baseline {baseline.id}: {wrong[baseline.id]}")
        processes.append(verdict.Process(answer["blocks"], answer["others"]))
        comparisons = {
            row.id: verdict.compare(processes, 2 + index, positive=positive, wall_only=threads)
            for index, row in enumerate(contenders)
        }
        if verdict.enough(list(comparisons.values()), plan):
            return comparisons, len(processes), wrong


def tasks_deadline(ids: Sequence[str]) -> float:
    """Return how long, in seconds, a pilot may be expected to take: nothing is known yet."""
    return 3.0 * len(ids)
