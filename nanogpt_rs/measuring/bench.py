"""The main job: verify every contender, measure the right ones, say what they are against others.

A *job* is one task on one corpus in one state. Its contenders share a reference's rounds in groups;
what crashes or hangs there is named, left out, and the group begins again without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median_high
from typing import Any, Protocol

from nanogpt_rs.measuring import paired
from nanogpt_rs.measuring.machine import MachineWatch
from nanogpt_rs.measuring.paired import Arm, Course, Measured
from nanogpt_rs.records.schema import LECTURE, STRONGEST, Against, Cell
from nanogpt_rs.ruler import registry, rounds
from nanogpt_rs.ruler.corpora import Corpus, sha256
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.verification import Proof, verify_apart
from nanogpt_rs.ruler.worker import WorkerError
from nanogpt_rs.statistics import plan
from nanogpt_rs.statistics.adjusted import adjusted

VERIFY_SECONDS = 0.8
"""What proving one implementation takes, about; the estimate of a run's length needs no more."""
GROUP_SECONDS = 5.0
"""What a group takes beyond its budget, about: to prepare a worker, its last round, to keep it."""
LONE_SECONDS = 4.0
"""For which an implementation is called alone to see whether it crashes alone."""
ARM_CHARACTER_SECONDS = 1.5e-8
"""What a call takes for each character, about, on average over all that is registered."""

Advance = Callable[[str, float], None]
"""Called with what is being done, and how many of the estimated seconds that takes off."""


@dataclass(frozen=True)
class Contest:
    """One task on one corpus in one state.

    Attributes:
        name: what the corpus was asked for by, so that workers find it too.
        corpus: that corpus.
        state: of ``nanogpt_rs.ruler.rounds.STATES``, or ``BUILD``.
        references: by role, the rows that the others are set against.
        contenders: rows of the task, references among them or not.
        budget: seconds after which a group stops; ``None`` for what its calls deserve.
    """

    name: str
    corpus: Corpus
    state: str
    references: dict[str, Implementation]
    contenders: tuple[Implementation, ...]
    budget: float | None = None

    @property
    def task(self) -> str:
        """The task's name."""
        return self.contenders[0].task

    def cell(self, row: Implementation) -> Cell:
        """Return the cell of a contender, before anything is known of it but that it is right."""
        return Cell(
            task=row.task,
            id=row.id,
            corpus=self.corpus.id,
            sha256=self.corpus.sha256,
            characters=len(self.corpus.text),
            width=self.corpus.width,
            state=self.state,
            status="right",
            limit=is_limit(row),
            origin=str(row.origin) if row.origin else None,
        )

    def groups(self) -> int:
        """Return how many groups there are at most."""
        others = [row for row in self.contenders if row not in self.references.values()]
        return self.groups_of(len(others))

    def groups_of(self, others: int) -> int:
        """Return how many groups so many contenders beside the references make."""
        return max(1, -(-others // self.room()))

    def room(self) -> int:
        """Return how many contenders a group has room for beside the references."""
        return paired.MOST_CONTENDERS + 1 - max(1, len(set(self.references.values())))

    def seconds(self) -> float:
        """Return about how long it will take, proofs apart."""
        if self.budget is None:
            return 20.0 * self.groups()
        arms = 2 * len(self.references) + min(len(self.contenders), self.room())
        round = arms * len(self.corpus.text) * ARM_CHARACTER_SECONDS
        least = plan.LEAST_PROCESSES * (plan.START_UP_SECONDS + 2 * round)
        return self.groups() * (GROUP_SECONDS + max(self.budget, least))


def contests_of(
    rows: Sequence[Implementation],
    corpora: Sequence[tuple[str, Corpus]],
    states: Sequence[str],
    budget: float | None,
    build: bool = True,
) -> list[Contest]:
    """Return what there is to do for these rows, beside their references and their limits.

    Args:
        rows: what was asked for.
        corpora: each with the name it was asked for.
        states: of ``ruler.rounds.STATES``, of which a task has those that apply to it; where
            one builds what is called, that is a further job for each corpus.
        budget: seconds for a group.
        build: whether that further job is wanted.
    """
    jobs = []
    for name, corpus in corpora:
        for task in dict.fromkeys(row.task for row in rows):
            references = references_of(task, corpus.width)
            beside = {*references.values(), *limits_of(task)}
            known = [row for row in registry.rows() if row.task == task]
            mine = [row for row in known if row in rows or row in beside]
            building = [rounds.BUILD] if build and TASKS[task].build is not None else []
            for state in (
                *(each for each in states if rounds.applies(TASKS[task], each)),
                *building,
            ):
                # Nothing limits the making of what is called.
                taken = [row for row in mine if state != rounds.BUILD or not is_limit(row)]
                jobs.append(Contest(name, corpus, state, references, tuple(taken), budget))
    return jobs


def limits_of(task: str) -> list[Implementation]:
    """Return the limits that are measured beside the contenders for a task."""
    return [row for row in registry.rows() if row.task == task and is_limit(row)]


def is_limit(row: Implementation) -> bool:
    """Return whether a row is a limit: measured beside the others, never ranked."""
    return "limit" in row.marks


def references_of(task: str, width: str) -> dict[str, Implementation]:
    """Return by role what the rows of a task are set against on texts of this width."""
    marks = {LECTURE: "baseline", STRONGEST: f"strongest:{width}"}
    found = {
        role: next((row for row in registry.rows() if row.task == task and mark in row.marks), None)
        for role, mark in marks.items()
    }
    return {role: row for role, row in found.items() if row is not None}


def estimate(jobs: Sequence[Contest]) -> float:
    """Return about how many seconds these jobs take."""
    return len(proofs_of(jobs)) * VERIFY_SECONDS + sum(job.seconds() for job in jobs)


def plan_of(jobs: Sequence[Contest]) -> str:
    """Return a hash of what there is to do, by which a request is known again."""
    words = [
        [job.task, job.corpus.id, job.corpus.sha256, job.state, job.budget]
        + [row.id for row in job.contenders]
        for job in jobs
    ]
    return sha256(json.dumps(words).encode())


def proofs_of(jobs: Sequence[Contest]) -> list[tuple[Implementation, str]]:
    """Return each row with each corpus that it must be right on, once."""
    return list(dict.fromkeys((row, job.name) for job in jobs for row in job.contenders))


class Keeper(Protocol):
    """What is told of finished cells, so that they outlive whatever comes after."""

    cells: list[Cell]
    """Those that were finished before."""

    def keep(self, cells: Sequence[Cell]) -> None:
        """Keep finished cells."""

    def keep_blocks(self, name: str, measured: Measured) -> None:
        """Keep the raw blocks of a group of this name."""


def bench(jobs: Sequence[Contest], advance: Advance, keeper: Keeper) -> list[Cell]:
    """Verify and measure job by job; what the keeper has already is left as it is.

    Returns:
        The cells, in the order of the jobs, the fastest first; tests are adjusted by Holm over all
        of them where there is more than one, intervals are not.
    """
    proofs: dict[tuple[str, str, str], Proof] = {}

    def prove(row: Implementation, name: str) -> Proof:
        if (found := proofs.get((row.task, row.id, name))) is None:
            found = proofs[row.task, row.id, name] = verify_apart(row, name)
            advance(f"verify {row.task} {row.id} on {name}", VERIFY_SECONDS)
        return found

    for job in jobs:
        done = {cell.key for cell in keeper.cells}
        missing = [row for row in job.contenders if job.cell(row).key not in done]
        if missing:
            measure_contest(job, missing, prove, advance, keeper)
        else:
            advance(f"{job.task} on {job.corpus.id}, {job.state}: done before", job.seconds())
    order = {job.cell(row).key: place for place, job in enumerate(jobs) for row in job.contenders}
    return adjusted(
        sorted(
            (cell for cell in keeper.cells if cell.key in order),
            key=lambda cell: (order[cell.key], cell.seconds is None, cell.seconds or 0.0),
        )
    )


def measure_contest(
    job: Contest,
    missing: Sequence[Implementation],
    prove: Callable[[Implementation, str], Proof],
    advance: Advance,
    keeper: Keeper,
) -> None:
    """Measure what is missing of one job.

    Args:
        job: what to measure.
        missing: its contenders that have no cell yet.
        prove: verifies a row on the corpus of a name.
        advance: told of the progress.
        keeper: told of each cell as soon as it is finished.
    """
    needed = dict.fromkeys((*job.references.values(), *missing))
    proofs = {row: prove(row, job.name) for row in needed}
    faulty = [row for row in missing if proofs[row].status != "right"]
    keeper.keep(
        [
            replace(job.cell(row), status=proofs[row].status, details=proofs[row].details)
            for row in faulty
        ]
    )
    references = {
        role: row for role, row in job.references.items() if proofs[row].status == "right"
    }
    waiting = [row for row in missing if row not in faulty]
    others = [row for row in waiting if row not in references.values()]
    count = job.groups_of(len(others))
    share = job.seconds() / job.groups()
    for index in range(count):
        doing = f"{job.task} on {job.corpus.id}, {job.state}: group {index + 1} of {count}"
        mine = others[index::count]
        if not (mine or any(row in waiting for row in references.values())):
            break
        found, broken = run_group(job, references, mine, lambda: advance(doing, 0), keeper)  # noqa: B023
        advance(doing, share)
        references = {role: row for role, row in references.items() if row not in broken}
        # A reference keeps what its first group said.
        finished = [row for row in (*found, *broken) if row in waiting]
        keeper.keep(
            [
                replace(job.cell(row), status="wrong", details=broken[row])
                if row in broken
                else replace(job.cell(row), **found[row])
                for row in finished
            ]
        )
        waiting = [row for row in waiting if row not in finished]


CellFields = dict[str, Any]
"""What a group's rounds say of one row: fields of its ``Cell``."""
Faults = dict[Implementation, tuple[str, ...]]


def run_group(
    job: Contest,
    references: dict[str, Implementation],
    others: Sequence[Implementation],
    tick: Callable[[], None],
    keeper: Keeper,
) -> tuple[dict[Implementation, CellFields], Faults]:
    """Measure a group until nothing in it breaks.

    Returns:
        What came of each row, and what was wrong with those that broke.
    """
    faults: Faults = {}
    watchful = False
    while True:
        watch = MachineWatch()
        alive = {role: row for role, row in references.items() if row not in faults}
        rest = [row for row in others if row not in faults]
        if not (alive or rest):
            return {}, faults
        # Without a reference, the first contender's rounds are shared, and nothing is compared.
        firsts = list(dict.fromkeys(alive.values())) or rest[:1]
        rows = [row for row in firsts for _ in range(2)]
        rows += [row for row in rest if row not in firsts]
        arms = [paired.arm_of(row) for row in rows]
        pairs = [
            (role, rows.index(reference), index)
            for role, reference in alive.items()
            for index, row in enumerate(rows)
            if row != reference and rows.index(row) == index
        ]
        try:
            measured = run_arms(job, arms, pairs, tick, watchful=watchful)
        except WorkerError as error:
            if error.arm is None and not (error.crashed or watchful):
                watchful = True  # seen at the end, it was somebody's doing: see whose
                continue
            faults |= blamed(job, rows, error)
            watchful = False
            continue
        for row in rows:
            if row.id in measured.wrong:
                faults[row] = (measured.wrong[row.id],)
        meanwhile = watch.so_far()
        keeper.keep_blocks(f"{job.task}-{job.state}", measured)
        found = outcomes_of(rows, measured, pairs, faults)
        return {row: outcome | {"meanwhile": meanwhile} for row, outcome in found.items()}, faults


def blamed(job: Contest, rows: Sequence[Implementation], error: WorkerError) -> Faults:
    """Return which rows are to blame for the end of a process that they shared.

    The one that was being called, as a rule. But what a kernel wrote where it should not have can
    kill a later call of another: after a crash, and where no call is known, each is called alone,
    and to blame is whoever ends in the same way there.
    """
    named = rows[error.arm] if error.arm is not None and error.arm < len(rows) else None
    alone: Faults = {}
    if named is None or error.crashed:
        suspects = dict.fromkeys(([named] if named else []) + list(rows))
        for row in suspects:
            try:
                arms = [paired.arm_of(row)] * 2
                run_arms(replace(job, budget=LONE_SECONDS), arms, (), lambda: None)
            except WorkerError as other:
                alone[row] = (said_of(other),)
                if row == named:
                    break
    if alone:
        return alone
    if named is not None:
        besides = ", beside others and not alone" if error.crashed else ""
        return {named: (said_of(error) + besides,)}
    return dict.fromkeys(rows, (f"{said_of(error)}, and none of its group did so alone",))


def said_of(error: WorkerError) -> str:
    """Return what a record says of a worker's end."""
    return f"a worker process {error}"


def run_arms(
    job: Contest,
    arms: Sequence[Arm],
    pairs: Sequence[tuple[str, int, int]],
    tick: Callable[[], None],
    *,
    watchful: bool = False,
) -> Measured:
    """Measure these arms until each pair is told well enough.

    Raises:
        WorkerError: a process gave no answer.
    """

    def done(measured: Measured) -> bool:
        tick()
        if not pairs:
            return True
        return measured.enough([measured.compare(arm, first) for _, first, arm in pairs])

    course = Course(job.task, job.name, job.state, watchful)
    return paired.measure(course, arms, done, lambda *_: tick(), budget=job.budget)


def outcomes_of(
    rows: Sequence[Implementation],
    measured: Measured,
    pairs: Sequence[tuple[str, int, int]],
    faults: Faults,
) -> dict[Implementation, CellFields]:
    """Return what the rounds say of each row that did not break."""
    outcomes: dict[Implementation, CellFields] = {}
    for row in dict.fromkeys(rows):
        if row in faults:
            continue
        cores = measured.cores.get(row.id)
        arm = rows.index(row)
        outcomes[row] = {
            "seconds": measured.seconds_of(arm),
            "quantiles": measured.quantiles_of(arm),
            "cores": median_high(cores) if cores else None,
            "processes": len(measured.processes),
            "against": tuple(
                Against(role, rows[first].id, measured.compare(arm, first))
                for role, first, mine in pairs
                if mine == arm and rows[first] not in faults
            ),
        }
    return outcomes
