"""All that lies in ``results`` is read and shown, whatever version wrote it."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nanogpt_rs.records import files, kinds
from nanogpt_rs.records.self_tests import SelfTestGroup
from nanogpt_rs.reporting.publish import second_page
from nanogpt_rs.reporting.report import page
from nanogpt_rs.ruler import provenance

Run = Callable[..., subprocess.CompletedProcess[str]]
RESULTS = provenance.ROOT / "results"
read = functools.cache(files.read)
PAGES = {".html", ".svg"}
"""Ends of names of files that are made from records."""
OTHER_TOOLS = {"asv", "pytest-benchmark"}
"""Folders whose files other tools define."""


def all_files() -> Iterator[Path]:
    """The committed files of results, those of a clone's own runs apart."""
    for path in sorted(RESULTS.rglob("*")):
        folder = path.relative_to(RESULTS).parts[0]
        if path.is_file() and folder != "local" and path.suffix not in PAGES:
            yield path


OURS = [path for path in all_files() if path.relative_to(RESULTS).parts[0] not in OTHER_TOOLS]
OLD = {
    "bench/2026-11-22-xeon-2core-04c9c6a.json": (420, 0),
    "bench/2026-11-25-xeon-2core-ecb4e2a.json": (144, 0),
    "bench/2026-11-25-xeon-2core-ecb4e2a-russian.json": (18, 0),
    "preparation/2026-11-25-epyc-2core-7c6ebacf-dask-4gb.json": (0, 1),
    "preparation/2026-11-26-epyc-2core-846948bf-threads-1gb.json": (0, 1),
    "preparation/2026-11-26-epyc-2core-846948bf-threads-4gb.json": (0, 1),
    "selftest/2026-11-25-epyc-2core-loaded.jsonl": (0, 300),
    "selftest/2026-11-25-xeon-2core-as-is.jsonl": (0, 519),
    "selftest/2026-11-25-xeon-2core-loaded.jsonl": (0, 261),
    "training/2026-11-25-xeon-2core-closed.jsonl": (0, 6),
    "training/2026-11-25-xeon-2core-open.jsonl": (0, 21),
    "training/2026-11-26-h200-16core-36338ac1-baby.json": (0, 1),
}
"""Files of old formats, with the numbers of their cells and of their other records."""


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_file_of_records_is_read(path: Path) -> None:
    runs = read(path)
    assert runs
    for recorded in runs:
        assert recorded.complete
        assert recorded.cells or recorded.others
        assert kinds.folder_of(recorded.run.command) == path.parent.name or path.suffix == ".json"
        assert recorded.run.machine.alias in path.name
        assert (recorded.run.commit or "")[:7] in path.name or path.parent.name == "training"


@pytest.mark.parametrize("name", OLD)
def test_an_old_format_is_read_as_records_of_today(name: str) -> None:
    runs = read(RESULTS / name)
    cells = sum(len(recorded.cells) for recorded in runs)
    others = sum(len(recorded.others) for recorded in runs)
    assert (cells, others) == OLD[name]
    data = b"".join(line for recorded in runs for line in files.lines_of(recorded))
    today = files.read_lines(data, "written today")
    assert [recorded.run for recorded in today] == [recorded.run for recorded in runs]
    assert sum(len(recorded.others) for recorded in today) == others


def test_old_numbers_stay_what_they_were() -> None:
    (closed,) = read(RESULTS / "training/2026-11-25-xeon-2core-closed.jsonl")
    body = json.loads((RESULTS / "training/2026-11-25-xeon-2core-closed.jsonl").read_bytes())
    losses = [record.val_loss for record in closed.others if hasattr(record, "val_loss")]
    assert losses == [entry["val_loss"] for entry in body["entries"]]
    path = RESULTS / "selftest/2026-11-25-xeon-2core-loaded.jsonl"
    documents = [json.loads(line) for line in path.read_bytes().splitlines()]
    groups = [
        record
        for recorded in read(path)
        for record in recorded.others
        if isinstance(record, SelfTestGroup)
    ]
    assert [
        {contender.name: (contender.verdict, contender.ratio) for contender in group.contenders}
        for group in groups
    ] == [
        {
            name: (contender["verdict"], contender["ratio"])
            for name, contender in document["contenders"].items()
        }
        for document in documents
        if "contenders" in document
    ]
    assert {group.condition for group in groups} == {"loaded"}


def test_other_tools_files_are_read() -> None:
    for path in all_files():
        folder = path.relative_to(RESULTS).parts[0]
        if folder == "pytest-benchmark":
            assert b"median" in second_page(path, compared=False)
        elif folder == "asv":
            assert json.loads(path.read_bytes())
        else:
            assert path in OURS


def test_every_kind_of_file_is_shown(nanogpt_rs: Run) -> None:
    first = {(path.parent.name, path.suffix): path for path in reversed(OURS)}
    for path in first.values():
        done = nanogpt_rs("show", str(path))
        assert (done.returncode, done.stderr) == (0, ""), path
        recorded = read(path)[0]
        assert f"{recorded.run.machine.alias}: " in done.stdout
        tables = sum(line.startswith("─") for line in done.stdout.splitlines())
        only_cells = path.parent.name in ("bench", "compare")
        assert tables >= (not only_cells) + bool(recorded.cells), path
        found = [getattr(other, "found", None) for other in recorded.others]
        ids = {str(each.id) for each in found if hasattr(each, "id")}
        assert [id for id in ids if id not in done.stdout] == [], path


def test_all_runs_make_a_page() -> None:
    named = [(str(path), path.read_bytes()) for path in OURS if path.suffix == ".jsonl"]
    document = page(named).decode()
    assert "2026-11-25-xeon-2core-closed.jsonl" in document


def test_old_self_tests_are_summarized(nanogpt_rs: Run, tmp_path: Path) -> None:
    data = (RESULTS / "selftest/2026-11-25-xeon-2core-as-is.jsonl").read_bytes()
    (tmp_path / "as-is.jsonl").write_bytes(data)
    done = nanogpt_rs("doctor", "--self-test", "--show", "--folder", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert len(document["about"]) == 3
    same = next(each for each in document["findings"] if each["contender"] == "same")
    assert same["found"]["tries"] == 100
    done = nanogpt_rs(
        *("doctor", "--self-test", "--show"),
        *("--folder", str(RESULTS / "selftest"), "--condition", "loaded"),
    )
    assert done.returncode == 1
    assert "several machines (epyc-2core, xeon-2core)" in done.stderr
