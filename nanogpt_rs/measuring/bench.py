"""The main benchmark: verify every contender, measure the right ones, compare them with others.

A *contest* is one task on one corpus in one state. Its contenders are measured in groups, and each
group shares the rounds of the references. An implementation that crashes or hangs there is named
and left out, and its group is measured from the start without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median_high
from typing import Any, Protocol

from nanogpt_rs.measuring import paired
from nanogpt_rs.measuring.builds import LinkedBuild
from nanogpt_rs.measuring.machine import MachineWatch
from nanogpt_rs.measuring.measured import Measured
from nanogpt_rs.measuring.paired import Arm, Setting
from nanogpt_rs.records.schema import LECTURE, STRONGEST, Against, Cell
from nanogpt_rs.ruler import registry, rounds, timing
from nanogpt_rs.ruler.corpora import Corpus
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.verification import Proof, verify_apart
from nanogpt_rs.statistics import plan
from nanogpt_rs.statistics.adjusted import adjusted

VERIFY_SECONDS = 0.8
"""Roughly the seconds that it takes to verify one implementation, for estimates only."""
GROUP_SECONDS = 5.0
"""Roughly the seconds that a group takes beyond its budget: starting a worker, finishing its last
round, saving its cells."""
LONE_SECONDS = 4.0
"""Seconds for which an implementation is called on its own to see whether it crashes on its own."""
ARM_CHARACTER_SECONDS = 1.5e-8
"""Roughly the seconds that a call takes per character, averaged over the whole registry."""

FEW_RUST = 4
"""Contenders in Rust that suffice for a first answer. The registry's newest are taken."""

Advance = Callable[[str, float], None]
"""Called with a description of the current step and the number of estimated seconds just done."""
Pair = tuple[str, int, int]
"""A comparison to make: the reference's role, the reference's arm and the contender's arm."""


@dataclass(frozen=True)
class Contest:
    """One task on one corpus in one state.

    Attributes:
        corpus_name: The id or path that the corpus was requested by, so that workers find it too.
        corpus: The corpus itself.
        state: One of ``nanogpt_rs.ruler.rounds.STATES``, or ``BUILD``.
        references: The rows that the contenders are compared with, by role.
        contenders: Rows of the task; references may be among them.
        budget: Seconds after which a group stops. ``None``: chosen from the length of a call.
        builds: The builds of the Rust module that processes draw from; none: what is installed.
        package_builds: The folders of builds of third parties' packages, by package.
        precise: Whether to go on to the planned precision where a verdict is certain earlier.
        tests: Number of tests that are adjusted together with these; 0: those of a group alone.
    """

    corpus_name: str
    corpus: Corpus
    state: str
    references: dict[str, Implementation]
    contenders: tuple[Implementation, ...]
    budget: float | None = None
    builds: tuple[LinkedBuild, ...] = ()
    package_builds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    precise: bool = False
    tests: int = 0

    @property
    def task(self) -> str:
        """The task's name."""
        return self.contenders[0].task

    @property
    def title(self) -> str:
        """The task, corpus and state in words, for progress bars."""
        return f"{self.task} on {self.corpus.id}, {self.state}"

    def cell(self, row: Implementation) -> Cell:
        """Return a contender's cell as it is before measuring: right, and without a time."""
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

    def several_builds_of(self, row: Implementation) -> bool:
        """Return whether processes draw from several builds of what a row calls."""
        ours = bool(self.builds) and row.calls_rust_module()
        return ours or any(package in self.package_builds for package in row.packages())

    def group_count(self) -> int:
        """Return the largest number of groups that the contest can need."""
        others = [row for row in self.contenders if row not in self.references.values()]
        return self.groups_for(len(others))

    def test_count(self) -> int:
        """Return the largest number of tests that the contest can make."""
        return sum(
            row != reference and not is_limit(row)
            for reference in self.references.values()
            for row in self.contenders
        )

    def groups_for(self, others: int) -> int:
        """Return the number of groups for this many contenders that are not references."""
        return max(1, -(-others // self.others_per_group()))

    def others_per_group(self) -> int:
        """Return how many contenders fit into one group beside the references."""
        return timing.MOST_CONTENDERS + 1 - max(1, len(set(self.references.values())))

    def estimated_seconds(self) -> float:
        """Return roughly how many seconds measuring takes, without verification."""
        if self.budget is None:
            return 20.0 * self.group_count()
        arms = 2 * len(self.references) + min(len(self.contenders), self.others_per_group())
        round_seconds = arms * len(self.corpus.text) * ARM_CHARACTER_SECONDS
        shortest = plan.LEAST_PROCESSES * (plan.START_UP_SECONDS + 2 * round_seconds)
        return self.group_count() * (GROUP_SECONDS + max(self.budget, shortest))


def first_part(contest: Contest) -> Contest:
    """Return the part of a contest that gives a first answer: its references and the newest Rust.

    It is measured as a group of its own, and takes so many contenders that the contest as a whole
    needs no group more.
    """
    if contest.group_count() == 1:
        return contest
    references = list(dict.fromkeys(contest.references.values()))
    others = [row for row in contest.contenders if row not in references]
    rest = contest.others_per_group() * (contest.group_count() - 1)
    count = max(FEW_RUST, len(others) - rest)
    rust = [row for row in others if row.id.startswith("rust/")][-count:]
    chosen = {*references, *rust}
    kept = tuple(row for row in contest.contenders if row in chosen)
    return replace(contest, contenders=kept or contest.contenders)


def contests_of(
    rows: Sequence[Implementation],
    corpora: Sequence[tuple[str, Corpus]],
    states: Sequence[str],
    budget: float | None,
    build: bool = True,
) -> list[Contest]:
    """Return the contests for these rows, with their references and limits added.

    Args:
        rows: The implementations to measure.
        corpora: Pairs of the name that a corpus was requested by, and the corpus.
        states: Some of ``ruler.rounds.STATES``; a task is measured in those that apply to it.
        budget: Seconds for each group, or ``None`` to choose from the length of a call.
        build: Whether to add a contest in the state ``BUILD`` for each corpus and each task that
            builds something before it is called, such as an encoder.
    """
    contests = []
    for corpus_name, corpus in corpora:
        for task in dict.fromkeys(row.task for row in rows):
            references = references_of(task, corpus.width)
            added = {*references.values(), *limits_of(task)}
            contenders = [
                row for row in registry.rows() if row.task == task and (row in rows or row in added)
            ]
            applicable = [state for state in states if rounds.applies(TASKS[task], state)]
            if build and TASKS[task].build is not None:
                applicable.append(rounds.BUILD)
            for state in applicable:
                # Limits are yardsticks for calls; none exists for building.
                measured = [row for row in contenders if state != rounds.BUILD or not is_limit(row)]
                contests.append(
                    Contest(corpus_name, corpus, state, references, tuple(measured), budget)
                )
    return contests


def limits_of(task: str) -> list[Implementation]:
    """Return the limits that are measured beside the contenders of a task."""
    return [row for row in registry.rows() if row.task == task and is_limit(row)]


def is_limit(row: Implementation) -> bool:
    """Return whether a row is a limit: a yardstick that is timed and never ranked."""
    return "limit" in row.marks


def references_of(task: str, width: str) -> dict[str, Implementation]:
    """Return a task's references for texts of this width, by role.

    The roles are ``LECTURE`` and ``STRONGEST``. A role that no registered row fills is absent.
    """
    marks = {LECTURE: "baseline", STRONGEST: f"strongest:{width}"}
    references = {}
    for role, mark in marks.items():
        for row in registry.rows():
            if row.task == task and mark in row.marks:
                references[role] = row
                break
    return references


def estimate(contests: Sequence[Contest]) -> float:
    """Return roughly how many seconds these contests take, verification included."""
    measuring = sum(contest.estimated_seconds() for contest in contests)
    return len(proofs_needed(contests)) * VERIFY_SECONDS + measuring


def request_hash(contests: Sequence[Contest]) -> str:
    """Return a hash of these contests; ``--resume`` goes on with a run only if the hash agrees."""
    words = [
        [contest.task, contest.corpus.id, contest.corpus.sha256, contest.state, contest.budget]
        + [row.id for row in contest.contenders]
        + ([len(contest.builds)] if contest.builds else [])
        + (["precise"] if contest.precise else [])
        + [folder for folders in contest.package_builds.values() for folder in folders]
        for contest in contests
    ]
    return sha256(json.dumps(words).encode())


def proofs_needed(contests: Sequence[Contest]) -> list[tuple[Implementation, str]]:
    """Return every pair of a row and a corpus name that must be verified, without repetition."""
    return list(
        dict.fromkeys(
            (row, contest.corpus_name) for contest in contests for row in contest.contenders
        )
    )


def adjusted_together(contests: Sequence[Contest]) -> list[Contest]:
    """Return contests that know with how many tests their own are adjusted, if they did not."""
    tests = sum(contest.test_count() for contest in contests)
    return [replace(contest, tests=contest.tests or tests) for contest in contests]


class CellStore(Protocol):
    """Saves each cell as soon as it is finished, so that an interruption loses little."""

    cells: list[Cell]
    """All cells saved so far, those of an interrupted run that is being resumed included."""

    def keep(self, cells: Sequence[Cell]) -> None:
        """Save finished cells."""

    def keep_blocks(self, name: str, processes: Sequence[Any]) -> None:
        """Save the raw blocks of a group under this name."""


Proofs = dict[tuple[str, str, str], Proof]
"""Proofs by task and id of the row and name of the corpus."""


def bench(
    contests: Sequence[Contest],
    advance: Advance,
    store: CellStore,
    proofs: Proofs | None = None,
) -> list[Cell]:
    """Verify and measure contest by contest, leaving out the cells that the store already has.

    Args:
        contests: The contests.
        advance: Called with the progress made.
        store: Saves each cell as soon as it is finished.
        proofs: Proofs of earlier calls, which are not repeated. Those of this call are added.

    Returns:
        The cells in the order of the contests, and within a contest the fastest first. Where there
        is more than one test, p-values and verdicts are adjusted by Holm; intervals are not.
    """
    contests = adjusted_together(contests)
    proofs = {} if proofs is None else proofs

    def prove(row: Implementation, corpus_name: str) -> Proof:
        key = row.task, row.id, corpus_name
        if key not in proofs:
            proofs[key] = verify_apart(row, corpus_name)
            advance(f"verify {row.task} {row.id} on {corpus_name}", VERIFY_SECONDS)
        return proofs[key]

    for contest in contests:
        finished = {cell.key for cell in store.cells}
        missing = [row for row in contest.contenders if contest.cell(row).key not in finished]
        if missing:
            measure_contest(contest, missing, prove, advance, store)
        else:
            advance(f"{contest.title}: finished before", contest.estimated_seconds())
    order = {
        contest.cell(row).key: place
        for place, contest in enumerate(contests)
        for row in contest.contenders
    }
    return adjusted(
        sorted(
            (cell for cell in store.cells if cell.key in order),
            key=lambda cell: (order[cell.key], cell.seconds is None, cell.seconds or 0.0),
        )
    )


def measure_contest(
    contest: Contest,
    missing: Sequence[Implementation],
    prove: Callable[[Implementation, str], Proof],
    advance: Advance,
    store: CellStore,
) -> None:
    """Measure the missing cells of one contest.

    Args:
        contest: The contest to measure.
        missing: Its contenders that have no cell yet.
        prove: Verifies a row on the corpus of this name.
        advance: Called with the progress made.
        store: Saves each cell as soon as it is finished.
    """
    proofs = {
        row: prove(row, contest.corpus_name)
        for row in dict.fromkeys((*contest.references.values(), *missing))
    }
    faulty = [row for row in missing if proofs[row].status != "right"]
    store.keep(
        [
            replace(contest.cell(row), status=proofs[row].status, details=proofs[row].details)
            for row in faulty
        ]
    )
    references = {
        role: row for role, row in contest.references.items() if proofs[row].status == "right"
    }
    waiting = [row for row in missing if row not in faulty]
    others = [row for row in waiting if row not in references.values()]
    count = contest.groups_for(len(others))
    group_seconds = contest.estimated_seconds() / contest.group_count()
    for index in range(count):
        step = f"{contest.title}: group {index + 1} of {count}"
        group = others[index::count]
        if not (group or any(row in waiting for row in references.values())):
            break
        fields, broken = run_group(contest, references, group, lambda: advance(step, 0), store)  # noqa: B023
        advance(step, group_seconds)
        references = {role: row for role, row in references.items() if row not in broken}
        # A reference is measured in every group; its cell is that of the first group.
        finished = [row for row in (*fields, *broken) if row in waiting]
        store.keep(
            [
                replace(contest.cell(row), status="wrong", details=broken[row])
                if row in broken
                else replace(contest.cell(row), **fields[row])
                for row in finished
            ]
        )
        waiting = [row for row in waiting if row not in finished]


CellFields = dict[str, Any]
"""The fields of one row's ``Cell`` that its rounds have measured."""
Faults = dict[Implementation, tuple[str, ...]]
"""For each row that broke, the sentences that say how."""


def run_group(
    contest: Contest,
    references: dict[str, Implementation],
    others: Sequence[Implementation],
    tick: Callable[[], None],
    store: CellStore,
) -> tuple[dict[Implementation, CellFields], Faults]:
    """Measure a group, and measure it anew without the rows that break, until none does.

    Returns:
        The measured fields of each row, and the faults of the rows that broke.
    """
    faults: Faults = {}
    watchful = False
    while True:
        watch = MachineWatch()
        alive = {role: row for role, row in references.items() if row not in faults}
        rest = [row for row in others if row not in faults]
        if not (alive or rest):
            return {}, faults
        # Without a reference, the first contender takes its place, and nothing is compared.
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
            measured = run_arms(contest, arms, pairs, tick, watchful=watchful)
        except WorkerError as error:
            if error.arm is None and not (error.crashed or watchful):
                # The damage was noticed only at the end of the process. Measure with a check after
                # every block, to see which row does it.
                watchful = True
                continue
            faults |= rows_to_blame(contest, rows, error)
            watchful = False
            continue
        for row in rows:
            if row.id in measured.wrong:
                faults[row] = (measured.wrong[row.id],)
        meanwhile = watch.so_far()
        store.keep_blocks(f"{contest.task}-{contest.state}", measured.block_arrays)
        fields = cell_fields(contest, rows, measured, pairs, faults)
        return {row: {**fields[row], "meanwhile": meanwhile} for row in fields}, faults


def rows_to_blame(contest: Contest, rows: Sequence[Implementation], error: WorkerError) -> Faults:
    """Return the rows that are to blame for the end of a process that they shared.

    Usually that is the row that was being called. But a kernel that writes outside its memory can
    kill a later call of another row. So after a crash, and where the called row is unknown, each
    row is called on its own, and those whose process ends in that case too are to blame.
    """
    named = rows[error.arm] if error.arm is not None and error.arm < len(rows) else None
    alone: Faults = {}
    if named is None or error.crashed:
        suspects = dict.fromkeys(([named] if named else []) + list(rows))
        for row in suspects:
            try:
                arms = [paired.arm_of(row)] * 2
                run_arms(replace(contest, budget=LONE_SECONDS), arms, (), lambda: None)
            except WorkerError as error_alone:
                alone[row] = (worker_end(error_alone),)
                if row == named:
                    break
    if alone:
        return alone
    if named is not None:
        only_shared = ", beside others and not alone" if error.crashed else ""
        return {named: (worker_end(error) + only_shared,)}
    return dict.fromkeys(rows, (f"{worker_end(error)}, and none of its group did so alone",))


def worker_end(error: WorkerError) -> str:
    """Return how a worker process ended, in the words that records use."""
    return f"a worker process {error}"


def run_arms(
    contest: Contest,
    arms: Sequence[Arm],
    pairs: Sequence[Pair],
    tick: Callable[[], None],
    *,
    watchful: bool = False,
) -> Measured:
    """Measure these arms until every pair is known precisely enough or time is up.

    Raises:
        WorkerError: A process gave no answer.
    """
    compared = [(arm, first) for _, first, arm in pairs]

    def is_done(measured: Measured) -> bool:
        tick()
        if not pairs:
            return True
        return measured.enough(compared, contest.tests)

    builds = {"": contest.builds} if contest.builds else {}
    setting = Setting(
        contest.task,
        contest.corpus_name,
        contest.state,
        watchful,
        builds,
        contest.package_builds,
    )
    return paired.measure(
        setting,
        arms,
        is_done,
        lambda _: tick(),
        budget=contest.budget,
        early=() if contest.precise else compared,
    )


def cell_fields(
    contest: Contest,
    rows: Sequence[Implementation],
    measured: Measured,
    pairs: Sequence[Pair],
    faults: Faults,
) -> dict[Implementation, CellFields]:
    """Return the measured fields of each row that did not break."""
    fields: dict[Implementation, CellFields] = {}
    for row in dict.fromkeys(rows):
        if row in faults:
            continue
        cores = measured.cores.get(row.id)
        arm = rows.index(row)
        fields[row] = {
            "seconds": measured.seconds_of(arm),
            "quantiles": measured.quantiles_of(arm),
            "cores": median_high(cores) if cores else None,
            "processes": len(measured.processes),
            **build_fields(row, measured, arm, contest.several_builds_of(row)),
            "against": tuple(
                Against(role, rows[first].id, measured.compare(arm, first))
                for role, first, contender in pairs
                if contender == arm and rows[first] not in faults
            ),
        }
    return fields


def build_fields(row: Implementation, measured: Measured, arm: int, several: bool) -> CellFields:
    """Return the fields of a cell about builds, which rows that are not compiled do not have.

    Args:
        row: The implementation.
        measured: What was measured.
        arm: Index of its arm.
        several: Whether the processes drew from several builds of what the row calls.
    """
    if not row.is_compiled():
        return {}
    if not several:
        return {"builds": 1}
    return {"builds": measured.build_count, "seconds_by_build": measured.seconds_by_build(arm)}
