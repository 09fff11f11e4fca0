"""What the page says of builds, of several, of one, and of old records, in a real browser."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from pages import PAPER_WIDTH, as_marked, least_contrast, page_of, write_page
from reader import Reader

from nanogpt_rs.records import files as records
from nanogpt_rs.records.builds import is_compiled, over_builds
from nanogpt_rs.records.durable import checksum
from nanogpt_rs.records.schema import Cell
from nanogpt_rs.reporting.report import MOST_RECORDS

pytestmark = pytest.mark.slow("drives a real browser")

COUNT = 16
ROWS = "section[id='ranking-charset'] tbody tr"
SEVERAL, ONE, OLD = (replace(made_up.RUN, run=f"2026010{day}T030405Z-abcdef") for day in (2, 3, 4))


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    return as_marked(made_up.cells(("charset",), ("tinyshakespeare",)))


@pytest.fixture(scope="module")
def three_runs(cells: list[Cell], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run in several builds, one in a single build, and one of before."""
    folder = tmp_path_factory.mktemp("builds")
    measured = (
        (SEVERAL, made_up.in_builds(cells, COUNT)),
        (ONE, made_up.in_builds(cells, 1)),
        (OLD, cells),
    )
    files = [made_up.write(folder, run, some) for run, some in measured]
    files[2].write_bytes(b"".join(map(as_before, files[2].read_bytes().splitlines())))
    return write_page(folder, *files)


def as_before(line: bytes) -> bytes:
    """Return a record as it was written before builds were counted: without their fields."""
    body = json.loads(line)
    for name in ("builds", "seconds_by_build"):
        body.pop(name, None)
    body["checksum"] = checksum(body)
    return json.dumps(body, separators=(",", ":")).encode() + b"\n"


def said_of_builds(reader: Reader) -> dict[str, str]:
    """Return what the ranking says of the builds of each implementation that it has a word on."""
    script = """
        return [...document.querySelectorAll(arguments[0])].map((row) =>
          [row.querySelector("th bdi").innerText, row.querySelector(".builds")?.innerText])
        """
    return {id: words for id, words in reader.run(script, ROWS) if words}


def lines_over_builds(reader: Reader, part: str) -> int:
    script = "return document.querySelectorAll(`${arguments[0]} .forest .over-builds`).length"
    return int(reader.run(script, part))


def test_each_compiled_row_says_its_fastest_and_its_slowest_build(
    reader: Reader, three_runs: Path, cells: list[Cell]
) -> None:
    reader.open(three_runs)
    reader.select("run", SEVERAL.run)
    words = said_of_builds(reader)
    compiled = {cell.id for cell in cells if cell.seconds and is_compiled(cell.task, cell.id)}
    assert "limit/read" in compiled
    assert set(words) == compiled
    ahash = next(cell for cell in cells if cell.id == "rust/ahash")
    assert ahash.seconds is not None
    fastest, slowest = (1000 * ahash.seconds * part for part in (0.8, 1.2))
    number, to, last, unit = words["rust/ahash"].split()
    assert (to, unit) == ("to", "ms")
    assert float(number) == pytest.approx(fastest, rel=0.01)
    assert float(last) == pytest.approx(slowest, rel=0.01)
    assert f"{COUNT} release builds" in reader.text("#answer .where")
    for part in ("#glance", "#rankings"):
        assert "from the slowest to the fastest build" in reader.text(f"{part} .legend")
        assert lines_over_builds(reader, part) > 0
    about = reader.text("#rankings")
    assert "intervals cover how far builds differ" in about
    assert "can change a time by half" in about
    label = f"{ROWS} .forest[aria-label^='rust/ahash: ']"
    spoken = reader.run("return document.querySelector(arguments[0]).ariaLabel", label)
    assert spoken.endswith(f"{words['rust/ahash']} in {COUNT} builds")
    reader.check_quiet()


@pytest.mark.parametrize("run", [ONE.run, OLD.run], ids=["one", "old"])
def test_a_row_of_one_build_says_so(
    reader: Reader, three_runs: Path, cells: list[Cell], run: str
) -> None:
    reader.open(three_runs)
    reader.select("run", run)
    compiled = {cell.id for cell in cells if cell.seconds and is_compiled(cell.task, cell.id)}
    assert said_of_builds(reader) == dict.fromkeys(compiled, "one build")
    assert "one release build" in reader.text("#answer .where")
    assert "ranks and verdicts hold for that build alone" in reader.text("#rankings .note")
    for part in ("#glance", "#rankings", "#spread"):
        assert lines_over_builds(reader, part) == 0
        assert "slowest to the fastest" not in reader.text(f"{part} .legend")
    reader.check_quiet()


def test_rows_of_one_build_are_told_from_the_others(
    reader: Reader, cells: list[Cell], tmp_path: Path
) -> None:
    mixed = [
        replace(cell, builds=1, seconds_by_build=()) if cell.id == "rust/ahash" else cell
        for cell in made_up.in_builds(cells, 8)
    ]
    reader.open(page_of(tmp_path, made_up.RUN, mixed))
    words = said_of_builds(reader)
    assert [id for id, said in words.items() if said == "one build"] == ["rust/ahash"]
    assert "of a row that says “one build” hold for that build alone" in reader.text("#rankings")
    assert "1 to 8 release builds" in reader.text("#rankings .where")


def test_tables_and_pictures_of_other_parts_have_the_builds_too(
    reader: Reader, three_runs: Path
) -> None:
    reader.open(three_runs)
    reader.select("run", SEVERAL.run)
    words = said_of_builds(reader)["rust/bit_table"]
    # How steady they are: a line over all builds and a stroke for each, and the numbers.
    drawn = "#spread .forest[aria-label^='rust/bit_table: processes'] .over-builds"
    script = "return document.querySelectorAll(arguments[0]).length"
    assert reader.run(script, drawn) == 1 + COUNT
    reader.run("document.querySelector('#spread summary').click()")
    at = reader.texts("#spread details thead th").index("fastest to slowest build")
    line = next(
        row.split("\t")
        for row in reader.texts("#spread details tbody tr")
        if row.startswith("rust/bit_table\t")
    )
    assert line[at] == f"{words} in {COUNT} builds"
    # Every text and state: a choice of its own, and words beside each number.
    titled = "return [...document.querySelectorAll('#texts td[title]')].map((node) => node.title)"
    assert any(title.endswith(f"{words} in {COUNT} builds") for title in reader.run(titled))
    reader.select("matrix", "builds")
    assert words in reader.texts("#texts td")
    assert "–" in reader.texts("#texts td")
    # Threads: beside both times.
    assert words in reader.text("#threads")
    reader.check_quiet()


def test_the_downloaded_table_has_the_builds(
    reader: Reader, three_runs: Path, tmp_path: Path
) -> None:
    reader.open(three_runs)
    reader.command("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    reader.select("run", SEVERAL.run)
    reader.run("[...document.querySelectorAll('button.download')].at(-1).click()")
    table = tmp_path / f"nanogpt-rs-{SEVERAL.run}.csv"
    reader.wait_for(table)
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    (run,) = records.read(three_runs.with_name(f"{SEVERAL.run}.jsonl"))
    known = {cell.id: over_builds(cell) for cell in run.cells}
    for row in rows:
        builds = known[row["id"]]
        written = [row[name] for name in ("fastest_build_seconds", "slowest_build_seconds")]
        if builds is None:
            assert [row["builds"], *written] == ["", "", ""]
        else:
            assert row["builds"] == str(builds.count)
            assert [float(number) for number in written] == list(builds.seconds or ())


def test_a_page_too_large_for_single_builds_has_the_fastest_and_the_slowest(
    reader: Reader, cells: list[Cell], tmp_path: Path
) -> None:
    measured = made_up.in_builds(cells, COUNT)
    many = [
        replace(cell, corpus=f"text-{index}")
        for index in range(MOST_RECORDS // len(measured) + 1)
        for cell in measured
    ]
    reader.open(page_of(tmp_path, made_up.RUN, many))
    assert "more than this page holds whole" in reader.text("#runs")
    words = said_of_builds(reader)
    assert words["rust/bit_table"] in reader.text("#spread .steady")
    assert " to " in words["rust/bit_table"]
    reader.check_quiet()


def test_rows_that_are_not_told_apart_share_their_places(reader: Reader, tmp_path: Path) -> None:
    """Nothing was compared here, so the builds decide: those of two rows overlap."""
    pattern = made_up.cells(("charset",), ("tinyshakespeare",))
    wanted = {"rust/ahash": 1.0, "rust/foldhash": 1.3, "rust/char_hasher": 9.0, "python/set": 90.0}
    rows = [
        replace(cell, seconds=wanted[cell.id], quantiles=(wanted[cell.id],) * 5, against=())
        for cell in pattern
        if cell.id in wanted
    ]
    places = "section[id='ranking-charset'] td.place"
    best = "section[id='ranking-charset'] tr.best th bdi"
    reader.open(page_of(tmp_path, made_up.RUN, made_up.in_builds(rows, COUNT)))
    assert reader.texts(places) == ["1–2", "1–2", "3", "4"]
    assert reader.texts(best) == ["rust/ahash", "rust/foldhash"]
    assert "rust/ahash (1 other may be as fast)" in reader.text("#glance")
    reasons = [
        "This run cannot tell which of the places 1 to 2 it has",
        "This run cannot tell which of the places 1 to 2 it has",
        "",
        "",
    ]
    script = "return [...document.querySelectorAll(arguments[0])].map((node) => node.title)"
    assert reader.run(script, places) == reasons
    reader.open(page_of(tmp_path / "one", made_up.RUN, made_up.in_builds(rows, 1)))
    assert reader.texts(places) == ["1", "2", "3", "4"]
    assert reader.texts(best) == ["rust/ahash"]
    # On a narrow screen the ranks stand before the names.
    reader.open(page_of(tmp_path / "narrow", made_up.RUN, made_up.in_builds(rows, COUNT)), 390)
    names = reader.texts("section[id='ranking-charset'] tbody th")
    assert names[0].split()[:2] == ["1–2", "rust/ahash"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_builds_are_legible_at_all_widths_and_on_paper(
    reader: Reader, three_runs: Path, scheme: str
) -> None:
    for width in (360, 745, 1000):
        reader.open(three_runs, width, scheme)
        reader.select("run", SEVERAL.run)
        assert reader.run("return document.documentElement.scrollWidth") <= width
        assert least_contrast(reader) >= 4.5
    reader.command(
        "Emulation.setDeviceMetricsOverride",
        width=PAPER_WIDTH,
        height=1000,
        deviceScaleFactor=1,
        mobile=False,
    )
    reader.command("Emulation.setEmulatedMedia", media="print")
    try:
        wide = "return [...document.querySelectorAll('main table:not(.scroll table)')]"
        widths = reader.run(f"{wide}.map((node) => node.getBoundingClientRect().width)")
        assert max(widths) <= PAPER_WIDTH
        assert "rank" in reader.text(f"{ROWS.removesuffix(' tbody tr')} thead")
        shown = "return getComputedStyle(document.querySelector(arguments[0])).display"
        assert reader.run(shown, "td.place") == "table-cell"
        assert reader.run(shown, ".place-narrow") == "none"
    finally:
        reader.command("Emulation.setEmulatedMedia", media="")
    reader.check_quiet()


def test_what_a_build_is_is_explained(reader: Reader, three_runs: Path) -> None:
    reader.open(three_runs)
    how = reader.text("#how")
    assert "The Rust module, compiled and linked once." in how
    assert "need not hold after a rebuild" in how
    assert "cannot tell which of these places" in how
