"""The command that makes the page."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import made_up
import pytest
from messages import only_message

pytestmark = pytest.mark.slow("drives a real browser")

Run_ = Callable[..., subprocess.CompletedProcess[str]]


def test_the_command(nanogpt_rs: Run_, run_file: Path, tmp_path: Path) -> None:
    done = nanogpt_rs("show", "--format=html", "--out", "here/page.html", str(run_file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "here/page.html\n", "")
    assert (tmp_path / "here/page.html").read_bytes().startswith(b"<!doctype html>")


def test_without_files_it_takes_the_newest_of_each_command(
    nanogpt_rs: Run_, run_file: Path, tmp_path: Path
) -> None:
    for command, name in (("bench", "20250101"), ("bench", run_file.stem), ("compare", "20250202")):
        folder = tmp_path / "results/local" / command
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(run_file, folder / f"{name}.jsonl")
    done = nanogpt_rs("show", "--format=html")
    assert (done.returncode, done.stdout) == (0, "results/local/report.html\n"), done.stderr
    assert "20250202.jsonl" in (tmp_path / "results/local/report.html").read_text()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"steps":2000', b'"steps":2001', "line 2: its checksum does not fit"),
        (b'"schema_version":1', b'"schema_version":7', "line 1: schema_version 7 is newer than 1"),
        (b"}\n", b"\n", "line 1: not JSON"),
    ],
)
def test_a_damaged_division_is_named(
    nanogpt_rs: Run_, division_file: Path, old: bytes, new: bytes, says: str
) -> None:
    division_file.write_bytes(division_file.read_bytes().replace(old, new))
    done = nanogpt_rs("show", "--format=html", str(division_file))
    assert done.returncode == 1
    assert says in done.stderr


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda data: data.replace(b'"schema_version":1', b'"schema_version":99', 1), "update it"),
        (lambda data: data.replace(b"charset", b"charsat", 1), "checksum does not fit"),
        (lambda data: data[:0], "holds no record"),
    ],
)
def test_a_damaged_file_is_named(
    nanogpt_rs: Run_, tmp_path: Path, spoil: Callable[[bytes], bytes], expected: str
) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))[:2]
    path = made_up.write(tmp_path, made_up.RUN, cells, complete=False)
    path.write_bytes(spoil(path.read_bytes()))
    done = nanogpt_rs("show", "--format=html", str(path))
    assert done.returncode == 1
    assert only_message(done.stderr)
    assert path.name in done.stderr
    assert expected in done.stderr
    assert not list(tmp_path.rglob("*.html"))


def test_where_nothing_was_measured(nanogpt_rs: Run_) -> None:
    done = nanogpt_rs("show", "--format=html")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no run is kept here" in done.stderr
    assert "hint: `make bench`" in done.stderr


def test_the_page_is_opened_in_the_users_browser(
    nanogpt_rs: Run_, run_file: Path, tmp_path: Path
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    done = nanogpt_rs("show", "--open", "-o", "page.html", str(run_file), BROWSER=str(browser))
    assert (done.returncode, done.stdout) == (0, "page.html\n"), done.stderr
    assert (tmp_path / "opened").read_text() == f"file://{tmp_path}/page.html\n"
