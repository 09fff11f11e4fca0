"""Measures callables that no registry knows, once their answers are known to be right.

Each is called alone in a process of its own: its first call, its memory, its threads. Then they are
measured in paired rounds, as rows of the registry are.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from nanogpt_rs.measuring import count, paired
from nanogpt_rs.measuring.bench import worker_end
from nanogpt_rs.measuring.comparing import (
    TASK,
    CallablesError,
    Comparing,
    Step,
    worker_for,
)
from nanogpt_rs.measuring.machine import MachineWatch
from nanogpt_rs.measuring.measured import Measured
from nanogpt_rs.measuring.paired import Arm
from nanogpt_rs.measuring.run import describe
from nanogpt_rs.records.callables import Called
from nanogpt_rs.records.files import begin, locked
from nanogpt_rs.records.kinds import folder_of
from nanogpt_rs.records.schema import ASKED, Against, Cell
from nanogpt_rs.ruler import (
    callable_answers,
    callable_first,
    callable_rounds,
    provenance,
    rounds,
    timing,
)
from nanogpt_rs.ruler.callable_answers import Request
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.worker import run_worker
from nanogpt_rs.statistics import blocks
from nanogpt_rs.statistics.adjusted import adjusted
from nanogpt_rs.words import duration

FIRST_DEADLINE = 600.0
"""Seconds that a first call may take."""
REMEMBERED = 5.0
"""How many times longer a call on a new input takes than one on an input that was seen, from which
on a callable counts as one that remembers answers. It is a choice: reading an input for the first
time took up to 3 times as long."""
LEAST_REMEMBERED = 50e-6
"""Seconds that a call on a new input must take for that. The first call of a shorter function takes
many times as long as later ones, because its code is in no cache."""
LONGEST_WORDS = 60
"""Most characters of a setup that stands in the place of a corpus's id."""
MORE_CORES = 1.2
"""Cores that a call keeps busy, from which on it uses threads."""


@dataclass(frozen=True)
class Compared:
    """What was found.

    Attributes:
        cells: A cell for each callable, the reference's first, before any adjustment of tests.
        called: What was called, with what was measured of it alone.
    """

    cells: tuple[Cell, ...]
    called: tuple[Called, ...]

    @property
    def adjusted(self) -> tuple[Cell, ...]:
        """The cells in the same order, adjusted for their number of tests."""
        return tuple(adjusted(self.cells))


@dataclass(frozen=True)
class CallablesSetting:
    """Callables in fresh processes; see ``paired.Measurable``.

    Attributes:
        request: What workers are told.
        watchful: Whether a worker looks after every block at everything that a call must leave
            alone.
    """

    request: Request
    watchful: bool = False

    @property
    def state(self) -> str:
        """Each call finds the same objects."""
        return "warm"

    @property
    def build_count(self) -> int:
        """What is installed is the only build."""
        return 1

    def drawn_builds(self) -> Iterator[int | None]:
        """Yield that each process loads what is installed."""
        while True:
            yield None

    def run(
        self,
        arms: Sequence[rounds.ArmOrder],
        timed_rounds: int,
        warm_up_rounds: int,
        seconds: float,
        build: int | None = None,  # noqa: ARG002 - there is one
    ) -> timing.Answer:
        """Have one fresh process measure these rounds, as ``paired.Setting.run`` does."""
        order: callable_rounds.Order = {
            **self.request,
            "arms": [cast(callable_rounds.Arm, arm) for arm in arms],
            "rounds": timed_rounds,
            "warm_up_rounds": warm_up_rounds,
            "seed": random.randrange(2**32),  # noqa: S311
            "watchful": self.watchful,
            "mark": "",
        }
        return paired.in_fresh_process(*worker_for("callable_rounds", order), seconds)


def measure_right(comparing: Comparing, answers: callable_answers.Answer, step: Step) -> Compared:
    """Measure the callables whose answers are right.

    Args:
        comparing: What is compared.
        answers: What was found of the answers.
        step: Called with a description of each step.

    Raises:
        CallablesError: Nothing can be compared: the reference cannot be used.
    """
    shim = count.library() if comparing.counted else None  # raises before anything is measured
    inputs = answers["inputs"]
    bare = [cell_of(comparing, index, answers) for index in range(len(comparing.names))]
    wrong = {int(index): reason for index, reason in answers["wrong"].items()}
    differs = answers.get("differs", {})
    firsts = {}
    for index, name in enumerate(comparing.names):
        if index in wrong or len(wrong) + 1 == len(comparing.names):
            continue
        step(f"{name}: its first call")
        try:
            firsts[index] = first_call(comparing, index)
        except WorkerError as error:
            if index == 0:
                raise CallablesError(f"the reference: {worker_end(error)}") from None
            wrong[index] = worker_end(error)
    for index, first in firsts.items():
        if index and (reason := remembers(first, firsts[0])):
            wrong[index] = reason
    cells = measured_cells(comparing, bare, firsts, wrong, step)
    called = []
    for index, one in enumerate(comparing.called):
        fields: dict[str, Any] = {"inputs": inputs}
        if comparing.request.get("told") and index:
            fields["equal"] = str(index) not in differs
        if index in firsts:
            first = firsts[index]
            fields |= {
                "first_seconds": first["first"],
                "later_seconds": first["later"],
                "peak": first["peak"],
                "notes": (*notes_of(first, firsts[0]), *differs_words(differs.get(str(index)))),
            }
        if index in firsts and shim is not None and cells[index].status == "right":
            step(f"{comparing.names[index]}: counting instructions")
            fields["instructions"] = count_instructions(comparing, index, shim)
        called.append(replace(one, **fields))
    return Compared(tuple(cells), tuple(called))


def first_call(comparing: Comparing, index: int) -> callable_first.Answer:
    """Have a fresh process make the first call of a callable.

    Raises:
        WorkerError: It gave no answer.
    """
    worker, order = worker_for("callable_first", {**comparing.request, "index": index})
    answer: callable_first.Answer = run_worker(worker, order, FIRST_DEADLINE)
    return answer


def count_instructions(comparing: Comparing, index: int, shim: Path) -> int | None:
    """Return how many instructions a call executes; ``None`` where valgrind cannot run it.

    Args:
        comparing: What is compared.
        index: The callable's place.
        shim: The compiled library that starts and stops the counting.
    """
    order = {**comparing.request, "index": index, "library": str(shim)}
    try:
        return count.under_callgrind("callable_count", order)[1]
    except WorkerError:
        return None


def remembers(first: callable_first.Answer, reference: callable_first.Answer) -> str | None:
    """Return that a callable remembers its answers, where calls on other inputs show it.

    Args:
        first: What it takes alone.
        reference: What the reference takes alone.
    """
    other, later = first["other_cpu"], first["later_cpu"]
    if other is None or other < LEAST_REMEMBERED:
        return None
    usual = (reference["other_cpu"] or 0.0) / max(reference["later_cpu"], 1e-9)
    if other < REMEMBERED * max(1.0, usual) * later:
        return None
    return (
        f"remembers its answers: a call takes {duration(later)} of processor time on an input that "
        f"it has seen, and {duration(other)} on another"
    )


def cell_of(comparing: Comparing, index: int, answers: callable_answers.Answer) -> Cell:
    """Return a callable's cell as it is before measuring."""
    one = comparing.called[index]
    words = one.input or one.setup or "no input"
    return Cell(
        task=TASK,
        id=comparing.names[index],
        corpus=words[:LONGEST_WORDS],
        sha256=answers["sha256"] or sha256(words.encode()),
        characters=0,
        width="",
        state="warm",
        status="right",
        origin=one.origin,
    )


def measured_cells(
    comparing: Comparing,
    bare: Sequence[Cell],
    firsts: dict[int, callable_first.Answer],
    wrong: dict[int, str],
    step: Step,
) -> list[Cell]:
    """Measure all callables that are right, and measure anew without those that break."""
    watchful = False
    watch = MachineWatch()
    while True:
        alive = [index for index in range(len(bare)) if index not in wrong]
        fields: dict[int, dict[str, object]] = {}
        if len(alive) > 1:
            arms = [
                Arm(str(index), threads=firsts[index]["cores"] > MORE_CORES)
                for index in (alive[0], *alive)
            ]
            try:
                measured = measure(comparing, arms, step, watchful=watchful)
            except WorkerError as error:
                if error.arm is None and not watchful:
                    watchful = True
                    continue
                arm = None if error.arm is None else min(error.arm, len(arms)) % len(arms)
                index = 0 if arm is None else int(arms[arm].id)
                if index == 0:
                    raise CallablesError(f"the reference: {worker_end(error)}") from None
                wrong[index] = worker_end(error)
                continue
            broken = {int(id): reason for id, reason in measured.wrong.items()}
            if 0 in broken:
                raise CallablesError(f"the reference: {broken[0]}")
            if broken:
                wrong |= broken
                continue
            fields = fields_of(comparing, measured, arms, firsts)
        meanwhile = watch.so_far()
        return [
            replace(cell, status="wrong", details=(wrong[index],))
            if index in wrong
            else replace(cell, **fields.get(index, {}), meanwhile=meanwhile)  # type: ignore[arg-type]
            for index, cell in enumerate(bare)
        ]


def measure(comparing: Comparing, arms: Sequence[Arm], step: Step, *, watchful: bool) -> Measured:
    """Measure arms in paired rounds until all contenders are known precisely enough.

    Raises:
        WorkerError: A process gave no answer.
    """
    pairs = [(arm, blocks.BASELINE) for arm in range(2, len(arms))]

    def is_done(measured: Measured) -> bool:
        return measured.enough(pairs)

    return paired.measure(
        CallablesSetting(comparing.request, watchful),
        arms,
        is_done,
        lambda phase: step("a first estimate" if phase == "pilot" else "measuring"),
        budget=comparing.seconds,
        early=() if comparing.precise else pairs,
    )


def fields_of(
    comparing: Comparing,
    measured: Measured,
    arms: Sequence[Arm],
    firsts: dict[int, callable_first.Answer],
) -> dict[int, dict[str, object]]:
    """Return the measured fields of each cell, by the callable's index."""
    fields: dict[int, dict[str, object]] = {}
    for place, arm in enumerate(arms):
        index = int(arm.id)
        if place == 1:  # the reference a second time
            continue
        first = firsts[index]
        against: tuple[Against, ...] = ()
        if place > 1:
            against = (Against(ASKED, comparing.names[0], measured.compare(place)),)
        fields[index] = {
            "seconds": measured.seconds_of(place),
            "quantiles": measured.quantiles_of(place),
            "cores": first["cores"] if arm.threads else None,
            "processes": len(measured.processes),
            "builds": 1 if first["compiled"] else None,
            "against": against,
        }
    return fields


def notes_of(first: callable_first.Answer, reference: callable_first.Answer) -> Iterator[str]:
    """Yield the sentences about a callable that belong to the result.

    Args:
        first: What it takes alone.
        reference: What the reference takes alone.
    """
    if first["compiled"]:
        yield (
            f"compiled code of {', '.join(first['compiled'])} was measured in one build; another "
            "build of the same sources can be faster or slower by tens of per cent"
        )

    def times_longer(answer: callable_first.Answer) -> float:
        return answer["first_cpu"] / max(answer["later_cpu"], LEAST_REMEMBERED)

    if times_longer(first) > REMEMBERED * max(1.0, times_longer(reference)):
        yield (
            f"the first call in a process took {duration(first['first_cpu'])} of processor time, "
            f"and later ones on the same input {duration(first['later_cpu'])}: it prepares "
            "something, or remembers its answers. An --input that makes several inputs tells which"
        )


def differs_words(difference: str | None) -> Iterator[str]:
    """Yield how the answer of a test differs from the reference's, if it does."""
    if difference is not None:
        yield (
            f"its test passes, and its answer is not the reference's: {difference}. Give --same to "
            "have that count as a fault"
        )


def keep(compared: Compared, results: Path) -> Path:
    """Keep a comparison as a run, and return the path of its file.

    Args:
        compared: The comparison.
        results: Folder of results, with one folder for each command.

    Raises:
        nanogpt_rs.records.schema.RecordError: It cannot be kept.
    """
    unused = provenance.Build({"profile": "unknown", "rustc": "unknown"}, "not used")
    plan = sha256("\0".join(one.sha256 for one in compared.called).encode())
    folder = results / folder_of(TASK)
    with locked(folder):
        writer = begin(folder, describe(TASK, plan, unused))
        writer.keep(compared.cells)
        for one in compared.called:
            writer.keep_other(one)
        writer.end()
    return writer.path
