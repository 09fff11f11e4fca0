"""The main job: verify every contender, time those that are right, set them beside the baseline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from benchmarks.corpora import Corpus, own_copy
from benchmarks.registry import REGISTRY, Implementation
from benchmarks.tasks import TASKS
from benchmarks.verification import Verdict, verify_apart
from harness.timing import ROUNDS, median_seconds


@dataclass(frozen=True)
class Cell:
    """One implementation on one corpus.

    Attributes:
        task: the task's name.
        id: the implementation's.
        corpus: the corpus's id.
        sha256: the corpus's hash.
        characters: the corpus's length.
        status: ``"right"``, ``"wrong"`` or ``"n/a"``; only what is right has a time.
        details: what was wrong, or why it is not applicable.
        state: how each call found its text; one of ``benchmarks.rounds.STATES``.
        seconds: median of one call.
        build_seconds: median of building what is called, where the task has such a step.
        baseline: id of what the lecture wrote for this task.
        ratio: the baseline's time over this one's; above 1 is faster.
        strongest: id of the strongest Python for this task and the corpus's width.
        ratio_to_strongest: its time over this one's.
    """

    task: str
    id: str
    corpus: str
    sha256: str
    characters: int
    status: str
    details: tuple[str, ...]
    state: str | None = None
    seconds: float | None = None
    build_seconds: float | None = None
    baseline: str | None = None
    ratio: float | None = None
    strongest: str | None = None
    ratio_to_strongest: float | None = None


def with_baselines(rows: Sequence[Implementation], widths: Collection[str]) -> list[Implementation]:
    """Return ``rows`` and what they are set beside, in the registry's order.

    Args:
        rows: what was asked for.
        widths: of the corpora they will be timed on.
    """
    tasks = {row.task for row in rows}
    references = {"baseline", *map(strongest_mark, widths)}
    return [
        row for row in REGISTRY if row in rows or (row.task in tasks and row.marks & references)
    ]


def strongest_mark(width: str) -> str:
    """Return the mark of the strongest Python for texts of this width."""
    return f"strongest:{width}"


def steps(
    rows: Sequence[Implementation], corpora: Collection[Corpus], states: Collection[str]
) -> int:
    """Return how often ``bench`` will call ``advance``, at most."""
    timings = sum(len(states) + (TASKS[row.task].build is not None) for row in rows)
    return len(corpora) * (len(rows) + timings * ROUNDS)


def bench(
    rows: Sequence[Implementation],
    corpora: Sequence[tuple[str, Corpus]],
    states: Sequence[str],
    advance: Callable[[str], None],
) -> list[Cell]:
    """Verify and time ``rows`` on each corpus in each state.

    Args:
        rows: as ``with_baselines`` returns them.
        corpora: each with the name it was asked for, by which a worker process loads it again.
        states: of ``benchmarks.rounds.STATES``.
        advance: called with what is being done after each step of it.
    """
    cells = []
    for name, corpus in corpora:
        for task in dict.fromkeys(row.task for row in rows):
            contenders = [row for row in rows if row.task == task]
            verdicts = {}
            for row in contenders:
                verdicts[row.id] = verify_apart(row, name)
                advance(f"verify {task} {row.id}")
            right = [row for row in contenders if verdicts[row.id].status == "right"]
            cells += time_right(right, corpus, states, advance)
            cells += [
                failed(verdict, corpus)
                for verdict in verdicts.values()
                if verdict.status != "right"
            ]
    return cells


def time_right(
    rows: Sequence[Implementation],
    corpus: Corpus,
    states: Sequence[str],
    advance: Callable[[str], None],
) -> list[Cell]:
    """Time verified rows of one task on one corpus, the fastest first in each state."""
    if not rows:
        return []
    task = TASKS[rows[0].task]
    functions = {row.id: row.resolve() for row in rows}
    building: dict[str, float] = {}
    if task.build is not None:
        builds = {id: task.build(function, corpus.text) for id, function in functions.items()}
        building = median_seconds(
            builds, "warm", task.renew, lambda: advance(f"time building for {task.name}")
        )
    strongest = marked(rows, strongest_mark(corpus.width))
    baseline = marked(rows, "baseline")
    # Each contender owns its text: one that makes CPython cache the UTF-8 form pays for it itself.
    calls = {id: task.call(function, own_copy(corpus.text)) for id, function in functions.items()}
    cells = []
    for state in states:
        doing = f"time {task.name} on {corpus.id}, {state}"
        seconds = median_seconds(calls, state, task.renew, lambda: advance(doing))  # noqa: B023
        cells += [
            Cell(
                task=task.name,
                id=id,
                corpus=corpus.id,
                sha256=corpus.sha256,
                characters=len(corpus.text),
                status="right",
                details=(),
                state=state,
                seconds=seconds[id],
                build_seconds=building.get(id),
                baseline=baseline,
                ratio=seconds[baseline] / seconds[id] if baseline else None,
                strongest=strongest,
                ratio_to_strongest=seconds[strongest] / seconds[id] if strongest else None,
            )
            for id in sorted(seconds, key=lambda id: seconds[id])
        ]
    return cells


def marked(rows: Sequence[Implementation], mark: str) -> str | None:
    """Return the id of the row with this mark, if one is there."""
    return next((row.id for row in rows if mark in row.marks), None)


def failed(verdict: Verdict, corpus: Corpus) -> Cell:
    """Return the cell of a contender that may not be timed."""
    return Cell(
        task=verdict.task,
        id=verdict.id,
        corpus=corpus.id,
        sha256=corpus.sha256,
        characters=len(corpus.text),
        status=verdict.status,
        details=verdict.details,
    )
