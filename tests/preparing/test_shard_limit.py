"""``nanogpt-rs data bench --rounds``: a preparation is measured beside its limit."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from messages import only_message
from preparations import TEXT, write

from nanogpt_rs.preparing import stages
from nanogpt_rs.preparing.shard_limit import stage_seconds, write_as_limit
from nanogpt_rs.records import files
from nanogpt_rs.records.preparations import PreparationRounds

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.slow("prepares a text many times")
def test_a_preparation_beside_its_limit(nanogpt_rs: Run, tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT * 100)
    arguments = (
        *("data", "bench", str(path), "--out=out"),
        *("--threads=2", "--rounds=2", "--part-bytes=9999"),
    )
    done = nanogpt_rs(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["rounds"] == 2
    one, two = document["arms"]
    assert [arm["engine"] for arm in (one, two)] == [
        "--engine=threads --threads=1 --part-bytes=9999",
        "--engine=threads --threads=2 --part-bytes=9999",
    ]
    for arm in (one, two):
        low, high = arm["of_limit"]["interval"]
        assert 0 < low <= arm["of_limit"]["ratio"] <= high
        assert list(arm["stages"]) == list(stages.STAGES)
    assert one["of_first"] is None
    assert list(two["of_first"]) == ["vocabulary", "encoding"]
    assert document["run"]["machine"]["alias"]
    assert document["bytes"] == path.stat().st_size
    assert document["meanwhile"]["seconds"] >= 2 * document["limit"]["seconds"]
    assert list((tmp_path / "out").iterdir()) == []  # measured shards are removed
    (path,) = (tmp_path / "results/local/preparation").glob("*.jsonl")
    (recorded,) = files.read(path)
    (record,) = recorded.others
    assert isinstance(record, PreparationRounds)
    assert recorded.complete
    assert recorded.run.run == document["run"]["run"]
    assert (record.bytes, record.rounds) == (document["bytes"], 2)
    assert [arm.engine for arm in record.arms] == [one["engine"], two["engine"]]
    assert record.arms[1].of_limit.ratio == pytest.approx(two["of_limit"]["ratio"], rel=1e-5)
    assert str(tmp_path) not in path.read_text()
    done = nanogpt_rs(*arguments)
    assert done.returncode == 0, done.stderr
    assert "of the limit's" in done.stdout
    assert "times as fast as with one" in done.stdout
    assert "processors busy" in done.stdout
    for text, folder, says in (
        ("none.txt", "out", "none.txt: No such file or directory"),
        ("0.txt", "0.txt", "0.txt: File exists"),
    ):
        done = nanogpt_rs("data", "bench", text, f"--out={folder}", "--rounds=2")
        assert done.returncode in {1, 2}
        assert only_message(done.stderr)
        assert says in done.stderr


def test_a_stage_is_shared_by_no_more_workers_than_parts() -> None:
    document = {"busy_seconds": {"encoding": 6.0}, "engine": {"workers": 8}, "parts": 3}
    assert stage_seconds(document, "encoding") == 2
    assert stage_seconds(document | {"parts": 30}, "encoding") == 0.75


def test_options_that_rounds_cannot_have_are_refused(nanogpt_rs: Run) -> None:
    for arguments, says in (
        (["--again"], "no such option: --again"),
        (["--workers=2"], "--scheduler and --workers need --engine dask"),
        (["--engine=dask", "--scheduler=x"], "no such option: --scheduler"),
    ):
        done = nanogpt_rs("data", "bench", "0.txt", "--out=out", "--rounds=2", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr


def test_the_limit_reads_and_writes_what_a_preparation_does(tmp_path: Path) -> None:
    first, second = write(tmp_path, "abc", TEXT)
    write_as_limit([str(first), str(second)], tmp_path)
    twice = 2 * (first.stat().st_size + second.stat().st_size)
    assert (tmp_path / "limit.bin").stat().st_size == twice
