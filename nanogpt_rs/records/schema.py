"""The fields of the records that commands share: runs, cells, calls, whole jobs.

Records are plain dataclasses, which know nothing of how they are measured or kept. The fields of
self-tests, races of training and preparations are in ``self_tests``, ``races`` and
``preparations`` beside this file; ``kinds`` lists all kinds of records and their names.

Times are in seconds and sizes in bytes, where nothing else is said. An interval is a pair of its
lower and its upper end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from nanogpt_rs.ruler.errors import UserError

SCHEMA_VERSION = 1
"""Version of the records that are written. Older versions stay readable."""


class RecordError(UserError):
    """A record cannot be read, written or promoted; the message says which, where and why."""


# --- runs ---


@dataclass(frozen=True)
class Host:
    """The machine of a run.

    Attributes:
        alias: Name that its owner gave the machine. No host name is recorded.
        cpu: Model name of the processor.
        cores: Number of processors that the run could use.
        memory: Memory that was free when the run began, in bytes.
        governor: Frequency governor of the first processor; ``None`` where the system names none.
        python: Implementation and version of Python.
        system: Operating system and machine type.
    """

    alias: str
    cpu: str
    cores: int
    memory: int
    governor: str | None
    python: str
    system: str


@dataclass(frozen=True)
class Run:
    """One command's measuring: what all records of a file have in common.

    Attributes:
        run: Id of the run: the time at which it began, in UTC, and six random
            hexadecimal digits.
        command: Name of the command, such as ``bench``. Commands that were renamed keep the name
            that they had in 0.1, such as ``breakdown`` for ``profile steps``.
        machine: Machine that it ran on.
        build: Build of the Rust module by name: profile, opt_level, rustc, target, ...
        sources: Sources that the Rust module was checked against, in words.
        commit: Commit of the checkout that the ruler is imported from, in hexadecimal; ``None``
            outside of a checkout.
        dirty: Whether the checkout had uncommitted changes; ``None`` outside of a checkout.
        packages: Versions of the packages that implementations use, by name.
        plan: Hash of the request. A run is resumed by the same request alone.
        fingerprint: Hash of the code, the packages and the Python. A run is resumed with the same
            alone.
        before: Commit that ``diff`` compares ``commit`` with; ``None`` for other commands.
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
        """Time at which the run began, in UTC, to the second."""
        return datetime.strptime(self.run.rpartition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@dataclass(frozen=True)
class End:
    """The last line of a run. A run without it was interrupted.

    Attributes:
        cells: Number of cells in the run.
        others: Number of the run's records that are not cells.
    """

    cells: int
    others: int = 0


@dataclass(frozen=True)
class Meanwhile:
    """How busy the machine was during a measurement.

    A field is ``None`` where the system does not tell.

    Attributes:
        seconds: Duration of the measurement in seconds.
        load: Mean number of runnable processes over the last minute, at the beginning and at the
            end.
        steal: Share of processor time, 0 to 1, that the hypervisor gave to other machines.
        busy: Share of processor time, 0 to 1, that was not idle, our own work included.
    """

    seconds: float
    load: tuple[float, float] | None
    steal: float | None
    busy: float | None


# --- comparisons ---

LECTURE, STRONGEST, ASKED = "lecture", "strongest", "asked"
"""Roles of a reference: the lecture's Python; the strongest Python for the task and the text's
width; an implementation that the user named."""
BEFORE, CONTROL = "before", "control"
"""Roles of a reference in ``diff``: the older commit's implementation; and an implementation that
is the same in both commits, so that calling it different shows a fault."""
Clock = Literal["wall", "cpu"]
"""The wall clock, or the CPU time of the calling thread."""
Change = Literal["placement", "code generation", "sources"]
"""What differs between two commits of an implementation, as counts of instructions show it."""
Verdict = Literal["faster", "slower", "equivalent", "inconclusive", "invalid"]


@dataclass(frozen=True)
class Ratio:
    """The baseline's time divided by another arm's: above 1, that arm is faster.

    Attributes:
        ratio: Trimmed mean over processes, of logarithms.
        interval: 95 % interval of the ratio; ``None`` where only one process was measured.
    """

    ratio: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One contender compared with its baseline.

    Attributes:
        contender: Index of the contender's arm; arm 0 is the baseline and arm 1 its control.
        verdict: Conclusion that the measurements allow.
        reason: Reason for the verdict, in one sentence.
        early: Whether the verdict was given before the planned precision was reached.
        ratio: Baseline's time divided by the contender's; ``None`` where neither clock can judge.
        interval: 95 % interval of ``ratio``, never adjusted for other comparisons. Where the run
            could stop early, it holds at all looks together.
        half_width: Half of that interval, as a relative difference: 0.01 is 1 %.
        build_half_width: What would be left of it with any number of processes that load the same
            builds; ``None`` where that is not known, as with one build.
        control: Ratio of the baseline to itself, from its second arm.
        control_half_width: Half of the control's interval, as a relative difference.
        positive_control: Ratio read for the arm whose blocks hold a known number of calls more.
        planted: Ratio that the positive control should read.
        margin: Relative difference that the interval must clear for ``faster`` or ``slower``.
        resolves: Smallest relative difference that a run with this spread finds in 80 % of cases.
        noisy: Whether the control's interval reaches past 1 %.
        p_value: Two-sided p-value of the hypothesis that the difference is within ``margin``. It
            is below 0.05 exactly where the interval clears the margin, and holds over all looks.
        p_adjusted: ``p_value`` adjusted for all comparisons that were made together.
        clock: Clock that ``ratio`` was read from.
        clock_reason: Reason for choosing that clock.
        wall, cpu: The same ratio by the wall clock and by CPU time; ``None`` where that clock
            cannot tell.
        wall_over_cpu: Wall-clock time divided by CPU time: the median over blocks, of the
            baseline or the contender, the larger of the two.
        seconds: Median seconds of one call of the baseline and of the contender.
        ratios: For each process, the contender's ratio: the median over its rounds.
        control_ratios: For each process, the control's ratio: the median over its rounds.
        processes_used: Number of processes that count.
        processes_dropped: Number of processes left out because too few of their rounds were
            clean. A round is clean if the thread was not preempted in it.
        rounds_used, rounds_dropped: Number of rounds that count, and of rounds left out as
            unclean, over all processes.
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
    build_half_width: float | None = None
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
    early: bool = False

    @property
    def valid(self) -> bool:
        """Whether the comparison may be believed at all."""
        return self.verdict != "invalid"


@dataclass(frozen=True)
class Against:
    """A contender's comparison with one reference.

    Attributes:
        role: Role of the reference: ``LECTURE``, ``STRONGEST``, ``ASKED``, ``BEFORE`` or
            ``CONTROL``.
        id: Id of the reference.
        comparison: Result of the comparison.
    """

    role: str
    id: str
    comparison: Comparison


@dataclass(frozen=True)
class Cell:
    """One implementation on one corpus in one state, with its result.

    Attributes:
        task: Name of the task.
        id: Id of the implementation, such as ``rust/ahash``.
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        characters: Length of the text in characters.
        width: Width of the text's characters in CPython: ascii, latin1, ucs2 or ucs4.
        state: State of the text or the caches: one of ``nanogpt_rs.ruler.rounds.STATES``, or
            ``BUILD`` where the making of the function is timed instead of its call.
        status: ``right``, ``wrong`` or ``n/a``. Only a right implementation is timed.
        details: Sentences on what was wrong, or on why the cell is not applicable.
        seconds: Median seconds of one call; ``None`` where nothing was timed.
        quantiles: Quantiles of one call's seconds over all rounds, at
            ``nanogpt_rs.measuring.measured.QUANTILES``.
        cores: Mean number of processors that the call kept busy; ``None`` for implementations
            that use one thread.
        processes: Number of processes that it was measured in.
        meanwhile: How busy the machine was during the measurement.
        against: Comparison with each reference other than itself.
        instructions: Number of instructions that one call executed; ``None`` where time was
            measured instead.
        instructions_before: The same number in the older commit, if ``profile instructions``
            compared two.
        change: What the two numbers show: ``placement`` where they are equal, ``sources`` where
            they differ and so do the implementation's files, ``code generation`` where they differ
            and its files do not. ``None`` where they were not compared.
        changed_files: The implementation's files that differ between the two commits.
        path: Set of vector instructions that the counted call used.
        limit: Whether it is a yardstick, which is timed but not ranked and not tested.
        origin: Source of a third party's implementation, with a hash; ``None`` for our own.
        builds: Number of builds of the Rust module that it was measured in. Builds of the same
            sources differ in where code lies in memory, so what one build shows need not hold
            after a rebuild. ``None`` for Python, and in records from before builds were counted,
            which have one build.
        seconds_by_build: Median seconds of one call in each build, in the order of the builds'
            seeds; empty where there is one build.
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
    change: Change | None = None
    changed_files: tuple[str, ...] = ()
    path: str | None = None
    limit: bool = False
    origin: str | None = None
    builds: int | None = None
    seconds_by_build: tuple[float, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Fields that tell a cell from all others of its run."""
        return self.task, self.id, self.corpus, self.sha256, self.state

    @property
    def group(self) -> tuple[str, ...]:
        """Fields that all cells of one task on one text in one state share."""
        return self.task, self.corpus, self.sha256, self.state

    def beside(self, role: str) -> Against | None:
        """Return the comparison with the reference in this role; ``None`` if there is none."""
        return next((against for against in self.against if against.role == role), None)


# --- calls ---


@dataclass(frozen=True)
class Text:
    """The text that a call or a job worked on.

    Attributes:
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        characters: Length of the text in characters.
        width: Width of the text's characters in CPython: ascii, latin1, ucs2 or ucs4.
    """

    corpus: str
    sha256: str
    characters: int
    width: str


@dataclass(frozen=True)
class Step:
    """One step of a call.

    Attributes:
        name: Name of the step, in words.
        seconds: Seconds that the step adds to a call.
        interval: 95 % interval of ``seconds``; ``None`` where only one process was measured.
    """

    name: str
    seconds: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Breakdown:
    """The time of one call, split into steps.

    Attributes:
        task: Name of the task.
        id: Id of the implementation.
        seconds: Seconds of the whole call.
        steps: Steps in the order in which they happen. Their seconds add up to the whole call.
        clock: Clock that the steps were read from: CPU time where a call is longer than 1 ms, else
            the wall clock.
        processes: Number of processes that were measured.
    """

    task: str
    id: str
    seconds: float
    steps: tuple[Step, ...]
    clock: str
    processes: int


@dataclass(frozen=True)
class CallInSteps:
    """Record of ``profile steps``: one implementation's call in steps.

    Attributes:
        text: Text that the call worked on.
        state: State of the text or the caches, as in ``Cell``.
        found: Time of the call, step by step.
    """

    text: Text
    state: str
    found: Breakdown


@dataclass(frozen=True)
class Footprint:
    """Time and memory of one implementation's first call, over fresh processes.

    The four tuples hold one value for each process, in the same order.

    Attributes:
        task: Name of the task.
        id: Id of the implementation.
        uncached: Whether the files that the call reads had been dropped from the system's memory.
        seconds: Wall-clock seconds of the call.
        cpu_seconds: CPU seconds of all threads of the process during the call.
        peak: Bytes by which the process's memory grew at most during the call.
        kept: Bytes by which it was still larger after the call: the result, and memory that
            allocators keep.
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
        """Median of ``seconds`` over processes."""
        from statistics import median  # imports fractions and decimal, which start-up can spare

        return median(self.seconds)

    @property
    def most(self) -> int:
        """Largest peak of any process, in bytes."""
        return max(self.peak)


@dataclass(frozen=True)
class FirstCall:
    """Record of ``profile memory``: one implementation's first call in fresh processes.

    Attributes:
        text: Text that the call worked on.
        found: Time and memory of the call.
    """

    text: Text
    found: Footprint


# --- whole jobs ---


@dataclass(frozen=True)
class Trained:
    """Time and result of one whole job: import, preparation, training, evaluation.

    Attributes:
        id: Id of the implementation that prepared the text.
        seconds: Wall-clock seconds of each stage, in the order of the stages.
        cpu_seconds: CPU seconds of each stage, over all threads.
        prepare: Names of the stages that are the preparation.
        val_loss: Loss over the whole validation split, in nats per character.
        parameters_sha256: SHA-256 of the trained parameters, in hexadecimal.
        steps: Number of training steps.
        how: Device and options of the training; empty for the defaults.
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
        """Wall-clock seconds of all stages but the preparation."""
        return sum(seconds for stage, seconds in self.seconds.items() if stage not in self.prepare)


@dataclass(frozen=True)
class WholeJob:
    """Record of ``job measure``: one whole job, from a file to a loss.

    Attributes:
        text: Text that the model was trained on.
        config: Name of the model's configuration, such as ``quick``.
        found: Time and result of the job.
    """

    text: Text
    config: str
    found: Trained


@dataclass(frozen=True)
class Difference:
    """Seconds that one preparation takes less than a reference, measured in paired rounds.

    Attributes:
        role: Role of the reference, as in ``Against``.
        reference: Id of the reference.
        id: Id of the implementation compared with it.
        reference_seconds: Seconds of one call of the reference.
        seconds: Seconds by which the implementation is shorter; negative where it is longer.
        interval: 95 % interval of ``seconds``; ``None`` where only one process was measured.
        comparison: Ratio of the two times, with its verdict.
    """

    role: str
    reference: str
    id: str
    reference_seconds: float
    seconds: float
    interval: tuple[float, float] | None
    comparison: Comparison

    def share_of(self, seconds: float) -> float:
        """Return the gain as a share of a job that takes so many seconds with the reference."""
        return self.seconds / seconds


@dataclass(frozen=True)
class JobDifference:
    """Record of ``job measure``: seconds that a preparation gains in the run's jobs.

    Attributes:
        text: Text that was prepared.
        config: Name of the model's configuration.
        state: State in which the preparations were compared, as in ``Cell``.
        rest: Seconds of a job without its preparation.
        found: Paired difference between the preparations.
        how: Device and options of the training; empty for the defaults.
    """

    text: Text
    config: str
    state: str
    rest: float
    found: Difference
    how: str = ""


@dataclass(frozen=True)
class Taken:
    """Record of ``data cost``: one preparation of a text of some size.

    Attributes:
        way: Engine of ``data prepare``, or id of an implementation of the task ``shards``.
        workers: Number of threads or processes that worked.
        bytes: Length of the text in bytes.
        characters: Length of the text in characters.
        parts: Number of parts that the text was cut into.
        seconds: Wall-clock seconds, without the start of the process.
        busy: Seconds that workers were busy, for each stage.
    """

    way: str
    workers: int
    bytes: int
    characters: int
    parts: int
    seconds: float
    busy: dict[str, float]
