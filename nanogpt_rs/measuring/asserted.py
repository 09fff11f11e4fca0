"""The self-test's row for assertions: functions of files, compared and asserted as strangers do.

Each group compares a function with a copy of itself and with one that does the same work twice, and
asks of both what ``assert_faster(by=1.5)`` asks. The right answers are known: the copy is not
different, and not 1.5 times as fast; half the work is. The same questions go to two ways in which
people guard a speed today: an assertion on ``time.perf_counter``, and pytest-benchmark's
``--benchmark-compare-fail=mean:5%``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nanogpt_rs.measuring import anything
from nanogpt_rs.measuring.machine import MachineWatch
from nanogpt_rs.measuring.readings import Choices, comparing_of
from nanogpt_rs.measuring.rivals import RivalError
from nanogpt_rs.measuring.run import now
from nanogpt_rs.records.kinds import Other
from nanogpt_rs.records.schema import Comparison
from nanogpt_rs.records.self_tests import ONCE, TWICE, AssertedPair, SelfTestAssertions
from nanogpt_rs.statistics.faster import decided, needs_more

ROW = "assertions"
GROUPS = 300
"""Number of groups of a full self-test."""
RIVALS_EVERY = 3
"""Every so many groups, pytest-benchmark judges the same functions; it takes as long as a group."""
BY = 1.5
"""The factor that is asserted."""
RULE = "mean:5%"
"""pytest-benchmark's rule for a regression."""
FILE = "subject.py"


@dataclass(frozen=True)
class Case:
    """What the functions of a group compute.

    Attributes:
        name: Name of the case.
        statement: Expression that they return, of the text ``TEXT``.
        repeats: How often ``TEXT`` repeats a sentence of 43 characters.
    """

    name: str
    statement: str
    repeats: int


CASES = (
    Case("set comprehension", "{character for character in TEXT}", 12),
    Case("sorted words", "sorted(TEXT.split())", 40),
    Case("counted characters", "Counter(TEXT)", 100),
)
"""Cases, which take turns; a call takes some 20, 60 and 200 us."""
SOURCE = """from collections import Counter

TEXT = "To be, or not to be, that is the question: " * {repeats}


def reference():
    return {statement}


def copy():
    return {statement}


def twice():
    {statement}
    return {statement}
"""
LIMIT = f"""import sys
from time import perf_counter
from timeit import repeat

import subject


def seconds(function):
    start = perf_counter()
    function()
    return perf_counter() - start


if sys.argv[1] == "choose":
    print(min(repeat(subject.twice, number=20, repeat=5)) / 20 / {BY})
else:
    print(seconds(subject.twice), seconds(subject.reference))
"""
"""What people write: a limit that was chosen once, and a call that must stay below it."""
BENCHMARKS = """import os

import subject

BEFORE = os.environ["NANOGPT_RS_BEFORE"] == "yes"


def test_same(benchmark):
    benchmark(subject.reference if BEFORE else subject.copy)


def test_slower(benchmark):
    benchmark(subject.reference if BEFORE else subject.twice)
"""


def case_of(number: int) -> Case:
    """Return the case of a group."""
    return CASES[number % len(CASES)]


def lacks(records: Iterable[Other], groups: int) -> bool:
    """Return whether groups are missing among the records of a self-test."""
    return finished(records) < groups


def finished(records: Iterable[Other]) -> int:
    """Return the number of groups among the records of a self-test."""
    return sum(isinstance(record, SelfTestAssertions) for record in records)


def measure(
    groups: int,
    condition: str,
    records: list[Other],
    keep: Callable[[Other], None],
    advance: Callable[[str, int, int], None],
) -> None:
    """Measure the groups that are missing, and keep each as soon as it is finished.

    Args:
        groups: Number of groups that there must be.
        condition: Name of the condition.
        records: Records so far; those that are made are added.
        keep: Keeps a record.
        advance: Called with what is measured, the number of finished groups, and of all groups.

    Raises:
        RivalError: A process or a tool gave no answer.
        UserError: The functions cannot be compared.
    """
    limits = {
        record.case: record.limit for record in records if isinstance(record, SelfTestAssertions)
    }
    for number in range(finished(records), groups):
        case = case_of(number)
        advance(f"assertions: {case.name}", number, groups)
        with tempfile.TemporaryDirectory(prefix="nanogpt-rs-asserted-") as folder:
            record = group(
                case, condition, Path(folder), limits.get(case.name), number % RIVALS_EVERY == 0
            )
        limits[case.name] = record.limit
        keep(record)
        records.append(record)


def group(
    case: Case, condition: str, folder: Path, limit: float | None, with_rival: bool
) -> SelfTestAssertions:
    """Measure one group.

    Args:
        case: What the functions compute.
        condition: Name of the condition.
        folder: An empty folder.
        limit: Seconds that the assertion on a clock allows; ``None``: it is chosen now.
        with_rival: Whether pytest-benchmark judges the functions too.
    """
    (folder / FILE).write_text(
        SOURCE.format(repeats=case.repeats, statement=case.statement), encoding="utf-8"
    )
    (folder / "limit.py").write_text(LIMIT, encoding="utf-8")
    if limit is None:
        (limit,) = printed(folder, "limit.py", "choose")
    watch = MachineWatch()
    pairs = (pair(folder, ONCE, "reference", "copy"), pair(folder, TWICE, "twice", "reference"))
    meanwhile = watch.so_far()
    twice, once = printed(folder, "limit.py", "call")
    return SelfTestAssertions(
        condition=condition,
        row=ROW,
        case=case.name,
        at=now(),
        by=BY,
        meanwhile=meanwhile,
        pairs=pairs,
        limit=limit,
        within_limit={ONCE: twice < limit, TWICE: once < limit},
        regressed=regressed(folder) if with_rival else None,
    )


def pair(folder: Path, name: str, reference: str, contender: str) -> AssertedPair:
    """Compare two functions, and decide what ``assert_faster`` would decide.

    Args:
        folder: Folder of their file.
        name: Name of the pair.
        reference: Name of the reference.
        contender: Name of the function that is asserted to be faster.
    """
    words = [f"{FILE}:{reference}", f"{FILE}:{contender}"]

    def compared(precise: bool) -> Comparison:
        cells = anything.compare(comparing_of(words, folder, Choices(precise=precise))).cells
        if not cells[1].against:
            raise RivalError(f"{words[1]} is {cells[1].status}: {'; '.join(cells[1].details)}")
        return cells[1].against[0].comparison

    start = time.perf_counter()
    first = last = compared(False)
    seconds = time.perf_counter() - start
    if again := needs_more(first, BY):
        last = compared(True)
    return AssertedPair(
        name=name,
        verdict=first.verdict,
        ratio=first.ratio,
        interval=first.interval,
        early=first.early,
        processes=first.processes_used + first.processes_dropped,
        call=first.seconds[0] if first.seconds else None,
        seconds=seconds,
        again=again,
        faster=decided(last, BY),
    )


def printed(folder: Path, *command: str) -> tuple[float, ...]:
    """Run a file with Python in a folder, and return the numbers that it prints.

    Raises:
        RivalError: It failed.
    """
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RivalError(f"{command[0]} ended with status {done.returncode}: {last_line(done)}")
    return tuple(map(float, done.stdout.split()))


def regressed(folder: Path) -> dict[str, bool]:
    """Return which functions pytest-benchmark says have become slower by more than 5 %.

    It saves the reference's times, then compares those of a copy and of twice the work with them,
    as one does before and after a change.

    Raises:
        RivalError: It is missing, or failed.
    """
    (folder / "test_subject.py").write_text(BENCHMARKS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--benchmark-only"]
    says = ""
    for before, options in (
        ("yes", ["--benchmark-save=before"]),
        ("no", ["--benchmark-compare", f"--benchmark-compare-fail={RULE}"]),
    ):
        done = subprocess.run(
            [*command, *options, "test_subject.py"],
            cwd=folder,
            env={**os.environ, "NANOGPT_RS_BEFORE": before, "PYTHONPATH": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        says = done.stdout + done.stderr
        if done.returncode and "Performance has regressed" not in says:
            raise RivalError(
                f"pytest-benchmark ended with status {done.returncode}: {last_line(done)}"
            )
    lines = [line for line in says.splitlines() if "has failed PercentageRegressionCheck" in line]
    return {
        ONCE: any("test_same" in line for line in lines),
        TWICE: any("test_slower" in line for line in lines),
    }


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a process wrote."""
    return ((done.stderr or done.stdout).strip().splitlines() or [""])[-1]
