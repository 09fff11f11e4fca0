"""The list of all kinds of records, and what a file says of one run."""

from __future__ import annotations

from dataclasses import dataclass

from nanogpt_rs.records.callables import Called
from nanogpt_rs.records.preparations import PreparationRounds
from nanogpt_rs.records.races import (
    ArmRace,
    ClosedRace,
    OpenRace,
    OpenRaceEntry,
    RacedArm,
    RaceEntry,
    WholeProgram,
    WholePrograms,
)
from nanogpt_rs.records.schema import (
    CallInSteps,
    Cell,
    End,
    FirstCall,
    JobDifference,
    Run,
    Taken,
    WholeJob,
)
from nanogpt_rs.records.self_tests import (
    SelfTest,
    SelfTestAssertions,
    SelfTestCounts,
    SelfTestGroup,
    SelfTestRebuild,
    SelfTestRivals,
    SelfTestSeeds,
)

Other = (
    CallInSteps
    | FirstCall
    | WholeJob
    | JobDifference
    | Taken
    | SelfTest
    | RaceEntry
    | ClosedRace
    | OpenRaceEntry
    | OpenRace
    | RacedArm
    | ArmRace
    | WholeProgram
    | WholePrograms
    | PreparationRounds
    | Called
)
"""A record of something measured that is not a cell."""
OTHERS: dict[str, type[Other]] = {
    "call_in_steps": CallInSteps,
    "first_call": FirstCall,
    "whole_job": WholeJob,
    "job_difference": JobDifference,
    "preparation_cost": Taken,
    "self_test_group": SelfTestGroup,
    "self_test_rivals": SelfTestRivals,
    "self_test_seeds": SelfTestSeeds,
    "self_test_rebuild": SelfTestRebuild,
    "self_test_counts": SelfTestCounts,
    "self_test_assertions": SelfTestAssertions,
    "race_entry": RaceEntry,
    "closed_race": ClosedRace,
    "open_race_entry": OpenRaceEntry,
    "open_race": OpenRace,
    "raced_arm": RacedArm,
    "arm_race": ArmRace,
    "whole_program": WholeProgram,
    "whole_programs": WholePrograms,
    "preparation_rounds": PreparationRounds,
    "called": Called,
}
"""Kinds of records that are not cells, by the name that their lines carry."""
KINDS: dict[str, type] = {"run": Run, "cell": Cell, "end": End, **OTHERS}
"""All kinds of records."""
FOLDERS = {"division": "training", "prepare": "preparation"}
"""Folders of results whose name is not that of their command."""


def kind_of_other(record: Other) -> str:
    """Return the name of a record's kind, a key of ``OTHERS``."""
    return next(kind for kind, record_type in OTHERS.items() if type(record) is record_type)


def folder_of(command: str) -> str:
    """Return the name of the folder of results that holds a command's runs."""
    return FOLDERS.get(command, command)


@dataclass(frozen=True)
class Recorded:
    """One run as a file holds it.

    Attributes:
        run: Description of the run.
        cells: Cells in the order in which they were finished, before any adjustment of their
            tests.
        complete: Whether the run came to its end.
        others: Records that are not cells, in the order in which they were finished.
    """

    run: Run
    cells: tuple[Cell, ...]
    complete: bool
    others: tuple[Other, ...] = ()
