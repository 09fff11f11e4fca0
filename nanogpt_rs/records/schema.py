"""Every record's fields: plain dataclasses, which know nothing of how they are measured or kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Literal

LECTURE, STRONGEST, ASKED = "lecture", "strongest", "asked"
"""Why a contender is set against something: the lecture wrote it; it is the strongest Python known
for the task and the text's width; the user named it."""
BEFORE, CONTROL = "before", "control"
"""The same for the newer of two commits: the older one's; and what is the same in both, so that it
must not be called different."""


@dataclass(frozen=True)
class Against:
    """What may be said of a contender beside one reference.

    Attributes:
        role: ``LECTURE``, ``STRONGEST`` or ``ASKED``.
        id: the reference's.
        comparison: what the rounds of both say.
    """

    role: str
    id: str
    comparison: Comparison


@dataclass(frozen=True)
class Cell:
    """One implementation on one corpus in one state.

    Attributes:
        task, id, corpus, sha256, characters, width: what was measured, on what.
        state: of ``nanogpt_rs.ruler.rounds.STATES``, or ``BUILD`` for the making of what is called.
        status: ``"right"``, ``"wrong"`` or ``"n/a"``; only what is right has a time.
        details: what was wrong, or why it is not applicable.
        seconds: median of one call.
        quantiles: ``nanogpt_rs.measuring.paired.QUANTILES`` of it over all rounds.
        cores: that an idea with threads kept busy; ``None`` for the others.
        processes: that it was measured in.
        meanwhile: what happened on the machine while it was.
        against: one for each reference but itself.
        instructions, instructions_before: that a call executed, and did in an older commit; only
            where they were counted instead of the time.
        path: the set of vector instructions by which it did.
        limit: it is none of the contenders but what they cannot beat; its tests count for nothing.
        origin: where it comes from, with a hash, if it is a third party's.
    """

    task: str
    id: str
    corpus: str
    sha256: str
    characters: int
    width: str
    state: str
    status: str
    details: tuple[str, ...] = ()
    seconds: float | None = None
    quantiles: tuple[float, ...] = ()
    cores: float | None = None
    processes: int = 0
    meanwhile: Meanwhile | None = None
    against: tuple[Against, ...] = ()
    instructions: int | None = None
    instructions_before: int | None = None
    path: str | None = None
    limit: bool = False
    origin: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What no two cells of a run have in common."""
        return self.task, self.id, self.corpus, self.sha256, self.state

    @property
    def group(self) -> tuple[str, ...]:
        """What the cells of a task on one text in one state have in common."""
        return self.task, self.corpus, self.sha256, self.state

    def beside(self, role: str) -> Against | None:
        """Return what was said beside the reference in this role."""
        return next((each for each in self.against if each.role == role), None)


Clock = Literal["wall", "cpu"]
Verdict = Literal["faster", "slower", "equivalent", "inconclusive", "invalid"]


@dataclass(frozen=True)
class Ratio:
    """The baseline's time over another arm's: above 1, that arm is faster.

    Attributes:
        ratio: a trimmed mean over processes, of logarithms.
        interval: its 95 % interval; ``None`` where one process alone was measured.
    """

    ratio: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One contender beside its baseline.

    Attributes:
        contender: the arm's index.
        verdict: what may be said.
        reason: why, in one sentence.
        ratio: the baseline's time over the contender's; ``None`` where no clock could tell.
        interval: its 95 % interval, never adjusted for other comparisons.
        half_width: half of that interval, as a relative difference.
        control: the baseline against itself.
        control_half_width: as for the contender.
        positive_control: the arm with more calls in a block, by the time of its whole block.
        planted: what the positive control should read.
        margin: the relative difference that an interval must clear for ``faster`` or ``slower``.
        resolves: the smallest relative difference that a run with this spread finds in 80 % of
            cases.
        noisy: the control's interval reaches past 1 %.
        p_value: two-sided, of the hypothesis that the difference is within ``margin``; below 0.05
            exactly where the interval clears it.
        p_adjusted: the same, adjusted by ``adjust`` for the comparisons made together.
        clock: which one ``ratio`` is from.
        clock_reason: why that one.
        wall, cpu: the same ratio by either clock; ``None`` where that clock cannot tell.
        wall_over_cpu: median over the blocks of the baseline and the contender, the larger one.
        seconds: of one call of the baseline and of the contender, medians.
        ratios, control_ratios: what each process said, of the contender and of the baseline against
            itself: medians over its rounds.
        processes_used, processes_dropped: a process with too few clean rounds is dropped.
        rounds_used, rounds_dropped: over all processes; an unclean round is dropped.
    """

    contender: int
    verdict: Verdict
    reason: str
    margin: float
    clock: Clock
    clock_reason: str
    processes_used: int
    processes_dropped: int
    rounds_used: int
    rounds_dropped: int
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    half_width: float | None = None
    control: Ratio | None = None
    control_half_width: float | None = None
    positive_control: Ratio | None = None
    planted: float | None = None
    resolves: float | None = None
    noisy: bool = False
    p_value: float | None = None
    p_adjusted: float | None = None
    wall: Ratio | None = None
    cpu: Ratio | None = None
    wall_over_cpu: float | None = None
    seconds: tuple[float, float] | None = None
    ratios: tuple[float, ...] = ()
    control_ratios: tuple[float, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether anything may be made of it."""
        return self.verdict != "invalid"


@dataclass(frozen=True)
class Meanwhile:
    """What happened on the machine during a run. Fields are ``None`` where it does not tell.

    Attributes:
        seconds: how long the run took.
        load: mean number of runnable processes over the last minute, when it began and ended.
        steal: share of processor time that the hypervisor gave to others.
        busy: share of processor time, our own included, that was not idle.
    """

    seconds: float
    load: tuple[float, float] | None
    steal: float | None
    busy: float | None


@dataclass(frozen=True)
class Step:
    """One step of a call.

    Attributes:
        name: what happens in it.
        seconds: what it adds to a call, in s.
        interval: its 95 % interval; ``None`` where one process alone was measured.
    """

    name: str
    seconds: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Breakdown:
    """A call in steps.

    Attributes:
        task: of the implementation.
        id: its id.
        seconds: of the whole call, in s.
        steps: in the order in which they happen; they add up to the whole call.
        clock: by which they were told; the thread's CPU time where a call is longer than 1 ms.
        processes: that were measured.
    """

    task: str
    id: str
    seconds: float
    steps: tuple[Step, ...]
    clock: str
    processes: int


@dataclass(frozen=True)
class Footprint:
    """What fresh processes say of one implementation's first call.

    Attributes:
        task, id: whose.
        uncached: whether the system had no copy of its files in memory.
        seconds: of the call by wall clock, for each process.
        cpu_seconds: of the process's threads meanwhile.
        peak: bytes by which it grew during the call, at most.
        kept: bytes that it still had more afterwards: the result, and what allocators keep.
    """

    task: str
    id: str
    uncached: bool
    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]
    peak: tuple[int, ...]
    kept: tuple[int, ...]

    @property
    def typical_seconds(self) -> float:
        """The median over processes."""
        return median(self.seconds)

    @property
    def most(self) -> int:
        """The largest peak of any process, in bytes."""
        return max(self.peak)


@dataclass(frozen=True)
class Trained:
    """One whole job.

    Attributes:
        id: what prepared the file.
        seconds: by stage, in their order, by the wall clock.
        cpu_seconds: the same by the processor's time of all threads.
        prepare: which of the stages are the preparation.
        val_loss: of the whole validation split, in nats a character.
        parameters_sha256: of what was trained.
        steps: taken.
        how: training was computed, where not as it is unasked: the device and the options.
    """

    id: str
    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    prepare: tuple[str, ...]
    val_loss: float
    parameters_sha256: str
    steps: int
    how: str = ""

    @property
    def rest(self) -> float:
        """Wall-clock seconds of everything but the preparation."""
        return sum(taken for stage, taken in self.seconds.items() if stage not in self.prepare)


@dataclass(frozen=True)
class Difference:
    """What a preparation takes less than a reference, call beside call.

    Attributes:
        role: why the reference is one, as in ``nanogpt_rs.measuring.bench``.
        reference, id: of the reference, and of the other.
        reference_seconds: of one call of the reference.
        seconds: by how much the other is shorter; below 0, it is longer.
        interval: its 95 % interval, in s; ``None`` where one process alone was measured.
        comparison: the ratio of the two, with its verdict.
    """

    role: str
    reference: str
    id: str
    reference_seconds: float
    seconds: float
    interval: tuple[float, float] | None
    comparison: Comparison

    def share_of(self, seconds: float) -> float:
        """Return the gain as a share of a job that takes so long with the reference."""
        return self.seconds / seconds


@dataclass(frozen=True)
class Taken:
    """What one preparation took.

    Attributes:
        way: the engine of ``nanogpt-rs prepare``, or the id of a contender of task ``SHARDS``.
        workers: how many threads or processes worked.
        bytes: of the text.
        characters: of it.
        parts: that it was prepared in.
        seconds: by the wall clock, without the start of the process.
        busy: seconds that workers were busy, by stage.
    """

    way: str
    workers: int
    bytes: int
    characters: int
    parts: int
    seconds: float
    busy: dict[str, float]


SCHEMA_VERSION = 1


class RecordError(Exception):
    """A record cannot be read, written or promoted; the message says which, where and why."""


@dataclass(frozen=True)
class Host:
    """The machine of a run, by the alias that its owner gave it."""

    alias: str
    cpu: str
    cores: int
    memory: int
    governor: str | None
    python: str
    system: str


@dataclass(frozen=True)
class Run:
    """What all cells of a run have in common.

    Attributes:
        run: its id: when it began, in UTC, and a few random letters.
        command: that made it, such as ``bench``.
        machine: on which.
        build: of the Rust module: profile, opt_level, rustc, target, target_features, ...
        sources: what the module's sources were held against, in words.
        commit: of the checkout that the ruler stands in, in hexadecimal; ``None`` outside of one.
        dirty: there were uncommitted changes; ``None`` outside of a checkout.
        before: the commit that a ``diff`` sets ``commit`` against.
        packages: versions of what contenders run on.
        plan: a hash of what was asked for; a run is resumed by the same request alone.
        fingerprint: a hash of the code, the packages and the Python: a run is resumed with the
            same alone.
    """

    run: str
    command: str
    machine: Host
    build: dict[str, str]
    sources: str
    commit: str | None
    dirty: bool | None
    packages: dict[str, str]
    plan: str
    fingerprint: str
    before: str | None = None

    @property
    def began(self) -> datetime:
        """When it began, in UTC."""
        return datetime.strptime(self.run.rpartition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@dataclass(frozen=True)
class End:
    """That a run is complete.

    Attributes:
        cells: how many it has.
        others: how many records that are no cells.
    """

    cells: int
    others: int = 0


@dataclass(frozen=True)
class Text:
    """On what something was measured that is no cell: fields as of a cell."""

    corpus: str
    sha256: str
    characters: int
    width: str


@dataclass(frozen=True)
class CallInSteps:
    """Where a call's time went.

    Attributes:
        text: on which.
        state: it was in.
        found: the steps.
    """

    text: Text
    state: str
    found: Breakdown


@dataclass(frozen=True)
class FirstCall:
    """What a first call in a fresh process took.

    Attributes:
        text: on which.
        found: time and memory.
    """

    text: Text
    found: Footprint


@dataclass(frozen=True)
class WholeJob:
    """One whole job, from a file to a loss.

    Attributes:
        text: that was trained on.
        config: of the model.
        found: what it took.
    """

    text: Text
    config: str
    found: Trained


@dataclass(frozen=True)
class JobDifference:
    """What a preparation gains in the whole jobs of the same run.

    Attributes:
        text: that was prepared.
        config: of the model.
        state: in which the preparations were compared.
        rest: seconds of a job beside its preparation.
        found: the paired difference.
        how: training was computed, where not as it is unasked.
    """

    text: Text
    config: str
    state: str
    rest: float
    found: Difference
    how: str = ""


Other = CallInSteps | FirstCall | WholeJob | JobDifference | Taken
"""What is measured and is no cell."""


@dataclass(frozen=True)
class Recorded:
    """What a file says of one run.

    Attributes:
        run: what its cells have in common.
        cells: in the order in which they were finished, as they were before any adjustment.
        complete: the run came to its end.
        others: what it measured that is no cell.
    """

    run: Run
    cells: tuple[Cell, ...]
    complete: bool
    others: tuple[Other, ...] = ()


OTHERS: dict[str, type] = {
    "call_in_steps": CallInSteps,
    "first_call": FirstCall,
    "whole_job": WholeJob,
    "job_difference": JobDifference,
    "preparation_cost": Taken,
}
"""Kinds of what is measured and is no cell."""
KINDS: dict[str, type] = {"run": Run, "cell": Cell, "end": End, **OTHERS}
PARTS: tuple[type, ...] = (
    *(Host, Against, Comparison, Ratio, Meanwhile),
    *(Text, Breakdown, Step, Footprint, Trained, Difference),
)
"""Of which records are made."""
