"""Made-up runs for the tests of all that reads records, written as real ones are."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nanogpt_rs.measuring.bench import is_limit, references_of
from nanogpt_rs.records import files as records
from nanogpt_rs.records.builds import is_compiled
from nanogpt_rs.records.kinds import Other
from nanogpt_rs.records.races import (
    Agreement,
    ArmRace,
    PythonShare,
    RacedArm,
    Seconds,
    WholeProgram,
    WholePrograms,
)
from nanogpt_rs.records.schema import Against, Cell, Comparison, Host, Meanwhile, Ratio, Run
from nanogpt_rs.ruler.registry import REGISTRY

HOST = Host("lab-1", "A processor", 2, 8 << 30, None, "CPython 3.11.7", "Linux x86_64")
RUN = Run(
    run="20260102T030405Z-abcdef",
    command="bench",
    machine=HOST,
    build={"profile": "release", "opt_level": "3", "rustc": "rustc 1.95.0 (0 2026)"},
    sources="those of this checkout",
    commit="0123456789abcdef0123456789abcdef01234567",
    dirty=False,
    packages={"numpy": "2.4.6"},
    plan="plan",
    fingerprint="fingerprint",
)
SIZES = {"english-1k-ascii": 1024, "english-64k-ascii": 65_536, "tinyshakespeare": 1_115_394}
PROCESSES = 12


def made_up_seconds(id: str, characters: int) -> float:
    """Return a time that rises with the text's length; an idea's speed is drawn by its name."""
    rate = {"limit": 1e-11, "rust": 1e-10, "python": 1e-9}.get(id.partition("/")[0], 1e-9)
    return 2e-7 + characters * rate * math.exp(random.Random(id).uniform(0, 4))


def comparison(own: float, other: float, chance: random.Random) -> Comparison:
    """Return a comparison that two times could have led to."""
    ratio = other / own
    spread = 0.02
    return Comparison(
        contender=2,
        verdict="faster" if ratio > 1.05 else "slower" if ratio < 0.95 else "inconclusive",
        reason="the interval clears the margin" if abs(ratio - 1) > 0.05 else "it was not told",
        margin=0.01,
        clock="wall",
        clock_reason="short",
        processes_used=PROCESSES,
        processes_dropped=0,
        rounds_used=PROCESSES * 20,
        rounds_dropped=3,
        ratio=ratio,
        interval=(ratio * (1 - spread), ratio * (1 + spread)),
        half_width=spread,
        control=Ratio(1.0, (0.995, 1.005)),
        control_half_width=0.005,
        resolves=0.03,
        p_value=1e-9 if abs(ratio - 1) > 0.05 else 0.4,
        wall=Ratio(ratio, (ratio * 0.98, ratio * 1.02)),
        cpu=Ratio(ratio, (ratio * 0.98, ratio * 1.02)),
        wall_over_cpu=1.001,
        seconds=(other, own),
        ratios=tuple(ratio * chance.lognormvariate(0, 0.015) for _ in range(PROCESSES)),
        control_ratios=tuple(chance.lognormvariate(0, 0.005) for _ in range(PROCESSES)),
    )


def cells(
    tasks: Sequence[str] = ("charset", "encode"),
    corpora: Sequence[str] = tuple(SIZES),
    states: Sequence[str] = ("warm",),
) -> list[Cell]:
    """Return cells of these tasks, as a run could have them; one is wrong and one is n/a."""
    chance = random.Random(1)
    made: list[Cell] = []
    for task in tasks:
        references = references_of(task, "ascii")
        for corpus in corpora:
            for state in states:
                for row in REGISTRY:
                    if row.task != task:
                        continue
                    own = made_up_seconds(row.id, SIZES[corpus])
                    made.append(
                        Cell(
                            task=task,
                            id=row.id,
                            corpus=corpus,
                            sha256=f"{len(corpus):064x}",
                            characters=SIZES[corpus],
                            width="ascii",
                            state=state,
                            status="right",
                            seconds=own,
                            quantiles=tuple(own * part for part in (0.97, 0.99, 1.0, 1.02, 1.3)),
                            cores=1.7 if "parallel" in row.marks else None,
                            processes=PROCESSES,
                            meanwhile=Meanwhile(10.0, (0.5, 1.5), 0.01, 0.6),
                            against=tuple(
                                Against(
                                    role,
                                    other.id,
                                    comparison(
                                        own, made_up_seconds(other.id, SIZES[corpus]), chance
                                    ),
                                )
                                for role, other in references.items()
                                if other != row
                            ),
                            limit=is_limit(row),
                        )
                    )
    return made


def in_builds(measured: Sequence[Cell], count: int) -> list[Cell]:
    """Return the cells as a run that counts builds writes them: what is compiled has this many.

    Several builds are up to a fifth faster or slower than the time of all.
    """

    def built(cell: Cell) -> Cell:
        if cell.seconds is None or not is_compiled(cell.task, cell.id):
            return cell
        parts = [0.8 + 0.4 * build / (count - 1) for build in range(count)] if count > 1 else []
        random.Random(cell.id).shuffle(parts)
        times = tuple(cell.seconds * part for part in parts)
        return replace(cell, builds=count, seconds_by_build=times)

    return [built(cell) for cell in measured]


def without_time(cell: Cell, status: str, *details: str) -> Cell:
    """Return a cell that was not measured, and why."""
    return replace(
        cell, status=status, details=details, seconds=None, quantiles=(), against=(), cores=None
    )


def without_a_word(cell: Cell) -> Cell:
    """Return a cell none of whose comparisons is valid."""
    invalid = [
        replace(against, comparison=replace(against.comparison, verdict="invalid"))
        for against in cell.against
    ]
    return replace(cell, against=tuple(invalid))


def write(folder: Path, run: Run, measured: Sequence[Cell], complete: bool = True) -> Path:
    """Write a run's file and return its path."""
    writer = records.begin(folder, run)
    writer.keep(measured)
    if complete:
        writer.end()
    return writer.path


def arm_race() -> list[Other]:
    """Return the records of a race of arms: the reference, a faster arm, and one without a time."""
    compared = comparison(0.004, 0.008, random.Random(1))
    agreed = Agreement("float64", 100, 1e-9, 3e-12, None, None)
    reference = RacedArm(
        arm="python/nanogpt",
        library="torch 2.15.0",
        allocator="system",
        matmul="MKL 2024.2",
        instructions="AVX512",
        dtype="float32",
        agreements=(agreed,),
        fault=None,
        val_losses=(2.44, 2.45),
        start=Seconds(4.0, 3.0),
        stages={"imports": Seconds(2.0, 1.5)},
        step=Seconds(0.009, 0.008),
        comparison=None,
        break_even=None,
        peak_bytes=790_000_000,
        code_lines=242,
        installed_bytes=4_540_000_000,
        python=PythonShare(0.16, (0.15, 0.17), 5000, 0.02),
    )
    faster = replace(
        reference,
        arm="rust/candle",
        library="candle 0.11.1",
        start=Seconds(0.02, 0.01),
        step=Seconds(0.005, 0.004),
        comparison=compared,
        code_lines=134,
        installed_bytes=4_860_000,
        python=None,
    )
    left = replace(agreed, left_at=2, by=7e-8, largest=1e-3)
    other = replace(
        faster,
        arm="rust/burn",
        agreements=(left,),
        fault="another model: its loss in float64 left the reference's at step 2 by 7e-08",
        val_losses=(),
        start=None,
        step=None,
        comparison=None,
    )
    text = ("tinyshakespeare", "ab" * 32)
    race = ArmRace(*text, "python/bytes_translate", "quick", 1, 8, 7, 30, True, "python/nanogpt")
    return [reference, faster, other, race]


def whole_programs() -> list[Other]:
    """Return the records of two whole programs, of which the second is twice as fast."""
    stages = {"start": Seconds(0.1, 0.1), "imports": Seconds(2.0, 1.5), "steps": Seconds(2.0, 1.4)}
    best = WholeProgram("python/own", (2.44,), Seconds(5.0, 3.0), stages, None, 790_000_000)
    other = WholeProgram(
        "rust/candle", (2.45,), Seconds(2.0, 1.5), stages, Ratio(2.0, (1.9, 2.1)), 40_000_000
    )
    race = WholePrograms("tinyshakespeare", "ab" * 32, "quick", 1, 8, "python/own")
    return [best, other, race]


def write_race(folder: Path, race: Sequence[Other], run: str) -> Path:
    """Write the records of a race of training to a file, and return its path."""
    return records.keep_whole(folder, replace(RUN, command="division", run=run), race)
