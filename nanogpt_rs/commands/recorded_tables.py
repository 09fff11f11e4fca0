"""Prints the records of a run as the command that measured them printed them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nanogpt_rs.commands.console import out
from nanogpt_rs.commands.tables import print_corpus
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
from nanogpt_rs.records.schema import CallInSteps, FirstCall, JobDifference, Taken, Text, WholeJob
from nanogpt_rs.records.self_tests import SelfTest

if TYPE_CHECKING:
    from nanogpt_rs.records.kinds import Recorded

Kind = TypeVar("Kind")


def print_records(recorded: Recorded) -> None:
    """Print all records of a run that have no times of cells."""
    print_counted_cells(recorded)
    print_steps(of_kind(recorded, CallInSteps))
    print_first_calls(of_kind(recorded, FirstCall))
    print_whole_jobs(of_kind(recorded, WholeJob), of_kind(recorded, JobDifference))
    print_costs(recorded, of_kind(recorded, Taken))
    print_self_tests(recorded)
    print_races(recorded)
    for rounds in of_kind(recorded, PreparationRounds):
        from nanogpt_rs.commands.preparation_rounds import print_rounds

        print_rounds(rounds)


def of_kind(recorded: Recorded, kind: type[Kind]) -> list[Kind]:
    """Return the records of a run that are of this kind."""
    return [record for record in recorded.others if isinstance(record, kind)]


def print_text(text: Text) -> None:
    """Print the line about the text that a record is about."""
    from nanogpt_rs.ruler.corpora import CORPORA

    description = CORPORA[text.corpus].description if text.corpus in CORPORA else ""
    print_corpus(text.corpus, text.sha256, text.characters, description)


def print_counted_cells(recorded: Recorded) -> None:
    """Print the cells whose instructions were counted."""
    from nanogpt_rs.commands.count import print_counts

    if any(cell.instructions for cell in recorded.cells):
        print_counts(recorded.cells, recorded.run.before)


def print_steps(records: Sequence[CallInSteps]) -> None:
    """Print calls in steps, text by text."""
    from nanogpt_rs.commands.breakdown import table_of

    for text in dict.fromkeys(record.text for record in records):
        print_text(text)
        for record in records:
            if record.text == text:
                out.show(table_of(record.found, record.state))


def print_first_calls(records: Sequence[FirstCall]) -> None:
    """Print time and memory of first calls, text by text."""
    from nanogpt_rs.commands.memory import by_state, table_of
    from nanogpt_rs.measuring.memory import ordered

    for text in dict.fromkeys(record.text for record in records):
        print_text(text)
        of_text = [record.found for record in records if record.text == text]
        for task in dict.fromkeys(footprint.task for footprint in of_text):
            of_task = ordered([footprint for footprint in of_text if footprint.task == task])
            for title, of_state in by_state(task, of_task):
                out.show(table_of(title, of_state, text.characters))


def print_whole_jobs(jobs: Sequence[WholeJob], differences: Sequence[JobDifference]) -> None:
    """Print whole jobs, and what preparations gain in them, for each text and config."""
    from nanogpt_rs.commands.end_to_end import print_differences, print_stages

    for text, config in dict.fromkeys((job.text, job.config) for job in jobs):
        print_text(text)
        trained = [job.found for job in jobs if (job.text, job.config) == (text, config)]
        how = trained[0].how
        print_stages(f"config {config}{how and f' on {how}'}", trained)
        gains = [gain for gain in differences if (gain.text, gain.config) == (text, config)]
        if gains:
            found = [gain.found for gain in gains]
            print_differences(found, gains[0].state, gains[0].rest)


def print_costs(recorded: Recorded, taken: Sequence[Taken]) -> None:
    """Print the lines that fit the measured preparations."""
    from nanogpt_rs.commands.console import err
    from nanogpt_rs.commands.cost import print_model
    from nanogpt_rs.predicting.cost_prediction import CostError, model_of

    if not taken:
        return
    try:
        print_model(recorded.run, model_of(taken), taken)
    except CostError as error:
        err.say(f"nanogpt-rs: {error}")


def print_self_tests(recorded: Recorded) -> None:
    """Print the findings of a self-test, condition by condition."""
    from nanogpt_rs.commands.selftest import report

    records = [record for record in recorded.others if isinstance(record, SelfTest)]
    for condition in dict.fromkeys(record.condition for record in records):
        report(condition, [recorded], Path(recorded.run.run), as_json=False)


def print_races(recorded: Recorded) -> None:
    """Print races of training."""
    from nanogpt_rs.commands.divisions import print_closed, print_open

    for race in of_kind(recorded, ClosedRace):
        print_closed(of_kind(recorded, RaceEntry), race)
    for open_race in of_kind(recorded, OpenRace):
        losses = [entry.val_loss for entry in of_kind(recorded, OpenRaceEntry)]
        print_open(losses, open_race)
    from nanogpt_rs.commands.arm_races import print_arms, print_programs

    for arm_race in of_kind(recorded, ArmRace):
        print_arms(of_kind(recorded, RacedArm), arm_race)
    for programs in of_kind(recorded, WholePrograms):
        print_programs(of_kind(recorded, WholeProgram), programs)
