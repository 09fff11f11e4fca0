"""Files of records that a crash or a disk has damaged, as the commands that read them see them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nanogpt_rs.records.files import read_lines
from nanogpt_rs.records.schema import RecordError

FIRST = Path(__file__).parent / "data/records-v1.jsonl"
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_run_that_a_crash_cut_off_is_shown_as_far_as_it_is_whole(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    (tmp_path / "cut.jsonl").write_bytes(FIRST.read_bytes()[:-50])
    for format in ("table", "csv", "html"):
        done = nanogpt_rs("show", f"--format={format}", "cut.jsonl")
        assert done.returncode == 0, done.stderr
        assert "cut.jsonl: the last line is cut off, as by a crash, and is left" in done.stderr
        assert format == "html" or "foldhash" in done.stdout
    assert (tmp_path / "results/local/report.html").is_file()


def test_a_damaged_file_of_another_command_keeps_nothing_from_the_page(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    for command in ("bench", "memory"):
        (tmp_path / "results/local" / command).mkdir(parents=True)
    (tmp_path / "results/local/bench/2030-01-01-a.jsonl").write_bytes(FIRST.read_bytes())
    for damaged in (b"no record\n", FIRST.read_bytes().replace(b"foldhash", b"foldhush")):
        (tmp_path / "results/local/memory/2030-01-01-b.jsonl").write_bytes(damaged)
        done = nanogpt_rs("show", "--format=html")
        assert done.returncode == 0, done.stderr
        assert "left out of the page: " in done.stderr
        assert "memory/2030-01-01-b.jsonl" in done.stderr
        assert done.stdout == "results/local/report.html\n"


def test_damaged_files_are_named(nanogpt_rs: Run, tmp_path: Path) -> None:
    (tmp_path / "changed.jsonl").write_bytes(FIRST.read_bytes().replace(b"foldhash", b"foldhush"))
    for format in ("table", "csv", "html"):
        done = nanogpt_rs("show", f"--format={format}", "changed.jsonl")
        assert done.returncode == 1
        assert done.stdout == ""
        assert "changed.jsonl, line 3: its checksum does not fit" in done.stderr
        assert "Traceback" not in done.stderr
    done = nanogpt_rs("show")
    assert "no run of bench or compare is kept here" in done.stderr


def test_a_changed_end_is_not_taken_for_a_cut_off_line() -> None:
    whole = FIRST.read_bytes()
    for byte in range(256):
        if byte != ord("\n"):
            with pytest.raises(RecordError, match="f, line 4: cut off"):
                read_lines(whole[:-1] + bytes([byte]), "f")
