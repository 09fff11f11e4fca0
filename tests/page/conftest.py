"""Pages and files that the tests of the page share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from pages import as_marked, write_page

from nanogpt_rs.records import files as records
from nanogpt_rs.records.races import RaceEntry, TrainingSpeedup
from nanogpt_rs.training import divisions

COMPARED = ("charset", "encode")


@pytest.fixture(scope="session")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two tasks on three texts, in which one contender is wrong and one not applicable."""
    cells = as_marked(made_up.cells(COMPARED))
    cells[1] = made_up.without_time(cells[1], "wrong", "a worker process died of SIGSEGV")
    cells[2] = made_up.without_time(cells[2], "n/a", "needs a processor that this is not")
    return made_up.write(tmp_path_factory.mktemp("run"), made_up.RUN, cells)


@pytest.fixture(scope="session")
def usual(run_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of that run."""
    return write_page(tmp_path_factory.mktemp("page"), run_file)


@pytest.fixture
def division_file(tmp_path: Path) -> Path:
    """A file of a division in which a step takes 20 ms."""
    entries = (
        RaceEntry("lecture", 1, 2000, 1.91, 0.05, 0.0, "a"),
        RaceEntry("fastest", 1, 2000, 1.91, 0.02, 12.0, "a"),
    )
    gains = (TrainingSpeedup("lecture", 2.5, (2.4, 2.6), 700),)
    outcome = divisions.Closed(entries, gains, 0.01, True, {})
    others = outcome.records("tinyshakespeare", "ab" * 32, "rust/bit_table")
    run = replace(made_up.RUN, command="division", run="20260102T030405Z-123456")
    path = records.keep_whole(tmp_path / "training", run, others)
    return path.rename(tmp_path / "divisions.jsonl")
