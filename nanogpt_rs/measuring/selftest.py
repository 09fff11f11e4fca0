"""The self-test: measures how often this harness is wrong on this machine, and what it finds.

A group is one comparison of a function with itself and, in the same rounds, with known slow-downs.
Each group is kept as soon as it is finished, so that a self-test can be interrupted and resumed.
``nanogpt_rs.statistics.alarms`` counts what the groups found.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median_high

from nanogpt_rs.measuring import asserted, paired, rebuilds
from nanogpt_rs.measuring.builds import BuildsError
from nanogpt_rs.measuring.measured import Measured
from nanogpt_rs.measuring.no_op import NoOpError
from nanogpt_rs.measuring.paired import Arm, Setting
from nanogpt_rs.measuring.run import describe, now
from nanogpt_rs.records import durable, files
from nanogpt_rs.records.kinds import Other, Recorded
from nanogpt_rs.records.schema import Comparison, RecordError, Run
from nanogpt_rs.records.self_tests import (
    SAME,
    SelfTest,
    SelfTestContender,
    SelfTestGroup,
    SelfTestRivals,
    SelfTestSeeds,
)
from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.statistics import blocks


class SelfTestError(UserError):
    """Nothing can be measured; the message says why."""


COMMAND = "selftest"
CONDITIONS = ("as-is", "loaded")
EXACT_CALLS = 100
"""In blocks of a multiple of this many calls, every known slow-down is a whole number of calls."""
RIVALS_SLOWER = (0.02, 0.05)
"""Known slow-downs that other tools judge, as shares of the baseline's time."""
SEED_BANK = 200
"""Number of processes, each with a hash seed of its own, whose mean is taken for the truth."""


@dataclass(frozen=True)
class Case:
    """A function at a length.

    Attributes:
        task: Name of the task.
        id: Id of the implementation.
        characters: Length of the text in characters, cut from or repeated from ``synthetic``.
    """

    task: str
    id: str
    characters: int


@dataclass(frozen=True)
class Row:
    """Calls of about one length, and the comparisons that are made of them.

    Attributes:
        name: Name for ``--row``.
        calls: Duration of the calls, in words.
        cases: Functions, which take turns.
        groups: Number of groups that a full self-test measures in each condition.
        slower: Known slow-downs, as shares of the baseline's time.
        by_calls: Whether slow-downs are made by calls that are not counted, in blocks of a
            multiple of ``EXACT_CALLS``; else they are made by a longer text.
        other: Id of an implementation to compare instead. Its mean over hash seeds must lie in the
            interval.
        rivals: Number of groups in a full self-test that other tools judge too, spread over it.
        alike: Whether the function is also compared with itself. Where it is not, short processes
            can be enough for a whole group.
    """

    name: str
    calls: str
    cases: tuple[Case, ...]
    groups: int
    slower: tuple[float, ...] = ()
    by_calls: bool = False
    other: str | None = None
    rivals: int = 0
    alike: bool = True


SET, COMPREHENSION = ("charset", "python/set"), ("encode", "python/list_comprehension")
AHASH, ARRAY = ("charset", "rust/ahash"), ("charset", "rust/fixed_array")

ROWS = {
    row.name: row
    for row in (
        Row(
            "short",
            "50 us to 1 ms",
            (Case(*SET, 7_000), Case(*AHASH, 100_000), Case(*COMPREHENSION, 28_000)),
            300,
            (0.01, 0.02),
            rivals=20,
        ),
        Row(
            "microsecond",
            "1 us",
            (Case(*SET, 70), Case(*ARRAY, 100)),
            100,
            (0.02, 0.05),
            by_calls=True,
        ),
        Row(
            "milliseconds",
            "5 to 10 ms",
            (Case(*SET, 1_100_000), Case(*COMPREHENSION, 350_000)),
            40,
            (0.02, 0.05),
        ),
        Row(
            "tens",
            "25 to 50 ms",
            (Case(*COMPREHENSION, 1_500_000), Case(*SET, 5_000_000)),
            40,
            (0.02, 0.05),
        ),
        Row(
            "large",
            "0.5 to 10 ms",
            (Case(*SET, 70_000), Case(*COMPREHENSION, 350_000), Case(*SET, 1_100_000)),
            60,
            (0.1, 0.5, 1.0),
            alike=False,
        ),
        Row("seeds", "one side hashes", (Case(*SET, 65_536),), 20, other="rust/fixed_array"),
    )
}


def arms_of(row: Row, case: Case) -> list[Arm]:
    """Return the arms of a group: the baseline, its control, then the contenders."""
    same = Arm(case.id, characters=case.characters)
    if row.other is not None:
        return [same, same, Arm(row.other, characters=case.characters)]
    if row.by_calls:
        slower = [Arm(case.id, characters=case.characters, uncounted=more) for more in row.slower]
    else:
        slower = [
            Arm(case.id, characters=round(case.characters * (1 + more))) for more in row.slower
        ]
    return [same, same, *([same] if row.alike else []), *slower]


def run_group(condition: str, row: Row, case: Case) -> SelfTestGroup:
    """Measure one group; each contender stops where a comparison of it alone would have stopped.

    Short processes are always tried, also where a pilot would not: this is the worst case.

    Raises:
        nanogpt_rs.ruler.errors.WorkerError: A worker process gave no answer.
    """
    arms = arms_of(row, case)
    setting = Setting(case.task, corpora.DEFAULT, "warm")
    stopped: dict[int, tuple[Comparison, int, float]] = {}

    def is_done(measured: Measured) -> bool:
        for contender in range(2, len(arms)):
            if contender not in stopped:
                pair = contender, blocks.BASELINE
                if measured.enough([pair]):
                    alone = measured.seconds / measured.along
                    stopped[contender] = measured.compare(*pair), len(measured.processes), alone
        return len(stopped) == len(arms) - 2

    measured = paired.measure(
        setting,
        arms,
        is_done,
        lambda _: None,
        plan_for=3,
        multiple=EXACT_CALLS if row.by_calls else 1,
        early=[(contender, blocks.BASELINE) for contender in range(2, len(arms))],
        always_short=True,
    )
    others = [process.others for process in measured.processes if process.others is not None]
    shares = ([0.0] if row.alike else []) + list(row.slower)
    names = (
        [str(share) if share else SAME for share in shares] if row.other is None else [row.other]
    )
    return SelfTestGroup(
        condition=condition,
        row=row.name,
        task=case.task,
        id=case.id,
        corpus=corpora.DEFAULT,
        sha256=corpora.golden_hashes()[corpora.DEFAULT],
        characters=case.characters,
        at=now(),
        seconds=measured.seconds,
        others=median_high(others) if others else None,
        rounds=measured.plan.rounds,
        calls=measured.plan.calls[0],
        contenders=tuple(
            SelfTestContender(
                name=name,
                planted=planted_in(row, case, more),
                verdict=comparison.verdict,
                ratio=comparison.ratio,
                interval=comparison.interval,
                control=comparison.control.interval if comparison.control else None,
                resolves=comparison.resolves,
                clock=comparison.clock,
                call=comparison.seconds[0] if comparison.seconds else None,
                processes=processes,
                alone_seconds=alone,
                early=comparison.early,
            )
            for (_, (comparison, processes, alone)), name, more in zip(
                sorted(stopped.items()), names, shares or [0.0], strict=True
            )
        ),
    )


def run_rivals(condition: str, row: Row, case: Case) -> SelfTestRivals:
    """Have other tools judge a group's functions.

    Raises:
        SelfTestError: A tool is missing or gave no answer.
    """
    from nanogpt_rs.measuring import rivals

    slower = {str(more): round(case.characters * (1 + more)) for more in RIVALS_SLOWER}
    arms = {rivals.BASELINE: case.characters, SAME: case.characters, **slower}
    try:
        judgements = rivals.judge(case.task, case.id, arms)
    except rivals.RivalError as error:
        raise SelfTestError(str(error)) from None
    return SelfTestRivals(
        condition, row.name, case.task, case.id, case.characters, now(), judgements
    )


def planted_in(row: Row, case: Case, more: float) -> float | None:
    """Return the true ratio of a slow-down; ``None`` for another implementation.

    Args:
        row: Row of the self-test.
        case: Function and length of the baseline.
        more: Slow-down, as a share of the baseline's time.
    """
    if row.other is not None:
        return None
    if row.by_calls:
        return 1 / (1 + more)
    return case.characters / round(case.characters * (1 + more))


def mean_over_seeds(condition: str, row: Row) -> SelfTestSeeds:
    """Measure the mean log-ratio over ``SEED_BANK`` hash seeds, and its standard error."""
    import numpy as np

    (case,) = row.cases
    setting = Setting(case.task, corpora.DEFAULT, "warm")

    def is_done(measured: Measured) -> bool:
        return len(measured.processes) >= SEED_BANK

    measured = paired.measure(setting, arms_of(row, case), is_done, lambda _: None)
    clean = measured.compare(2).clock == "wall"
    values = blocks.effects(measured.processes, 2, "wall" if clean else "cpu", clean).values
    return SelfTestSeeds(
        condition=condition,
        row=row.name,
        bank=values.size,
        mean=float(np.mean(values)),
        error=float(np.std(values, ddof=1) / np.sqrt(values.size)),
        spread=float(np.std(values, ddof=1)),
    )


@contextmanager
def conditions(name: str) -> Iterator[None]:
    """Leave the machine as it is, or share one core with a busy loop.

    Raises:
        SelfTestError: This system cannot tie processes to a core.
    """
    if name == "as-is":
        yield
        return
    if not hasattr(os, "sched_setaffinity"):
        raise SelfTestError("this system cannot tie processes to a core, so none can be loaded")
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    # The loop ends when this process does, even if this process is killed.
    loop = f"import os\nwhile os.getppid() == {os.getpid()}:\n    sum(range(10**6))"
    busy = subprocess.Popen([sys.executable, "-c", loop])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()
        os.sched_setaffinity(0, allowed)


def runs_in(folder: Path) -> list[Recorded]:
    """Return the self-tests that a folder holds, the oldest first; none if it does not exist.

    Raises:
        RecordError: A file in the folder is damaged.
        OSError: The folder cannot be read.
    """
    try:
        paths = [path for path in folder.iterdir() if path.suffix == ".jsonl"]
    except FileNotFoundError:
        return []
    runs = [recorded for path in paths for recorded in files.read(path)]
    return sorted(
        (recorded for recorded in runs if recorded.run.command == COMMAND),
        key=lambda recorded: (recorded.run.began, recorded.run.run),
    )


def under(condition: str, runs: Sequence[Recorded]) -> list[Other]:
    """Return the records of self-tests that were made under a condition."""
    return [
        record
        for recorded in runs
        for record in recorded.others
        if isinstance(record, SelfTest) and record.condition == condition
    ]


@dataclass
class Progress:
    """What a self-test has to measure, and what it has.

    Attributes:
        records: Records under the self-test's condition so far, those of earlier runs included.
        groups: Number of groups that each row must have, by its name.
        judged: Number of groups that other tools must have judged, by the row's name.
    """

    records: list[Other]
    groups: dict[str, int]
    judged: dict[str, int]

    def finished(self, row: Row, kind: type = SelfTestGroup) -> int:
        """Return how many records of a kind a row has."""
        return sum(
            isinstance(record, kind) and getattr(record, "row", None) == row.name
            for record in self.records
        )

    def lacks(self, row: Row) -> bool:
        """Return whether a row has too few groups or judgements."""
        return (
            self.finished(row) < self.groups[row.name]
            or self.finished(row, SelfTestRivals) < self.judged[row.name]
        )

    def lacks_rivals(self, row: Row) -> bool:
        """Return whether other tools judge a group now: their turns spread over a row."""
        due = self.judged[row.name] * self.finished(row)
        return self.finished(row, SelfTestRivals) * self.groups[row.name] < due


def run(
    rows: Sequence[Row],
    condition: str,
    share: float,
    folder: Path,
    advance: Callable[[str, int, int], None],
    *,
    with_rivals: bool = False,
    with_rebuilds: bool = False,
    with_assertions: bool = False,
) -> list[Recorded]:
    """Measure the groups that a folder lacks, and return all self-tests in it.

    Args:
        rows: Rows of ``ROWS``.
        condition: One of ``CONDITIONS``.
        share: Share of a full self-test's groups, 0 to 1; each row has one group at least.
        folder: Folder of the self-tests.
        advance: Called with what is measured, the number of finished groups, and of all groups.
        with_rivals: Whether other tools judge some of the groups' functions too.
        with_rebuilds: Whether to compare states of the sources that do the same.
        with_assertions: Whether to compare functions of files, and assert how fast they are.

    Raises:
        SelfTestError: Nothing can be measured under this condition, or a tool gave no answer.
        RecordError: Another self-test uses the folder, or a file in it is damaged.
        OSError: The folder cannot be read or written.
        nanogpt_rs.ruler.errors.WorkerError: A worker process gave no answer.
    """
    in_use = "another self-test is under way here; wait for it, or name another folder by --folder"
    with durable.locked(folder, RecordError, in_use):
        for path in folder.glob("*.jsonl"):
            durable.whole_lines(path)
        progress = Progress(
            under(condition, runs_in(folder)),
            {row.name: max(1, round(row.groups * share)) for row in rows},
            {row.name: round(row.rivals * share) if with_rivals else 0 for row in rows},
        )
        pairs = rebuilds.pairs(share) if with_rebuilds else []
        assertions = max(1, round(asserted.GROUPS * share)) if with_assertions else 0
        if (
            any(progress.lacks(row) for row in rows)
            or rebuilds.lacks(progress.records, pairs)
            or asserted.lacks(progress.records, assertions)
        ):
            request = f"{[row.name for row in rows]} {condition} {share} {with_rivals} {len(pairs)}"
            request += f" {assertions}" if assertions else ""
            plan = sha256(request.encode())
            store = begin_or_resume(folder, describe(COMMAND, plan, provenance.check()))
            with conditions(condition):
                measure_missing(rows, condition, progress, store, advance)
                keep, records = store.keep_other, progress.records
                asserted.measure(assertions, condition, records, keep, advance)
                try:
                    rebuilds.measure(pairs, condition, records, keep, advance)
                except (BuildsError, NoOpError) as error:
                    raise SelfTestError(f"rebuilds cannot be compared here: {error}") from None
            store.end()
        return runs_in(folder)


def begin_or_resume(folder: Path, run: Run) -> files.Writer:
    """Go on with the newest self-test if it was interrupted and fits, else begin a new one."""
    try:
        return files.resume(folder, run)
    except RecordError:  # the folder's files have just been read, so that none is damaged
        return files.begin(folder, run)


def measure_missing(
    rows: Collection[Row],
    condition: str,
    progress: Progress,
    store: files.Writer,
    advance: Callable[[str, int, int], None],
) -> None:
    """Measure the groups that rows lack, and keep each as soon as it is finished."""

    def announce(row: Row, activity: str) -> None:
        done = sum(min(progress.finished(other), progress.groups[other.name]) for other in rows)
        advance(f"{row.calls}: {activity}", done, sum(progress.groups.values()))

    def keep(record: Other) -> None:
        store.keep_other(record)
        progress.records.append(record)

    for row in rows:
        if row.other and progress.lacks(row) and not progress.finished(row, SelfTestSeeds):
            announce(row, "the mean over hash seeds")
            keep(mean_over_seeds(condition, row))
        for case in islice(cycle(row.cases), progress.finished(row), None):
            if not progress.lacks(row):
                break
            if progress.lacks_rivals(row):
                announce(row, f"other tools, {case.task} {case.id}")
                keep(run_rivals(condition, row, case))
            if progress.finished(row) < progress.groups[row.name]:
                announce(row, f"{case.task} {case.id}")
                keep(run_group(condition, row, case))
