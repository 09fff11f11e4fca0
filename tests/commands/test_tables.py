"""What tables in a terminal and exported tables say of builds and of ranks."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from shown_tables import tables_in

from nanogpt_rs.records.schema import Cell
from nanogpt_rs.words import duration_range

Run = Callable[..., subprocess.CompletedProcess[str]]

COLUMNS = ("builds", "fastest_build_seconds", "slowest_build_seconds")


@pytest.fixture
def cells() -> dict[str, Cell]:
    """Cells in no build, in four, in one, and in one of before builds were counted."""
    made = {cell.id: cell for cell in made_up.cells(("charset",), ("tinyshakespeare",))}
    return {
        "python/set": made["python/set"],
        "rust/ahash": made_up.in_builds([made["rust/ahash"]], 4)[0],
        "rust/bit_table": made_up.in_builds([made["rust/bit_table"]], 1)[0],
        "rust/foldhash": made["rust/foldhash"],
    }


@pytest.fixture
def path(cells: dict[str, Cell], tmp_path: Path) -> str:
    return str(made_up.write(tmp_path, made_up.RUN, list(cells.values())))


def columns_of(text: str) -> dict[str, list[str]]:
    """Return the words of each row of the table in a text, by the implementation."""
    (rows,) = tables_in(text)
    return {words[1]: words for words in rows}


def test_a_table_says_how_far_builds_differ(
    nanogpt_rs: Run, cells: dict[str, Cell], path: str
) -> None:
    by_build = cells["rust/ahash"].seconds_by_build
    expected = {
        "python/set": "",
        "rust/ahash": duration_range(min(by_build), max(by_build)),
        "rust/bit_table": "one build",
        "rust/foldhash": "one build",
    }
    done = nanogpt_rs("show", path)
    assert done.returncode == 0, done.stderr
    assert "fastest to slowest" in done.stdout
    assert {id: words[3] for id, words in columns_of(done.stdout).items()} == expected
    assert "1 to 4 release builds, sources" in done.stdout
    narrow = nanogpt_rs("show", path, COLUMNS="80").stdout
    assert max(map(len, narrow.splitlines())) <= 80
    (rows,) = tables_in(narrow)
    shown = [words[2] for words in rows]
    assert [words for words in expected.values() if words and words not in shown] == []


def test_a_table_gives_the_same_places_to_rows_that_are_not_told_apart(
    nanogpt_rs: Run, cells: dict[str, Cell], tmp_path: Path
) -> None:
    times = {"rust/ahash": 1.0, "rust/bit_table": 1.1, "rust/foldhash": 1.9, "python/set": 3.0}
    alone = [
        replace(
            cells[id],
            seconds=seconds,
            quantiles=(seconds,) * 5,
            seconds_by_build=(0.9, 1.0, 1.0, 1.2) if id == "rust/ahash" else (),
            against=(),
        )
        for id, seconds in times.items()
    ]
    path = made_up.write(tmp_path, made_up.RUN, alone)
    rows = columns_of(nanogpt_rs("show", str(path)).stdout)
    assert {id: words[0] for id, words in rows.items()} == {
        "rust/ahash": "1-2",
        "rust/bit_table": "1-2",
        "rust/foldhash": "3",
        "python/set": "4",
    }


@pytest.fixture
def expected(cells: dict[str, Cell]) -> dict[str, tuple[str, str, str]]:
    """What an exported table says of builds."""
    by_build = cells["rust/ahash"].seconds_by_build
    return {
        "python/set": ("", "", ""),
        "rust/ahash": ("4", f"{min(by_build):.4g}", f"{max(by_build):.4g}"),
        "rust/bit_table": ("1", "", ""),
        "rust/foldhash": ("1", "", ""),
    }


def test_csv_says_how_far_builds_differ(
    nanogpt_rs: Run, path: str, expected: dict[str, tuple[str, str, str]]
) -> None:
    table = csv.DictReader(nanogpt_rs("show", "--format=csv", path).stdout.splitlines())
    found = {row["id"]: [row[name] for name in COLUMNS] for row in table}
    assert {
        id: (count, *(f"{float(seconds):.4g}" if seconds else "" for seconds in range_))
        for id, (count, *range_) in found.items()
    } == expected


def test_markdown_says_how_far_builds_differ(
    nanogpt_rs: Run, path: str, expected: dict[str, tuple[str, str, str]]
) -> None:
    table = nanogpt_rs("show", "--format", "markdown", path).stdout
    head, _, *rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    places = [head.index(name) for name in COLUMNS]
    assert {row[1]: tuple(row[place].strip() for place in places) for row in rows} == expected


def test_parquet_says_how_far_builds_differ(
    nanogpt_rs: Run, path: str, tmp_path: Path, cells: dict[str, Cell]
) -> None:
    import pandas

    done = nanogpt_rs("show", "--format", "parquet", "--out", "table.parquet", path)
    assert done.returncode == 0, done.stderr
    frame = pandas.read_parquet(tmp_path / "table.parquet").drop_duplicates("id").set_index("id")
    assert frame["builds"].dtype == "Int64"
    assert frame["builds"].dropna().to_dict() == {
        "rust/ahash": 4,
        "rust/bit_table": 1,
        "rust/foldhash": 1,
    }
    by_build = cells["rust/ahash"].seconds_by_build
    assert frame.loc["rust/ahash", "slowest_build_seconds"] == pytest.approx(
        max(by_build), rel=1e-5
    )
    assert frame["fastest_build_seconds"].dropna().to_dict() == {
        "rust/ahash": pytest.approx(min(by_build), rel=1e-5)
    }


def test_an_export_says_which_rows_are_a_third_partys(nanogpt_rs: Run, tmp_path: Path) -> None:
    first, second = made_up.cells(("charset",), ("tinyshakespeare",))[:2]
    origin = "mine.py, SHA-256 0123456789abcdef"
    path = made_up.write(tmp_path, made_up.RUN, [replace(first, origin=origin), second])
    rows = csv.DictReader(nanogpt_rs("show", "--format=csv", str(path)).stdout.splitlines())
    assert {(row["id"], row["origin"]) for row in rows} == {(first.id, origin), (second.id, "")}
    assert origin in nanogpt_rs("show", "--format=markdown", str(path)).stdout


def test_counted_instructions_are_shown(nanogpt_rs: Run, tmp_path: Path) -> None:
    (cell,) = made_up.cells(("charset",), ("tinyshakespeare",))[:1]
    counted = replace(cell, seconds=None, against=(), instructions=123_456, state="instructions")
    run = replace(made_up.RUN, command="count")
    done = nanogpt_rs("show", str(made_up.write(tmp_path, run, [counted])))
    assert done.returncode == 0, done.stderr
    assert "123,456" in done.stdout
    assert "can be compared across commits" in done.stdout
