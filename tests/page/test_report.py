"""The page in a real browser, from disk and without a network, as its readers have it."""

from __future__ import annotations

import base64
import csv
import gzip
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import made_up
import pytest
from reader import Reader
from selenium.webdriver.common.keys import Keys

from nanogpt_rs.records import durable, lines, schema
from nanogpt_rs.records import files as records
from nanogpt_rs.records.schema import (
    Breakdown,
    CallInSteps,
    Cell,
    Difference,
    FirstCall,
    Footprint,
    JobDifference,
    Run,
    Step,
    Text,
    Trained,
    WholeJob,
)
from nanogpt_rs.reporting.headline import best_rust
from nanogpt_rs.reporting.report import MOST_BYTES, MOST_RECORDS, page
from nanogpt_rs.ruler.registry import REGISTRY
from nanogpt_rs.ruler.tasks import PREPARATION
from nanogpt_rs.statistics.plan import LONG_MARGIN, SHORT_MARGIN
from nanogpt_rs.training import divisions

pytestmark = pytest.mark.slow

COMPARED = ("charset", "encode")
STRONGEST = "strongest:ascii"
Run_ = Callable[..., subprocess.CompletedProcess[str]]


def judged(cell: Cell, role: str, **changes: Any) -> Cell:
    """Return a cell of which something else is said beside what has a role."""
    against = [
        replace(each, comparison=replace(each.comparison, **changes)) if each.role == role else each
        for each in cell.against
    ]
    return replace(cell, against=tuple(against))


def as_marked(cells: Sequence[Cell]) -> list[Cell]:
    """Return cells in which no Python is told to be faster than the one marked as strongest."""
    return [
        judged(cell, "strongest", verdict="inconclusive")
        if cell.id.startswith("python/")
        and any((e.role, e.comparison.verdict) == ("strongest", "faster") for e in cell.against)
        else cell
        for cell in cells
    ]


@pytest.fixture(scope="session")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two tasks on three texts, in which one contender is wrong and one not applicable."""
    cells = as_marked(made_up.cells(COMPARED))
    cells[1] = made_up.without_time(cells[1], "wrong", "a worker process died of SIGSEGV")
    cells[2] = made_up.without_time(cells[2], "n/a", "needs a processor that this is not")
    return made_up.write(tmp_path_factory.mktemp("run"), made_up.RUN, cells)


@pytest.fixture(scope="session")
def usual(run_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("page") / "report.html"
    target.write_bytes(page([(str(run_file), run_file.read_bytes())]))
    return target


def page_of(folder: Path, run: Run, cells: Sequence[Cell], complete: bool = True) -> Path:
    path = made_up.write(folder, run, cells, complete)
    target = folder / "report.html"
    target.write_bytes(page([(str(path), path.read_bytes())]))
    return target


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_at_both_widths(reader: Reader, usual: Path, width: int, scheme: str) -> None:
    reader.open(usual, width, scheme)
    assert reader.run("return document.documentElement.scrollWidth") <= width
    paper = reader.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) > 380) == (scheme == "light")
    assert least_contrast(reader) >= 4.5
    reader.check_quiet()


def least_contrast(reader: Reader) -> float:
    """Return the least contrast of a text with the ground that it stands on."""
    return float(reader.run(Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")))


def test_the_first_screen_answers(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    answer = reader.text("#answer")
    assert "On lab-1, on tinyshakespeare (1,115,394 characters, warm): yes." in answer
    assert "not measured" in answer
    for fact in ("lab-1", "release build", "tinyshakespeare", "0123456", "2026-01-02"):
        assert fact in reader.text("#answer .where")
    assert reader.run("return document.querySelector('#glance').getBoundingClientRect().top") < 700


def test_ideas_show_code_as_code(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    assert "bytes.translate" in reader.texts("#rankings .idea code")
    assert "`" not in reader.text("#rankings")


def test_the_best_is_one_of_which_something_valid_was_said(reader: Reader, tmp_path: Path) -> None:
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


def test_a_task_of_which_nothing_could_be_told_is_counted(reader: Reader, tmp_path: Path) -> None:
    cells = as_marked(made_up.cells(("charset", "encode"), ("tinyshakespeare",)))
    rust = [cell for cell in cells if cell.task == "encode" and cell.id.startswith("rust/")]
    for cell in rust:
        none = made_up.without_a_word(cell)
        against = [
            replace(each, comparison=replace(each.comparison, ratio=None, interval=None))
            for each in none.against
        ]
        cells[cells.index(cell)] = replace(none, against=tuple(against))
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    answer = reader.text("#answer")
    assert "partly" in answer
    assert "in 1 of 2 tasks; in 1 this run could not tell" in answer
    reader.check_quiet()


def test_narrow_tables_say_what_each_cell_is(reader: Reader, usual: Path) -> None:
    reader.open(usual, 360)
    unsaid = """
        return [...document.querySelectorAll(".cards tbody td")]
          .filter((each) => !each.matches(".place, .plot") && !each.dataset.label)
          .map((each) => each.outerHTML.slice(0, 100))
        """
    assert reader.run(unsaid) == []
    # A verdict does not stand above the name that it is about.
    above = """
        return [...document.querySelectorAll(".cards tbody tr")].filter((row) => {
          const [name, verdict] = ["th", "td.v"].map((each) => row.querySelector(each));
          const top = (each) => each.getBoundingClientRect().top;
          return verdict && top(verdict) < top(name) - 2;
        }).length
        """
    assert reader.run(above) == 0
    nameless = "return [...document.querySelectorAll('.cards')].filter((each) => !each.caption)"
    assert reader.run(f"{nameless}.length") == 0


def test_names_break_between_their_words(reader: Reader, usual: Path) -> None:
    """Each piece of a name, up to a _ or a /, stands on one line, whatever the column."""
    for width in (360, 1440):
        reader.open(usual, width)
        broken = reader.run(
            """
            return [...document.querySelectorAll("main bdi:not(.long-name)")].flatMap((each) =>
              [...each.childNodes].filter((piece) => piece.nodeType === Node.TEXT_NODE)
                .filter((piece) => !/[\\s-]/.test(piece.data)).filter((piece) => {
                  const range = document.createRange();
                  range.selectNodeContents(piece);
                  return range.getClientRects().length > 1;
                }).map((piece) => piece.data))
            """
        )
        assert broken == []


def test_where_another_python_is_faster_than_the_strongest(reader: Reader, tmp_path: Path) -> None:
    """Then the best Rust is set beside that one, without an interval that nobody measured."""
    cells = as_marked(made_up.cells(COMPARED, ("tinyshakespeare",)))
    place = next(i for i, c in enumerate(cells) if (c.task, c.id) == ("charset", "python/set"))
    cells[place] = judged(cells[place], "strongest", verdict="faster", ratio=4.0, p_value=1e-9)
    best = best_rust([cell for cell in cells if cell.task == "charset" and not cell.limit])
    assert best is not None
    (ratio,) = [each.comparison.ratio for each in best.against if each.role == "strongest"]
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
    assert "beside python/set, which is faster here" in reader.text("#glance tbody tr")
    said = "python/set is faster here than the Python marked as strongest"
    assert said in reader.text("section[id='ranking-charset']")
    assert "marked as strongest" not in reader.text("section[id='ranking-encode'] .note")
    reader.select("base", "lecture")
    assert said not in reader.text("section[id='ranking-charset']")
    assert "≈" not in reader.text("#glance tbody")
    reader.check_quiet()


def test_a_limit_is_a_yardstick_and_no_bound(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("encode_array",), ("tinyshakespeare",))
    limits = [cell for cell in cells if cell.limit]
    assert limits
    times = {cell.id: 1e-3 if cell is limits[0] else 1e-9 for cell in limits}
    other = replace(limits[0], id="limit/other", seconds=1e-9)
    cells = [replace(c, seconds=times.get(c.id, c.seconds)) for c in cells] + [other]
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    rows = dict(
        zip(reader.texts("#rankings tbody th bdi"), reader.texts("#rankings tbody th"), strict=True)
    )
    assert "beaten here" in rows[limits[0].id]
    assert [id for id, words in rows.items() if "beaten here" in words] == [limits[0].id]
    drawn = "return document.querySelector('#glance .forest .limit title').textContent"
    assert "1.00 ns" in reader.run(drawn)  # the fastest
    for words in (reader.text("#how"), reader.text("#glance"), reader.text("#scaling")):
        assert "no idea can beat" not in words.lower()
        assert "the same bytes" not in words
    assert "the same traffic, done in one plain way" in reader.text("#how")


def test_the_margin_is_stated(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    how = reader.text("#how").replace("\u00a0", " ")
    short, long = (f"{100 * each:g} %" for each in (SHORT_MARGIN, LONG_MARGIN))
    assert f"{short} where a block of calls takes up to 1 ms, {long} above" in how


def test_what_is_invalid_is_drawn_softly(reader: Reader, tmp_path: Path) -> None:
    cells = as_marked(made_up.cells(("charset",), ("tinyshakespeare",)))
    cells = [made_up.without_a_word(cell) for cell in cells]
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    for ratios in ("#glance td.ratio", "section[id='ranking-charset'] td.ratio"):
        for words in reader.texts(ratios):
            assert re.fullmatch(r"1×|\([\d.]+×\)", words), words
    assert reader.texts("td.ratio b") == []
    assert reader.texts("tr.best") == []
    assert reader.texts(".forest .span:not(path)") == []
    filled = "return document.querySelectorAll('.ranking:not(.steady) .mark:not(.hollow)').length"
    assert reader.run(filled) == 0
    assert any(words.startswith("✕ (") for words in reader.texts("#texts td"))
    assert not any("▲" in words for words in reader.texts("#texts td"))


def test_threads_are_set_beside_their_own_kind(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("encode_array",), ("tinyshakespeare",))
    cores = {"rust/id_table_rayon": 1.9, "rust/rayon": 1.01, "python/torch_table": 1.5}
    times = {"rust/id_table": 4e-3, "rust/ahash": 1e-3, "python/numpy_table": 5e-3}
    cells = [
        replace(c, cores=cores.get(c.id), seconds=times.get(c.id, 9e-3))
        for c in cells
        if not c.limit
    ]
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    rows = [row for row in reader.texts("#threads tbody tr") if row]
    said = {id: next(row for row in rows if f": {id}" in row) for id in cores}
    assert "rust/id_table 4.00 ms" in said["rust/id_table_rayon"]
    assert "rust/ahash 1.00 ms" in said["rust/rayon"]
    assert "python/numpy_table 5.00 ms" in said["python/torch_table"]
    split = "did not split at this size"
    assert [id for id, row in said.items() if split in row] == ["rust/rayon"]


def test_counts_of_instructions_are_no_times(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    counted = [
        replace(
            cell, seconds=None, quantiles=(), against=(), instructions=1000, state="instructions"
        )
        for cell in made_up.cells(("charset", "encode"), ("tinyshakespeare",))
    ]
    other = replace(made_up.RUN, run="20260102T040405Z-aaaaaa", command="count")
    paths = [made_up.write(tmp_path, made_up.RUN, cells), made_up.write(tmp_path, other, counted)]
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(path), path.read_bytes()) for path in paths]))
    reader.open(target)
    assert reader.texts("#glance tbody tr th bdi")[0] == "charset"
    assert "encode" not in reader.text("#glance")
    assert reader.texts("#run option") == [f"lab-1, 2026-01-02, bench, {len(cells)} cells"]
    reader.check_quiet()


def test_the_ranking_says_what_the_records_say(reader: Reader, usual: Path, run_file: Path) -> None:
    reader.open(usual)
    reader.select("base", "lecture")
    (run,) = records.read(run_file)
    mine = [c for c in run.cells if c.task == "charset" and c.corpus == "tinyshakespeare"]
    ordered = sorted((c for c in mine if c.seconds), key=lambda cell: cell.seconds or 0)
    rows = "section[id='ranking-charset'] tbody tr"
    assert reader.texts(f"{rows} th bdi") == [cell.id for cell in ordered]
    verdicts = dict(
        zip([c.id for c in ordered], reader.texts(f"{rows} td:last-child"), strict=True)
    )
    for cell in ordered:
        if cell.limit:
            assert verdicts[cell.id] == "limit"
        elif (found := cell.beside("lecture")) is None:
            assert verdicts[cell.id] == "baseline"
        else:
            assert verdicts[cell.id].endswith(found.comparison.verdict)
    assert "slower" in " ".join(verdicts.values())


def test_places_tell_no_more_than_intervals_do(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    contenders = sorted(
        (cell for cell in cells if not cell.limit and cell.against), key=lambda each: each.seconds
    )
    bounds = {contenders[0].id: (0.9, 1.1), contenders[1].id: (0.8, 0.95)}  # of what is read now

    def told(cell: Cell) -> Cell:
        low, high = bounds.get(cell.id, (0.99, 1.01))
        best = contenders[0].beside("strongest").comparison.ratio
        against = []
        for each in cell.against:
            ratio = best if cell.id in bounds else each.comparison.ratio
            there = replace(each.comparison, ratio=ratio, interval=(ratio * low, ratio * high))
            against.append(replace(each, comparison=there))
        return replace(cell, against=tuple(against))

    reader.open(page_of(tmp_path, made_up.RUN, [told(cell) for cell in cells]))
    reader.select("base", "strongest")
    rows = "section[id='ranking-charset'] tbody tr"
    places = dict(
        zip(reader.texts(f"{rows} th bdi"), reader.texts(f"{rows} td.place"), strict=True)
    )
    assert [places[cell.id] for cell in contenders[:3]] == ["1", "1", "3"]
    assert {places[cell.id] for cell in cells if cell.limit} == {""}
    numbers = [int(place) for place in places.values() if place]
    assert numbers == sorted(numbers)


def test_a_pair_that_was_not_measured_has_no_interval(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    ratios = "section[id='ranking-charset'] td.ratio"
    assert all("[" in words for words in reader.texts(ratios) if words != "1×")
    reader.select("base", "id:rust/ahash")
    rows = "section[id='ranking-charset'] tbody tr"
    known = dict(zip(reader.texts(f"{rows} th bdi"), reader.texts(ratios), strict=True))
    # What it was set against itself is turned round; the rest shares no rounds with it.
    for id in ("python/set", "python/bytes_translate"):
        assert re.fullmatch(r"[\d.]+× \[[\d.]+, [\d.]+\]", known.pop(id)), id
    assert known.pop("rust/ahash") == "1×"
    assert all(words.startswith("≈") and "[" not in words for words in known.values())
    assert "no interval was measured" in reader.text("section[id='ranking-charset']")


def test_every_control_works(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    selects = reader.run("return [...document.querySelectorAll('select')].map((each) => each.id)")
    assert {"base", "corpus", "run", "state"} < set(selects)
    for id in selects:
        values = reader.run(
            "return [...document.getElementById(arguments[0]).options].map((each) => each.value)",
            id,
        )
        # Some of the ids that may be a baseline stand for all of them.
        for value in values[:3] + values[-1:]:
            reader.select(id, value)
            chosen = reader.run("return document.getElementById(arguments[0]).value", id)
            assert chosen == value, id
    before = reader.run("return document.querySelectorAll('#scaling polyline').length")
    reader.run("document.querySelector('#scaling input:checked').click()")
    assert reader.run("return document.querySelectorAll('#scaling polyline').length") == before - 1
    for expected in ("light", "dark", "as the system"):
        reader.run("document.getElementById('theme').click()")
        assert reader.text("#theme") == f"theme: {expected}"
    reader.run("document.querySelector('#rankings tbody th button').click()")
    reader.wait("return document.getElementById('source').open")
    reader.wait("return document.querySelector('#source code').innerText.length > 100")
    reader.run("document.querySelector('#source button').click()")
    reader.run("document.querySelectorAll('summary').forEach((each) => each.click())")
    assert reader.run("return document.documentElement.scrollWidth") <= 1440
    reader.check_quiet()


def test_a_view_can_be_linked_to(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    reader.select("corpus", "english-1k-ascii")
    reader.select("base", "id:rust/ahash")
    address = reader.run("return location.hash")
    reader.driver.get("about:blank")
    reader.driver.get(usual.as_uri() + address)
    reader.wait("return document.documentElement.dataset.ready === 'yes'")
    assert reader.run("return document.getElementById('base').value") == "id:rust/ahash"
    assert "english-1k-ascii" in reader.text("#answer")
    reader.driver.get("about:blank")
    reader.driver.get(usual.as_uri() + "#corpus=none&base=id:none&y=none&state=%3Cb%3E&run=")
    reader.wait("return document.documentElement.dataset.ready === 'yes'")
    assert "tinyshakespeare" in reader.text("#answer")
    reader.check_quiet()


def test_it_is_used_by_keyboard(reader: Reader, usual: Path) -> None:
    """Whatever can be clicked is named; a choice leaves the focus where it was."""
    reader.open(usual)
    nameless = reader.run(
        """
        const name = (each) =>
          each.innerText || each.ariaLabel || each.labels?.[0]?.innerText || "";
        return [...document.querySelectorAll("button, a[href], select, input, summary, [tabindex]")]
          .filter((each) => !name(each).trim())
          .map((each) => each.outerHTML.slice(0, 100))
        """
    )
    assert nameless == []
    reader.run("document.getElementById('scaling-task').focus()")
    reader.select("scaling-task", "encode")
    assert reader.run("return document.activeElement.id") == "scaling-task"
    pictures = reader.run(
        """
        return [...document.querySelectorAll("svg")]
          .filter((each) => !each.closest("[aria-hidden], [role=img]"))
          .map((each) => each.outerHTML.slice(0, 100))
        """
    )
    assert pictures == []
    assert reader.run("return document.querySelectorAll('h1').length") == 1
    assert "times faster" not in reader.text()


def test_it_prints(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    printed = reader.command("Page.printToPDF", printBackground=True)
    assert base64.b64decode(printed["data"]).startswith(b"%PDF-")
    reader.check_quiet()


def test_what_is_printed(reader: Reader, tmp_path: Path) -> None:
    """On white, with what the controls said, and no wider than a sheet."""
    corpora = [*made_up.SIZES]
    cells = made_up.cells(("charset", PREPARATION), corpora, ("warm", "fresh_str", "evicted"))
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    for _ in range(2):
        reader.run("document.getElementById('theme').click()")
    assert reader.text("#theme") == "theme: dark"
    reader.select("scaling-y", "rate")
    reader.select("matrix", "time")
    reader.run("dispatchEvent(new Event('beforeprint'))")
    sheet = 718  # CSS pixels of A4 between margins of a centimetre
    reader.command(
        "Emulation.setDeviceMetricsOverride",
        width=sheet,
        height=1000,
        deviceScaleFactor=1,
        mobile=False,
    )
    reader.command("Emulation.setEmulatedMedia", media="print")
    try:
        paper = reader.run("return getComputedStyle(document.body).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
        assert least_contrast(reader) >= 4.5
        assert "Task charset, warm; shown as throughput." in reader.text("#scaling")
        assert "Task charset; shown as time of one call." in reader.text("#texts")
        assert "Task charset, warm." in reader.text("#spread")
        assert "training 2000 steps of" in reader.text("#job")
        row = "return getComputedStyle(document.querySelector('.cards tbody tr')).display"
        assert reader.run(row) == "table-row"
        unselected = "return [...document.querySelectorAll('.legend input:not(:checked)')]"
        assert reader.run(f"{unselected}.length") > 0
        assert reader.run(f"{unselected}.every((each) => !each.closest('label').offsetWidth)")
        wide = "return [...document.querySelectorAll('main table, main .chart svg')]"
        widths = reader.run(f"{wide}.map((each) => each.getBoundingClientRect().width)")
        assert max(widths) <= sheet
        assert reader.run("return document.documentElement.scrollWidth") <= sheet
        heads = reader.texts("#texts-printed thead th:not(:first-child)")
        assert len(heads) == len(set(heads)) == 3 * len(corpora)
        assert reader.run("return document.querySelector('#texts .scroll').offsetWidth") == 0
    finally:
        reader.command("Emulation.setEmulatedMedia", media="")
    reader.check_quiet()


def test_a_part_can_be_linked_to(reader: Reader, usual: Path) -> None:
    """A link within the page leads there once all is drawn, and keeps what is chosen."""
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    bar = "return document.getElementById('controls').getBoundingClientRect().bottom"
    reader.open(usual)
    for id in ("job", "rankings", "ranking-encode"):
        reader.driver.get("about:blank")
        reader.driver.get(f"{usual.as_uri()}#{id}")
        reader.wait("return document.documentElement.dataset.ready === 'yes'")
        assert 0 <= reader.run(top, id) - reader.run(bar) < 60, id
        assert reader.run("return location.hash") == f"#{id}"
    reader.select("corpus", "english-1k-ascii")
    reader.run("document.querySelector('a[href=\"#runs\"]').click()")
    assert reader.run("return document.activeElement.id") == "runs"
    address = reader.run("return location.hash")
    assert "corpus=english-1k-ascii" in address
    reader.driver.get("about:blank")
    reader.driver.get(usual.as_uri() + address)
    reader.wait("return document.documentElement.dataset.ready === 'yes'")
    assert "english-1k-ascii" in reader.text("#answer")
    assert 0 <= reader.run(top, "runs") - reader.run(bar) < 60
    # One typed by hand keeps it too.
    reader.run("location.hash = '#spread'")
    reader.wait("return location.hash.includes('corpus=english-1k-ascii')")
    assert "english-1k-ascii" in reader.text("#answer")
    reader.check_quiet()


@pytest.mark.parametrize("width", [745, 1000, 1440])
def test_no_heading_lies_under_the_bar(reader: Reader, usual: Path, width: int) -> None:
    reader.open(usual, width)
    for id in ("ranking-encode", "texts", "how"):
        reader.run("document.documentElement.style.scrollBehavior = 'auto'")
        reader.run("document.getElementById(arguments[0]).scrollIntoView()", id)
        lies = "return document.querySelector(arguments[0]).getBoundingClientRect()"
        heading = reader.run(lies, f"[id='{id}-title']")
        assert heading["top"] >= reader.run(lies, "#controls")["bottom"], id


def test_a_choice_keeps_the_place_and_what_is_open(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    reader.run("document.documentElement.style.scrollBehavior = 'auto'")
    reader.run("document.querySelector('#scaling summary').click()")
    reader.run("document.querySelector('#spread summary').click()")
    opened = """
        return [...document.querySelectorAll("details[open]")]
          .map((each) => each.closest("section").id)
        """
    assert reader.run(opened) == ["scaling", "spread"]
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    reader.run("document.getElementById('texts').scrollIntoView()")
    before = reader.run(top, "texts")
    reader.select("base", "lecture")
    reader.select("corpus", "english-1k-ascii")
    assert reader.run(opened) == ["scaling", "spread"]
    assert reader.run(top, "texts") == pytest.approx(before, abs=2)
    # A control within a part stays where the reader has it.
    reader.run("document.getElementById('spread-task').focus()")
    reader.run("document.getElementById('spread-task').scrollIntoView({block: 'center'})")
    before = reader.run(top, "spread-task")
    reader.select("spread-task", "encode")
    assert reader.run(top, "spread-task") == pytest.approx(before, abs=2)
    reader.run("document.querySelector('#scaling input:checked').click()")
    assert reader.run(opened) == ["scaling", "spread"]
    reader.run("scrollTo(0, 0)")
    reader.select("base", "strongest")
    assert reader.run("return scrollY") == 0


def test_a_job_of_ones_own_is_told_once(
    reader: Reader, tmp_path: Path, division_file: Path
) -> None:
    """By a line of its own; and where the focus goes on to is still there."""
    path = made_up.write(tmp_path, made_up.RUN, made_up.cells((PREPARATION,)))
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(each), each.read_bytes()) for each in (path, division_file)]))
    reader.open(target)
    reader.run(
        """
        window.told = 0;
        new MutationObserver((found) => { window.told += found.length; })
          .observe(document.getElementById("answer"), { childList: true });
        window.line = document.getElementById("job-said");
        """
    )
    said = reader.text("#job-said")
    assert reader.run("return window.line.role") == "status"
    reader.driver.find_element("id", "job-stepTime").send_keys("1", Keys.TAB)
    assert reader.text("#job-said") != said
    assert reader.run("return document.getElementById('job-said') === window.line")
    (gain,) = re.findall(r"Rust gains ([\d.]+)", reader.text("#job-said"))
    assert f"gains {gain}\u00a0%" in reader.text("#answer")
    assert reader.run("return document.activeElement.closest('section')?.id") == "job"
    assert reader.run("return document.activeElement.id") != "job-stepTime"
    reader.select("scaling-y", "rate")  # which changes nothing in the answer
    assert reader.run("return window.told") == 0
    assert reader.run("return document.getElementById('answer-job').ariaLive") == "off"
    reader.select("base", "lecture")
    reader.select("corpus", "english-1k-ascii")
    reader.wait("return window.told > 0")


def test_records_come_out_as_they_went_in(
    reader: Reader, usual: Path, run_file: Path, tmp_path: Path
) -> None:
    reader.open(usual)
    reader.command("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for button in range(2):
        reader.run(f"document.querySelectorAll('button.download')[{button}].click()")
    same, table = (
        tmp_path / "nanogpt-rs-records.jsonl",
        tmp_path / f"nanogpt-rs-{made_up.RUN.run}.csv",
    )
    deadline = time.monotonic() + 300
    while not (same.exists() and table.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert same.read_bytes() == run_file.read_bytes()
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    (run,) = records.read(run_file)
    assert len(rows) == sum(max(1, len(cell.against)) for cell in run.cells)
    assert {row["machine"] for row in rows} == {"lab-1"}


HOSTILE = (
    "<script>document.title='taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "</script><script>document.title='taken'</script>",
    "{{ 7 * 7 }}<!-- ]]> &lt;b&gt;",
    "\u202eright to left\u2067 עברית العربية",
    "a lone \ud800 surrogate",
    "long " * 2000,
)


def raw_line(kind: str, record: Any) -> bytes:
    """Return a record's line as a writer would that minds no length."""
    body = {"schema_version": 1, "kind": kind, "run": made_up.RUN.run}
    body |= lines.plain(asdict(record))
    body["checksum"] = durable.checksum(body)
    return json.dumps(body).encode() + b"\n"


def test_hostile_words_come_out_as_text(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    host = replace(made_up.HOST, cpu=HOSTILE[0], system=HOSTILE[4], python=HOSTILE[1])
    run = replace(made_up.RUN, machine=host, sources=HOSTILE[2], packages={HOSTILE[1]: HOSTILE[3]})
    for index, words in enumerate(HOSTILE):
        cells[2 * index] = replace(cells[2 * index], id=f"rust/{words}")
        spoilt = replace(cells[2 * index + 1], task=words, corpus=words, state=words, id=words)
        cells[2 * index + 1] = made_up.without_time(spoilt, "wrong", words, words)
        cells.append(replace(cells[2 * index], corpus=words, task=words))
    path = tmp_path / "hostile.jsonl"
    lines = [raw_line("run", run), *(raw_line("cell", cell) for cell in cells)]
    path.write_bytes(b"".join(lines))
    target = tmp_path / "report.html"
    target.write_bytes(page([("<b>hostile</b>.jsonl", path.read_bytes())]))
    for width in (360, 1440):
        reader.open(target, width)
        assert "taken" not in reader.driver.title
        assert reader.run("return document.documentElement.scrollWidth") <= width
        # Each stands in the page, to the letter, as text.
        shown = reader.run("return document.body.textContent")
        for words in HOSTILE[:-1]:
            assert lines.spelled_out(words) in shown
        assert reader.run("return document.querySelectorAll('img, #content script').length") == 0
        for words in HOSTILE:
            reader.select("corpus", lines.spelled_out(words))
            assert reader.run("return document.documentElement.scrollWidth") <= width
        reader.check_quiet()


def test_no_record_and_one(reader: Reader, tmp_path: Path) -> None:
    reader.open(page_of(tmp_path / "none", made_up.RUN, [], complete=False))
    assert "no answer yet" in reader.text("#answer")
    assert "1 run has begun" in reader.text("#content")
    reader.check_quiet()
    one = made_up.cells(("charset",), ("tinyshakespeare",))[0]
    reader.open(page_of(tmp_path / "one", made_up.RUN, [replace(one, against=())]))
    assert "so it has no answer" in reader.text("#answer")
    assert reader.texts("#rankings tbody bdi") == ["python/set"]
    reader.check_quiet()


@pytest.mark.slow
def test_ten_thousand_records(reader: Reader, tmp_path: Path) -> None:
    pattern = made_up.cells(("charset", "encode", "count"), ("tinyshakespeare",))
    cells = [
        replace(cell, corpus=f"text-{index}", characters=1000 + index)
        for index in range(10_000 // len(pattern) + 1)
        for cell in pattern
    ][:10_000]
    target = page_of(tmp_path, made_up.RUN, cells)
    reader.open(target)
    assert "10,000 records are more than this page holds whole" in reader.text("#runs")
    assert len(reader.texts("button.download")) == 1
    # What each process said is not there, so nothing is drawn of it.
    assert "control" not in reader.text("#spread .legend")
    assert len(reader.texts("#spread .steady thead th.plot")) == 1
    assert "Left:" not in reader.text("#spread")
    reader.run("document.querySelector('#spread summary').click()")
    assert "spread of" not in reader.text("#spread details")
    assert reader.texts("section[id='ranking-charset'] td.ratio")
    reader.check_quiet()


def test_five_hundred_records_are_under_a_megabyte(reader: Reader, tmp_path: Path) -> None:
    tasks = ("charset", "encode", "encode_array", "count", "decode_array")
    cells = made_up.cells(tasks, states=("warm", "fresh_str"))[:MOST_RECORDS]
    assert len(cells) == MOST_RECORDS
    target = page_of(tmp_path, made_up.RUN, cells)
    assert target.stat().st_size < MOST_BYTES
    reader.open(target)
    assert reader.run("return document.querySelectorAll('button.download').length") == 2


def test_two_machines_are_never_mixed(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    other = replace(
        made_up.RUN,
        run="20260203T040506Z-fedcba",
        machine=replace(made_up.HOST, alias="lab-2"),
    )
    one = made_up.write(tmp_path, made_up.RUN, cells)
    two = made_up.write(tmp_path, other, [replace(c, seconds=1.0) for c in cells[:9]])
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(path), path.read_bytes()) for path in (one, two, one)]))
    reader.open(target)
    times = "section[id='ranking-charset'] tbody tr > :nth-child(3)"
    assert "lab-1" in reader.text("#answer")
    assert len(reader.texts(times)) == len(cells)
    assert "1.00 s" not in reader.texts(times)
    reader.select("run", other.run)
    assert "lab-2" in reader.text("#answer")
    assert set(reader.texts(times)) == {"1.00 s"}
    assert len(reader.texts("#runs section tbody tr, #runs [aria-label='All runs'] tbody tr")) == 2
    reader.check_quiet()


def test_steps_and_memory(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    main = made_up.write(tmp_path, made_up.RUN, cells)
    text = Text("tinyshakespeare", "cd" * 32, 1_115_394, "ascii")
    steps = (Step("the <b>kernel</b>", 3e-5, (2e-5, 4e-5)), Step("freeing", -1e-7, None))
    found = Breakdown("charset", "rust/ahash", 2.99e-5, steps, "wall", 8)
    grown = Footprint("charset", "rust/ahash", False, (0.002,), (0.001,), (5_000_000,), (1_000,))
    other = replace(made_up.RUN, run="20260102T040405Z-aaaaaa", command="breakdown")
    writer = records.begin(tmp_path, other)
    later = replace(grown, task="prepare")
    kept = (CallInSteps(text, "warm", found), FirstCall(text, later), FirstCall(text, grown))
    for each in kept:
        writer.keep_other(each)
    writer.end()
    (again,) = records.read(writer.path)
    assert again.others == kept
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(path), path.read_bytes()) for path in (main, writer.path)]))
    reader.open(target)
    assert "the <b>kernel</b>" in reader.text("#parts .legend")
    assert "cdcdcdcdcdcd" in reader.text("#parts .where")
    reader.run("document.querySelector('#parts summary').click()")
    assert "20.0 µs to 40.0 µs" in reader.text("#parts details")
    assert "5.00 MB" in reader.text("#memory tbody")
    assert reader.texts("#memory h3") == ["charset", "prepare"]  # in the tasks' own order
    assert reader.texts("#run option") == ["lab-1, 2026-01-02, bench, 29 cells"]
    assert len(reader.texts("#runs [aria-label='All runs'] tbody tr")) == 2
    reader.check_quiet()


def test_whole_jobs_that_were_measured(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset", PREPARATION), ("tinyshakespeare",))
    main = made_up.write(tmp_path, made_up.RUN, cells)
    text = Text("tinyshakespeare", "cd" * 32, 1_115_394, "ascii")
    seconds = {"import": 1.0, "read and encode": 0.5, "forward": 8.0}
    other = replace(
        made_up.RUN, run="20260102T040405Z-aaaaaa", command="end-to-end", commit="f" * 40
    )
    writer = records.begin(tmp_path, other)
    for id in ("python/file_blocks", "rust/two_passes"):
        rest = (("read and encode",), 2.5, "ab" * 32, 500, "H100 <b>, compile")
        trained = Trained(id, seconds, seconds, *rest)
        writer.keep_other(WholeJob(text, "quick", trained))
    told = made_up.cells(("charset",), ("tinyshakespeare",))[1].against[0].comparison
    found = Difference(
        "strongest", "python/file_blocks", "rust/two_passes", 1.0, 0.1, (0.05, 0.15), told
    )
    difference = JobDifference(text, "quick", "first_call", 9.0, found, "H100 <b>, compile")
    writer.keep_other(difference)
    writer.end()
    (again,) = records.read(writer.path)
    assert [type(each) for each in again.others] == [WholeJob, WholeJob, JobDifference]
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(path), path.read_bytes()) for path in (main, writer.path)]))
    reader.open(target)
    answer = reader.text("#answer").replace("\u00a0", " ")
    how = "config quick on H100 <b>, compile"
    assert f"({how}, 500 steps, tinyshakespeare) gains 1.0 % [0.50 %, 1.5 %] over" in answer
    assert "over the strongest Python with rust/two_passes" in answer
    first, second = reader.texts("#answer .where")
    assert "commit 01234567" in first
    assert second.startswith("the whole job: lab-1")
    assert "commit ffffffff" in second
    assert "3 job records" in reader.text("#runs [aria-label='All runs']")
    assert "never set beside" not in reader.text("#runs")
    # A step is what the jobs took for it.
    assert reader.run("return document.getElementById('job-stepTime').placeholder") == "16.0"
    assert reader.run("return document.getElementById('job-steps').placeholder") == "500"
    assert "the median of the whole jobs measured on this machine" in reader.text("#job-results")
    assert "don’t bother" not in answer  # the interval reaches beyond 1 %
    reader.run("document.querySelector('#job summary').click()")
    job = reader.text("#job").replace("\u00a0", " ")
    assert re.search(r"read and encode\s+500 ms\s+500 ms", job)
    assert job.lower().count(how.lower()) >= 2  # measured, and where a step is from
    assert "5.3 %" in job
    assert "100 ms [50.0 ms, 150 ms]" in job
    reader.check_quiet()


def test_a_run_that_lost_a_record_is_named(tmp_path: Path) -> None:
    text = Text("tinyshakespeare", "cd" * 32, 1_115_394, "ascii")
    grown = Footprint("charset", "rust/ahash", False, (0.002,), (0.001,), (5_000_000,), (1_000,))
    writer = records.begin(tmp_path, made_up.RUN)
    writer.keep_other(FirstCall(text, grown))
    writer.end()
    lines = writer.path.read_bytes().splitlines(keepends=True)
    writer.path.write_bytes(lines[0] + lines[2])
    with pytest.raises(schema.RecordError, match="ended with 1 other records; 0 are here"):
        records.read(writer.path)


@pytest.fixture
def division_file(tmp_path: Path) -> Path:
    """A file of a division in which a step takes 20 ms."""
    entries = (
        divisions.RaceEntry("lecture", 1, 2000, 1.91, 0.05, 0.0, "a"),
        divisions.RaceEntry("fastest", 1, 2000, 1.91, 0.02, 12.0, "a"),
    )
    gains = (divisions.TrainingSpeedup("lecture", 2.5, (2.4, 2.6), 700),)
    found = divisions.Closed(entries, gains, 0.01, True, {})
    corpus = {"id": "tinyshakespeare", "sha256": "ab" * 32, "prepare": "rust/bit_table"}
    path = tmp_path / "divisions.jsonl"
    divisions.keep(path, "closed", made_up.RUN, corpus, found)
    return path


def test_the_whole_job(reader: Reader, tmp_path: Path, division_file: Path) -> None:
    cells = made_up.cells((PREPARATION,))
    path = made_up.write(tmp_path, made_up.RUN, cells)
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(path), path.read_bytes())]))
    reader.open(target)
    assert "not measured in these records" in reader.text("#answer")
    said = "Neither a closed division nor a whole job was measured on this machine"
    assert said in reader.text("#job-results")
    target.write_bytes(page([(str(each), each.read_bytes()) for each in (path, division_file)]))
    reader.open(target)
    mine = [c for c in cells if c.corpus == "tinyshakespeare" and not c.limit]
    rust = min((c.seconds or 0, c.id) for c in mine if c.id.startswith("rust/"))[0]
    row = next(row for row in REGISTRY if row.task == PREPARATION and STRONGEST in row.marks)
    python = next(c.seconds or 0 for c in mine if c.id == row.id)
    (said,) = re.findall(r"Rust gains ([\d.]+)\s% of this job", reader.text("#job"))
    assert float(said) == pytest.approx(100 * (python - rust) / (python + 2000 * 0.02), rel=0.01)
    assert f"gains {said}\u00a0% over the strongest Python" in reader.text("#answer")
    assert "ours 2.50× [2.40, 2.60]" in reader.text("#job")
    assert "divisions.jsonl" in reader.text("#runs [aria-label='All runs']")
    for id, value in (("size", "1e11"), ("steps", "10"), ("stepTime", "1")):
        reader.select(f"job-{id}", value)
    (said,) = re.findall(r"Rust gains ([\d.]+)\s% of this job", reader.text("#job"))
    scale = 1e11 / mine[0].characters
    expected = 100 * (python - rust) * scale / (python * scale + 0.01)
    assert float(said) == pytest.approx(expected, rel=0.01)
    assert "Extrapolated: from 1,115,394 characters" in reader.text("#job")
    assert "it was not measured here" in reader.text("#job")
    # Where the focus moves on to is still there, and what is no number is not computed with.
    reader.driver.find_element("id", "job-size").send_keys("0", Keys.TAB)
    reader.wait("return document.activeElement.id === 'job-steps'")
    reader.select("job-steps", "0")
    assert "and 0 steps" in reader.text("#job table.cards:last-of-type caption")
    reader.select("job-stepTime", "-5")
    assert "−" not in reader.text("#job table.cards:last-of-type")
    assert "NaN" not in reader.text("#job")
    reader.check_quiet()


def test_a_text_of_which_rust_gains_one_percent(
    reader: Reader, tmp_path: Path, division_file: Path
) -> None:
    """That it says so of holds when it is given, over sizes whose rates differ."""
    cells = made_up.cells((PREPARATION,))
    # On short texts all is slower, and Rust more so: the nearest size must not decide alone.
    slow = {"english-1k-ascii": 50, "english-64k-ascii": 7}
    cells = [
        replace(c, seconds=(c.seconds or 0) * slow.get(c.corpus, 1) * (1 + ("rust" in c.id)))
        for c in cells
    ]
    path = made_up.write(tmp_path, made_up.RUN, cells)
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(each), each.read_bytes()) for each in (path, division_file)]))
    reader.open(target)
    for corpus, size, steps in (
        ("tinyshakespeare", "", "2000"),
        ("english-1k-ascii", "5e4", "100"),
    ):
        reader.select("corpus", corpus)
        reader.select("job-size", size)
        reader.select("job-steps", steps)
        said = reader.text("#job-said").replace("\u00a0", " ")
        (worth,) = re.findall(r"It would be 1 % for a text of ([\d,]+) characters", said)
        reader.select("job-size", worth.replace(",", ""))
        (gain,) = re.findall(r"Rust gains ([\d.]+)\s% of this job", reader.text("#job-said"))
        assert 1 <= float(gain) < 1.05
        reader.select("job-size", str(int(int(worth.replace(",", "")) * 0.95)))
        (gain,) = re.findall(r"Rust gains ([\d.]+)\s% of this job", reader.text("#job-said"))
        assert float(gain) < 1
    reader.select("job-steps", "1e6")
    assert "the largest that was measured" in reader.text("#job-said")


def test_the_jobs_numbers_are_checked(reader: Reader, tmp_path: Path, division_file: Path) -> None:
    cells = made_up.cells((PREPARATION, "charset"))
    cells = [c for c in cells if c.task == "charset" or c.corpus == "tinyshakespeare"]
    path = made_up.write(tmp_path, made_up.RUN, cells)
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(each), each.read_bytes()) for each in (path, division_file)]))
    reader.open(target)
    invalid = "return document.getElementById('job-steps').ariaInvalid"
    called = "return [...document.querySelectorAll('#job input')].map((each) => each.ariaLabel)"
    assert reader.run(called) == [
        "characters of the text",
        "steps of training",
        "milliseconds that a step takes",
    ]
    for value, refused in (("-5", True), ("7", False), ("1e300", True), ("", False)):
        reader.select("job-steps", value)
        assert reader.run(invalid) == str(refused).lower(), value
        said = reader.text("#job-steps-refused")
        assert ("from 0 to 1,000,000,000 is needed; 2,000 is used instead" in said) == refused
    reader.driver.find_element("id", "job-stepTime").send_keys("1e", Keys.TAB)
    assert "20.0 is used instead" in reader.text("#job-stepTime-refused")
    assert "not measured on the chosen text" not in reader.text("#job")
    reader.select("corpus", "english-1k-ascii")
    said = "was not measured on the chosen text, english-1k-ascii; using tinyshakespeare"
    assert said in reader.text("#job")


def test_divisions_alone(reader: Reader, tmp_path: Path, division_file: Path) -> None:
    target = tmp_path / "report.html"
    target.write_bytes(page([(str(division_file), division_file.read_bytes())]))
    reader.open(target)
    assert "no answer yet" in reader.text("#answer")
    assert "ours 2.50× [2.40, 2.60]" in reader.text("#content")
    reader.check_quiet()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"steps":2000', b'"steps":2001', "line 1: its checksum does not fit"),
        (b'"schema_version":1', b'"schema_version":7', "line 1: a division of schema_version 7"),
        (b"}\n", b"\n", "line 1: not JSON"),
    ],
)
def test_a_damaged_division_is_named(
    nanogpt_rs: Run_, division_file: Path, old: bytes, new: bytes, says: str
) -> None:
    division_file.write_bytes(division_file.read_bytes().replace(old, new))
    done = nanogpt_rs("report", str(division_file))
    assert done.returncode == 1
    assert says in done.stderr


def test_without_script_the_headline_is_there(usual: Path) -> None:
    text = usual.read_text(encoding="utf-8")
    (static,) = re.findall(r"<noscript>(.*?)</noscript>", text, re.DOTALL)
    assert "<td>charset</td>" in static
    assert "`" not in static
    assert re.search(r"\d µs", static)
    assert not re.search(r"\d us\b", static)
    assert "times faster" not in static
    assert "SHA-256" in static


def test_the_policy_lets_nothing_else_in(usual: Path) -> None:
    text = usual.read_text(encoding="utf-8")
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text)


def test_the_packed_records_are_the_file(usual: Path, run_file: Path) -> None:
    text = usual.read_text(encoding="utf-8")
    (packed,) = re.findall(r'id="records-data">([^<]*)<', text)
    assert gzip.decompress(base64.b64decode(packed)) == run_file.read_bytes()


def test_the_command(nanogpt_rs: Run_, run_file: Path, tmp_path: Path) -> None:
    done = nanogpt_rs("report", "--out", "here/page.html", str(run_file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "here/page.html\n", "")
    assert (tmp_path / "here/page.html").read_bytes().startswith(b"<!doctype html>")


def test_without_files_it_takes_the_newest_of_each_command(
    nanogpt_rs: Run_, run_file: Path, tmp_path: Path
) -> None:
    for command, name in (("bench", "20250101"), ("bench", run_file.stem), ("compare", "20250202")):
        folder = tmp_path / "results/local" / command
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(run_file, folder / f"{name}.jsonl")
    done = nanogpt_rs("report")
    assert (done.returncode, done.stdout) == (0, "results/local/report.html\n"), done.stderr
    assert "20250202.jsonl" in (tmp_path / "results/local/report.html").read_text()


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda data: data[:-100], "line 3: cut off"),
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
    done = nanogpt_rs("report", str(path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert path.name in done.stderr
    assert expected in done.stderr
    assert not list(tmp_path.rglob("*.html"))


def test_where_nothing_was_measured(nanogpt_rs: Run_) -> None:
    done = nanogpt_rs("report")
    assert (done.returncode, done.stdout) == (1, "")
    assert "`make bench` makes one" in done.stderr


def test_an_invalid_gain_of_a_whole_job_says_so(reader: Reader, tmp_path: Path) -> None:
    main = made_up.write(tmp_path, made_up.RUN, made_up.cells(("charset",), ("tinyshakespeare",)))
    text = Text("tinyshakespeare", "cd" * 32, 1_115_394, "ascii")
    writer = records.begin(
        tmp_path, replace(made_up.RUN, run="20260102T040405Z-aaaaaa", command="end-to-end")
    )
    (told, *_) = made_up.cells(("charset",), ("tinyshakespeare",))[1].against
    invalid = replace(told.comparison, verdict="invalid")
    for gained, comparison in ((5.0, invalid), (0.01, told.comparison)):
        found = Difference(
            role="strongest",
            reference="python/file_blocks",
            id=f"rust/gains_{gained}",
            reference_seconds=1.0,
            seconds=gained,
            interval=(gained - 0.01, gained + 0.01),
            comparison=comparison,
        )
        writer.keep_other(JobDifference(text, "quick", "first_call", 9.0, found))
        target = tmp_path / "report.html"
        target.write_bytes(page([(str(path), path.read_bytes()) for path in (main, writer.path)]))
        reader.open(target)
        answer = reader.text("#answer").replace("\u00a0", " ")
        assert ("(invalid)" in answer) == (comparison is invalid)
        assert ("don’t bother" in answer) == (comparison is not invalid)
