"""The harness measured by itself: how often it is wrong, and what it finds, on this machine.

A group is one comparison of a function with itself and, in the same rounds, with known slow-downs.
Groups are written down one by one, so that a run can be interrupted and taken up again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median_high
from typing import Any

from nanogpt_rs.measuring import machine, paired
from nanogpt_rs.measuring.paired import Arm, Measured, Setting
from nanogpt_rs.records import schema
from nanogpt_rs.ruler import corpora, provenance
from nanogpt_rs.statistics import blocks


class SelfTestError(Exception):
    """Nothing can be measured, or what was measured cannot be read; the message says why."""


SAME = "same"
"""The name of the third arm that is the baseline: what it is called decides the false alarms."""
CONDITIONS = ("as-is", "loaded")
EXACT_CALLS = 100
"""Of a multiple of so many calls, every known slow-down is a whole number."""
RIVALS_SLOWER = (0.02, 0.05)
"""The known slow-downs that other tools are asked about."""
SEED_BANK = 200
"""Processes, each with a hash seed of its own, whose mean stands for the truth."""


@dataclass(frozen=True)
class Case:
    """A function at a length.

    Attributes:
        task, id: an implementation.
        characters: of its text, cut from or repeated from ``synthetic``.
    """

    task: str
    id: str
    characters: int


@dataclass(frozen=True)
class Row:
    """Calls of about one length, and what is asked of comparisons there.

    Attributes:
        name: by which it is asked for.
        calls: how long they take, in words.
        cases: taken in turn.
        groups: how many a full run measures in each condition.
        slower: the known slow-downs, as shares of the baseline's time.
        by_calls: they are made by calls that are not counted, in blocks of a multiple of
            ``EXACT_CALLS``; else by a longer text.
        other: an id that is compared instead: its mean over hash seeds must lie in the interval.
        rivals: how many of the groups other tools judge too, spread over a full run.
    """

    name: str
    calls: str
    cases: tuple[Case, ...]
    groups: int
    slower: tuple[float, ...] = ()
    by_calls: bool = False
    other: str | None = None
    rivals: int = 0


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
        Row("seeds", "one side hashes", (Case(*SET, 65_536),), 20, other="rust/fixed_array"),
    )
}


def arms_of(row: Row, case: Case) -> list[Arm]:
    """Return the arms of a group: the baseline, again, then what it is compared with."""
    same = Arm(case.id, characters=case.characters)
    if row.other is not None:
        return [same, same, Arm(row.other, characters=case.characters)]
    if row.by_calls:
        slower = [Arm(case.id, characters=case.characters, uncounted=more) for more in row.slower]
    else:
        slower = [
            Arm(case.id, characters=round(case.characters * (1 + more))) for more in row.slower
        ]
    return [same, same, same, *slower]


def run_group(row: Row, case: Case) -> dict[str, Any]:
    """Measure one group; each contender stops where a comparison of it alone would have.

    Returns:
        What is written down of it.

    Raises:
        nanogpt_rs.ruler.worker.WorkerError: a process gave no answer.
    """
    arms = arms_of(row, case)
    setting = Setting(case.task, corpora.DEFAULT, "warm")
    stopped: dict[int, tuple[schema.Comparison, int, float]] = {}

    def done(measured: Measured) -> bool:
        for contender in range(2, len(arms)):
            if contender not in stopped:
                found = measured.compare(contender)
                if measured.enough([found]):
                    alone = measured.seconds / measured.along
                    stopped[contender] = found, len(measured.processes), alone
        return len(stopped) == len(arms) - 2

    measured = paired.measure(
        setting, arms, done, lambda _: None, plan_for=3, multiple=EXACT_CALLS if row.by_calls else 1
    )
    others = [each.others for each in measured.processes if each.others is not None]
    names = [SAME, *map(str, row.slower)] if row.other is None else [row.other]
    return {
        **described(row, case),
        "seconds": measured.seconds,
        "others": median_high(others) if others else None,
        "plan": {"rounds": measured.plan.rounds, "calls": measured.plan.calls[0]},
        "contenders": {
            name: {
                "planted": planted_in(row, case, more),
                "verdict": found.verdict,
                "ratio": found.ratio,
                "interval": found.interval,
                "control": found.control.interval if found.control else None,
                "resolves": found.resolves,
                "clock": found.clock,
                "call": found.seconds[0] if found.seconds else None,
                "processes": processes,
                "alone_seconds": alone,
            }
            for (_, (found, processes, alone)), name, more in zip(
                sorted(stopped.items()), names, (0.0, *row.slower), strict=False
            )
        },
    }


def run_rivals(row: Row, case: Case) -> dict[str, Any]:
    """Have other tools judge a group's functions; return what is written down of it.

    Raises:
        SelfTestError: one is missing or gave no answer.
    """
    from nanogpt_rs.measuring import rivals

    slower = {str(more): round(case.characters * (1 + more)) for more in RIVALS_SLOWER}
    arms = {rivals.BASELINE: case.characters, SAME: case.characters, **slower}
    try:
        said = rivals.judge(case.task, case.id, arms)
    except rivals.RivalError as error:
        raise SelfTestError(str(error)) from None
    return {**described(row, case), "rivals": said}


def described(row: Row, case: Case) -> dict[str, Any]:
    """Return what every line about a case begins with."""
    return {
        "row": row.name,
        "task": case.task,
        "id": case.id,
        "characters": case.characters,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def planted_in(row: Row, case: Case, more: float) -> float | None:
    """Return the true ratio of a slow-down, ``None`` if it is not planted but found out."""
    if row.other is not None:
        return None
    if row.by_calls:
        return 1 / (1 + more)
    return case.characters / round(case.characters * (1 + more))


def mean_over_seeds(row: Row) -> dict[str, Any]:
    """Return the mean log-ratio over ``SEED_BANK`` hash seeds, and its standard error."""
    import numpy as np

    (case,) = row.cases
    setting = Setting(case.task, corpora.DEFAULT, "warm")

    def done(measured: Measured) -> bool:
        return len(measured.processes) >= SEED_BANK

    measured = paired.measure(setting, arms_of(row, case), done, lambda _: None)
    clean = measured.compare(2).clock == "wall"
    values = blocks.effects(measured.processes, 2, "wall" if clean else "cpu", clean).values
    return {
        "row": row.name,
        "bank": values.size,
        "mean": float(np.mean(values)),
        "error": float(np.std(values, ddof=1) / np.sqrt(values.size)),
        "spread": float(np.std(values, ddof=1)),
    }


@contextmanager
def conditions(name: str) -> Iterator[None]:
    """Have the machine as it is, or share one core with a process that never rests.

    Raises:
        SelfTestError: this system cannot tie processes to a core.
    """
    if name == "as-is":
        yield
        return
    if not hasattr(os, "sched_setaffinity"):
        raise SelfTestError("this system cannot tie processes to a core, so none can be loaded")
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    # Whatever ends this process, it ends with it.
    restless = f"import os\nwhile os.getppid() == {os.getpid()}:\n    sum(range(10**6))"
    busy = subprocess.Popen([sys.executable, "-c", restless])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()
        os.sched_setaffinity(0, allowed)


def about(condition: str) -> dict[str, Any]:
    """Return what the groups that follow were measured on; written each time a run is taken up."""
    return {
        "about": condition,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine.examine()),
        "build": asdict(provenance.check()),
        "corpus": {"id": corpora.DEFAULT, "sha256": corpora.golden_hashes()[corpora.DEFAULT]},
    }


def read(path: Path) -> list[dict[str, Any]]:
    """Return what has been written down, but for a last line that was cut off.

    Raises:
        SelfTestError: another line is damaged.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SelfTestError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    documents = []
    for number, line in enumerate(lines, 1):
        try:
            document = json.loads(line)
        except ValueError as error:
            raise SelfTestError(f"{path}, line {number}: {error}") from None
        if not isinstance(document, dict) or not {"about", "row"} & document.keys():
            raise SelfTestError(f"{path}, line {number}: is no line of a self-test")
        documents.append(document)
    return documents


def append(path: Path, document: dict[str, Any]) -> None:
    """Write one line to the end of a file, over the rest of one that was cut off, if any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        if whole < size:
            file.truncate(whole)
        file.write(json.dumps(document).encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def run(
    rows: Sequence[Row],
    condition: str,
    share: float,
    path: Path,
    advance: Callable[[str, int, int], None],
    *,
    with_rivals: bool = False,
) -> list[dict[str, Any]]:
    """Measure what is still missing in ``path`` and return all that is written there.

    Args:
        rows: of ``ROWS``.
        condition: of ``CONDITIONS``.
        share: of the groups of a full run.
        path: the file of this condition.
        advance: told what is measured, how many groups are done, and of how many.
        with_rivals: have other tools judge some of the groups' functions in between.
    """
    documents = read(path)
    wanted = {row.name: max(1, round(row.groups * share)) for row in rows}
    judged = {row.name: round(row.rivals * share) if with_rivals else 0 for row in rows}

    def finished(row: Row, what: str = "contenders") -> int:
        return sum(each.get("row") == row.name and what in each for each in documents)

    def missing(row: Row) -> bool:
        return finished(row) < wanted[row.name] or finished(row, "rivals") < judged[row.name]

    def told(row: Row, doing: str) -> None:
        done = sum(min(finished(each), wanted[each.name]) for each in rows)
        advance(f"{row.calls}: {doing}", done, sum(wanted.values()))

    def write(document: dict[str, Any]) -> None:
        documents.append(document)
        append(path, document)

    with conditions(condition):
        if any(missing(row) for row in rows):
            write(about(condition))
        for row in rows:
            if row.other and missing(row) and not finished(row, "bank"):
                told(row, "the mean over hash seeds")
                write(mean_over_seeds(row))
            cases = cycle(row.cases)
            for case in islice(cases, finished(row), None):
                if not missing(row):
                    break
                if finished(row, "rivals") * wanted[row.name] < judged[row.name] * finished(row):
                    told(row, f"other tools, {case.task} {case.id}")
                    write(run_rivals(row, case))
                if finished(row) < wanted[row.name]:
                    told(row, f"{case.task} {case.id}")
                    write(run_group(row, case))
    return documents


@dataclass(frozen=True)
class Count:
    """How often something happened.

    Attributes:
        hits: times it did.
        tries: times it could have.
        low, high: 95 % bounds of the probability (Clopper and Pearson).
    """

    hits: int
    tries: int
    low: float
    high: float


def count(happened: Sequence[bool]) -> Count:
    """Return how often, with exact binomial bounds."""
    from scipy.special import betaincinv

    hits, tries = sum(happened), len(happened)
    low = float(betaincinv(hits, tries - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, tries - hits, 0.975)) if hits < tries else 1.0
    return Count(hits, tries, low, high)


@dataclass(frozen=True)
class Finding:
    """What came of one contender of a row, over all its groups.

    Attributes:
        row: the row's name.
        contender: ``SAME``, a slow-down, or an id.
        found: ``SAME``: called different; a slow-down: called slower; an id: the interval holds
            the mean over hash seeds.
        wrong_sign: a slow-down called faster.
        verdicts: how often each was given.
        reads: median of the ratio.
        planted: median of the true one.
        seconds: median and 95 % quantile of what a comparison of it alone takes.
    """

    row: str
    contender: str
    found: Count
    wrong_sign: int
    verdicts: dict[str, int]
    reads: float | None
    planted: float | None
    seconds: tuple[float, float]


def summarize(documents: Sequence[dict[str, Any]]) -> list[Finding]:
    """Return what comes of all groups that were measured."""
    import numpy as np

    truth = {each["row"]: float(np.exp(each["mean"])) for each in documents if "bank" in each}
    findings = []
    keys = dict.fromkeys(
        (each["row"], name) for each in documents for name in each.get("contenders", ())
    )
    for row, name in keys:
        mine = [
            each["contenders"][name]
            for each in documents
            if each.get("row") == row and name in each.get("contenders", ())
        ]
        given = [each["verdict"] for each in mine]
        if name == SAME:
            hits = [verdict in ("faster", "slower") for verdict in given]
        elif row in truth:
            hits = [
                each["interval"] is not None
                and each["interval"][0] <= truth[row] <= each["interval"][1]
                for each in mine
            ]
        else:
            hits = [verdict == "slower" for verdict in given]
        seconds = np.quantile([each["alone_seconds"] for each in mine], [0.5, 0.95])
        ratios = [each["ratio"] for each in mine if each["ratio"] is not None]
        planted = [each["planted"] for each in mine if each["planted"] is not None]
        findings.append(
            Finding(
                row=row,
                contender=name,
                found=count(hits),
                wrong_sign=given.count("faster") if name != SAME and row not in truth else 0,
                verdicts={verdict: given.count(verdict) for verdict in sorted(set(given))},
                reads=float(np.median(ratios)) if ratios else None,
                planted=float(np.median(planted)) if planted else truth.get(row),
                seconds=(float(seconds[0]), float(seconds[1])),
            )
        )
    return findings


@dataclass(frozen=True)
class RivalFinding:
    """What came of one arm of a row by another tool.

    Attributes:
        tool: its name.
        row: the row's name.
        contender: ``SAME`` or a slow-down.
        found: ``SAME``: called different; a slow-down: called slower.
        wrong_sign: a slow-down called faster.
    """

    tool: str
    row: str
    contender: str
    found: Count
    wrong_sign: int


def summarize_rivals(documents: Sequence[dict[str, Any]]) -> list[RivalFinding]:
    """Return what comes of all groups that other tools judged."""
    said: dict[tuple[str, str, str], list[str]] = {}
    for each in documents:
        for tool, arms in each.get("rivals", {}).items():
            for name, word in arms.items():
                said.setdefault((tool, each["row"], name), []).append(word)
    return [
        RivalFinding(
            tool=tool,
            row=row,
            contender=name,
            found=count([word != "same" if name == SAME else word == "slower" for word in words]),
            wrong_sign=0 if name == SAME else words.count("faster"),
        )
        for (tool, row, name), words in said.items()
    ]
