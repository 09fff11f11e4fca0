"""The main job: verify every contender, time those that are right, set them beside the baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
        seconds: median of one call.
        build_seconds: median of building what is called, where the task has such a step.
        baseline: id of the task's baseline.
        ratio: the baseline's time over this one's; above 1 is faster.

    """

    task: str
    id: str
    corpus: str
    sha256: str
    characters: int
    status: str
    details: tuple[str, ...]
    seconds: float | None = None
    build_seconds: float | None = None
    baseline: str | None = None
    ratio: float | None = None


def with_baselines(rows: Sequence[Implementation]) -> list[Implementation]:
    """Return ``rows`` and the baseline of each of their tasks, in the registry's order."""
    tasks = {row.task for row in rows}
    return [
        row for row in REGISTRY if row in rows or ("baseline" in row.marks and row.task in tasks)
    ]


def steps(rows: Sequence[Implementation], corpora: Sequence[Corpus]) -> int:
    """Return how often ``bench`` will call ``advance``, at most."""
    timed = sum(2 if TASKS[row.task].build else 1 for row in rows)
    return len(corpora) * (len(rows) + timed * ROUNDS)


def bench(
    rows: Sequence[Implementation],
    corpora: Sequence[tuple[str, Corpus]],
    advance: Callable[[str], None],
) -> list[Cell]:
    """Verify and time ``rows`` on each corpus.

    Args:
        rows: as ``with_baselines`` returns them.
        corpora: each with the name it was asked for, by which a worker process loads it again.
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
            cells += time_right(right, corpus, advance)
            cells += [
                failed(verdict, corpus)
                for verdict in verdicts.values()
                if verdict.status != "right"
            ]
    return cells


def time_right(
    rows: Sequence[Implementation], corpus: Corpus, advance: Callable[[str], None]
) -> list[Cell]:
    """Time verified rows of one task on one corpus, the fastest first."""
    if not rows:
        return []
    task = TASKS[rows[0].task]
    functions = {row.id: row.resolve() for row in rows}
    # Each contender owns its text: one that makes CPython cache the UTF-8 form pays for it itself.
    calls = {id: task.call(function, own_copy(corpus.text)) for id, function in functions.items()}
    seconds = median_seconds(calls, lambda: advance(f"time {task.name} on {corpus.id}"))
    building: dict[str, float] = {}
    if task.build is not None:
        builds = {id: task.build(function, corpus.text) for id, function in functions.items()}
        building = median_seconds(builds, lambda: advance(f"time building for {task.name}"))
    baseline = next((row.id for row in rows if "baseline" in row.marks), None)
    return [
        Cell(
            task=task.name,
            id=id,
            corpus=corpus.id,
            sha256=corpus.sha256,
            characters=len(corpus.text),
            status="right",
            details=(),
            seconds=seconds[id],
            build_seconds=building.get(id),
            baseline=baseline,
            ratio=seconds[baseline] / seconds[id] if baseline else None,
        )
        for id in sorted(seconds, key=lambda id: seconds[id])
    ]


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
