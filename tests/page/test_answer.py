"""The answer at the top of the page, and the line of each task, in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from pages import as_marked, judged, page_of, write_page
from reader import Reader

from nanogpt_rs.reporting.headline import best_rust

pytestmark = pytest.mark.slow("drives a real browser")

COMPARED = ("charset", "encode")


def test_the_first_screen_answers(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    answer = reader.text("#answer")
    assert (
        "On lab-1, with the text tinyshakespeare (1,115,394 characters, state warm): yes." in answer
    )
    assert "not measured" in answer
    for fact in ("lab-1", "release build", "tinyshakespeare", "0123456", "2026-01-02"):
        assert fact in reader.text("#answer .where")
    assert reader.run("return document.querySelector('#glance').getBoundingClientRect().top") < 700


def test_an_implementation_with_nothing_but_invalid_results_is_not_the_best(
    reader: Reader, tmp_path: Path
) -> None:
    cells = as_marked(made_up.cells(("charset",), ("tinyshakespeare",)))
    best = best_rust([cell for cell in cells if not cell.limit])
    assert best is not None
    cells[cells.index(best)] = made_up.without_a_word(best)
    second = best_rust([cell for cell in cells if not cell.limit])
    assert second is not None
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    assert reader.texts("#glance tbody th .idea") == [second.id]
    ranking = reader.texts("section[id='ranking-charset'] tbody th bdi")
    assert ranking.index(best.id) < ranking.index(second.id)


def test_a_task_without_a_clear_verdict_is_counted(reader: Reader, tmp_path: Path) -> None:
    cells = as_marked(made_up.cells(("charset", "encode"), ("tinyshakespeare",)))
    rust = [cell for cell in cells if cell.task == "encode" and cell.id.startswith("rust/")]
    for cell in rust:
        invalid = made_up.without_a_word(cell)
        against = [
            replace(pair, comparison=replace(pair.comparison, ratio=None, interval=None))
            for pair in invalid.against
        ]
        cells[cells.index(cell)] = replace(invalid, against=tuple(against))
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    answer = reader.text("#answer")
    assert "partly" in answer
    assert "in 1 of 2 tasks; in 1 this run could not tell" in answer
    reader.check_quiet()


def test_a_python_that_is_faster_than_the_strongest_takes_its_place(
    reader: Reader, tmp_path: Path
) -> None:
    """The best Rust is compared with that Python, without an interval, as none was measured."""
    cells = as_marked(made_up.cells(COMPARED, ("tinyshakespeare",)))
    place = next(
        index
        for index, cell in enumerate(cells)
        if (cell.task, cell.id) == ("charset", "python/set")
    )
    cells[place] = judged(cells[place], "strongest", verdict="faster", ratio=4.0, p_value=1e-9)
    best = best_rust([cell for cell in cells if cell.task == "charset" and not cell.limit])
    assert best is not None
    (ratio,) = [pair.comparison.ratio for pair in best.against if pair.role == "strongest"]
    assert ratio is not None
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    answer = reader.text("#answer")
    assert ": partly." in answer
    assert "in 1 of 2 tasks" in answer
    assert "In 1 of these tasks another Python is faster here than the one marked" in answer
    assert "a mark that the registry gives for all texts of this width" in answer
    (about,) = re.findall(r"the best Rust is about ([\d.]+) times as fast", answer)
    assert float(about) == pytest.approx(ratio / 4, rel=0.01)
    assert reader.texts("#glance td.ratio")[0] == f"≈ {about}×"
    assert "not measured as a pair" in reader.texts("#glance td.v")[0]
    assert "compared with python/set, which is faster here" in reader.text("#glance tbody tr")
    words = "python/set is faster here than the Python marked as strongest"
    assert words in reader.text("section[id='ranking-charset']")
    assert "marked as strongest" not in reader.text("section[id='ranking-encode'] .note")
    reader.select("base", "lecture")
    assert words not in reader.text("section[id='ranking-charset']")
    assert "≈" not in reader.text("#glance tbody")
    reader.check_quiet()


def test_counts_of_instructions_are_not_shown_as_times(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    counted = [
        replace(
            cell, seconds=None, quantiles=(), against=(), instructions=1000, state="instructions"
        )
        for cell in made_up.cells(("charset", "encode"), ("tinyshakespeare",))
    ]
    other = replace(made_up.RUN, run="20260102T040405Z-aaaaaa", command="count")
    paths = [made_up.write(tmp_path, made_up.RUN, cells), made_up.write(tmp_path, other, counted)]
    reader.open(write_page(tmp_path, *paths))
    assert reader.texts("#glance tbody tr th bdi")[0] == "charset"
    assert "encode" not in reader.text("#glance")
    assert reader.texts("#run option") == [f"lab-1, 2026-01-02, bench, {len(cells)} cells"]
    reader.check_quiet()


def test_two_machines_are_never_mixed(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    other = replace(
        made_up.RUN,
        run="20260203T040506Z-fedcba",
        machine=replace(made_up.HOST, alias="lab-2"),
    )
    first = made_up.write(tmp_path, made_up.RUN, cells)
    second = made_up.write(tmp_path, other, [replace(cell, seconds=1.0) for cell in cells[:9]])
    reader.open(write_page(tmp_path, first, second, first))
    times = "section[id='ranking-charset'] tbody tr > :nth-child(3)"
    assert "lab-1" in reader.text("#answer")
    assert len(reader.texts(times)) == len(cells)
    assert not any("1.00 s" in words for words in reader.texts(times))
    reader.select("run", other.run)
    assert "lab-2" in reader.text("#answer")
    assert {words.splitlines()[0] for words in reader.texts(times)} == {"1.00 s"}
    assert len(reader.texts("#runs section tbody tr, #runs [aria-label='All runs'] tbody tr")) == 2
    reader.check_quiet()


def test_a_run_without_a_cell_and_one_with_a_single_cell(reader: Reader, tmp_path: Path) -> None:
    reader.open(page_of(tmp_path / "none", made_up.RUN, [], complete=False))
    assert "no answer yet" in reader.text("#answer")
    assert "1 run has begun" in reader.text("#content")
    reader.check_quiet()
    cell = made_up.cells(("charset",), ("tinyshakespeare",))[0]
    reader.open(page_of(tmp_path / "one", made_up.RUN, [replace(cell, against=())]))
    assert "so it has no answer" in reader.text("#answer")
    assert reader.texts("#rankings tbody bdi") == ["python/set"]
    reader.check_quiet()
