"""`nanogpt-rs data cost`: real preparations of real files, and predictions from their records."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from installations import Installation

from nanogpt_rs.predicting import cost_measurement
from nanogpt_rs.predicting.cost_prediction import CALL, STAGES
from nanogpt_rs.records import files as records
from nanogpt_rs.records.schema import Taken

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Measure two sizes twice, and return the file of records and what was printed."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-P", "-m", "nanogpt_rs", "data", "cost", "1GB", "10TB", "--json"]
    command += ["--measure", "--up-to", "10MB", "--repeats", "2"]
    done = subprocess.run(
        [*command, "--results", str(folder), "--folder", str(folder)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in folder.iterdir()] == ["cost"], "what was prepared is gone"
    return records.newest(folder / "cost"), json.loads(done.stdout)


def test_the_single_thread_that_predictions_are_fitted_to_is_always_measured() -> None:
    single = cost_measurement.Way("threads", 1, ("--threads", "1"))
    for engines in (["threads"], ["dask"], ["dask", "threads"]):
        assert cost_measurement.ways([1, 2], engines).count(single) == 1


def test_measured_preparations_are_kept(kept: tuple[Path, dict[str, Any]]) -> None:
    (run,) = records.read(kept[0])
    assert run.complete
    taken = [other for other in run.others if isinstance(other, Taken)]
    ways = {preparation.way for preparation in taken}
    assert {"threads", "python/file_blocks", "rust/two_passes"} <= ways
    assert len(taken) == len(ways) * 2 * 2
    for preparation in taken:
        assert preparation.seconds > 0
        assert preparation.bytes in (10**6, 10**7)
        assert preparation.characters == preparation.bytes
        assert preparation.busy.keys() >= ({CALL} if "/" in preparation.way else set(STAGES))


def test_larger_texts_take_longer_and_say_how_far_beyond_the_measured_they_are(
    kept: tuple[Path, dict[str, Any]],
) -> None:
    gigabyte, terabytes = kept[1]["predictions"]
    assert gigabyte["stretched"] == pytest.approx(100)
    assert terabytes["stretched"] == pytest.approx(10**6)
    assert 0 < gigabyte["total"]["low"] <= gigabyte["total"]["seconds"] <= gigabyte["total"]["high"]
    assert terabytes["total"]["seconds"] > 1000 * gigabyte["total"]["seconds"]
    assert [stage["name"] for stage in gigabyte["stages"]] == list(STAGES)


def test_the_records_give_predictions_for_other_machines(
    nanogpt_rs: Run, kept: tuple[Path, dict[str, Any]]
) -> None:
    arguments = (
        *("data", "cost", "10TB", "--record", str(kept[0])),
        *("--machines", "4", "--cores", "8"),
    )
    # Slower than any pause of the disk during the measurement.
    done = nanogpt_rs(*arguments, "--network", "1MB/s", "--json")
    (prediction,) = json.loads(done.stdout)["predictions"]
    assert {stage["bound"] for stage in prediction["stages"]} == {"network"}
    assert prediction["total"]["seconds"] == pytest.approx(3e13 / 1e6)
    shown = nanogpt_rs(*arguments)
    assert shown.returncode == 0
    assert "4 machines of 8 cores" in shown.stdout
    assert "1,000,000" in shown.stdout
    assert "e+" not in shown.stdout


def test_a_job_that_no_memory_holds_is_answered_from_the_records(
    nanogpt_rs: Run, kept: tuple[Path, dict[str, Any]]
) -> None:
    job = ("job", "predict", "--corpus-size", "1TB", "--steps", "100", "--step-time", "20ms")
    done = nanogpt_rs(*job, "--record", str(kept[0]), "--json")
    answers = json.loads(done.stdout)["answers"]
    assert [answer["reference"] for answer in answers] == ["python/file_blocks"] * len(answers)
    assert "extrapolated" in answers[0]["extrapolation"]
    assert "the job" in nanogpt_rs(*job, "--record", str(kept[0])).stdout


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["much"], 2, "'much' is not a size"),
        (["1GB", "--read", "2GB"], 2, "'2GB' is not a speed"),
        (["1GB", "--measure", "--up-to", "9MB"], 1, "two sizes or more"),
        (["1GB"], 3, "cost --measure"),
        (["1GB", "--record", "none.jsonl"], 1, "none.jsonl: No such file"),
        (["1GB", "--measure", "--up-to", "10MB", "--folder", "none"], 1, "none"),
    ],
)
def test_what_cannot_be_predicted_is_refused_with_the_reason(
    forked: Run, tmp_path: Path, arguments: list[str], status: int, says: str
) -> None:
    results = [] if "--record" in arguments else ["--results", str(tmp_path)]
    done = forked("data", "cost", *arguments, *results)
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_records_of_another_command_are_refused(
    nanogpt_rs: Run, kept: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    lines = kept[0].read_bytes().splitlines(keepends=True)
    other = tmp_path / "other.jsonl"
    other.write_bytes(lines[0])
    done = nanogpt_rs("data", "cost", "--record", str(other))
    assert done.returncode == 3
    assert "holds no run of `nanogpt-rs data cost --measure`" in done.stderr


def test_a_way_that_writes_other_shards_is_named(installation: Installation) -> None:
    path = installation.folder / "py_impls/shard_files.py"
    text = path.read_text(encoding="utf-8")
    assert "9 * length // 10" in text
    path.write_text(text.replace("9 * length // 10", "8 * length // 10"), encoding="utf-8")
    done = installation.run(
        *("-m", "nanogpt_rs", "data", "cost", "--measure", "--up-to", "10MB", "--repeats", "2"),
        cwd=installation.folder,
    )
    assert done.returncode == 1, done.stdout
    assert "wrote other shards than the other ways, of 1,000,000 bytes" in done.stderr
