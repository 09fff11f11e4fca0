"""Rankings and verdicts on the page, in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from pages import as_marked, page_of
from reader import Reader

from nanogpt_rs.records import files as records
from nanogpt_rs.records.schema import Cell
from nanogpt_rs.statistics.plan import LONG_MARGIN, SHORT_MARGIN

pytestmark = pytest.mark.slow("drives a real browser")


def test_the_ranking_says_what_the_records_say(reader: Reader, usual: Path, run_file: Path) -> None:
    reader.open(usual)
    reader.select("base", "lecture")
    (run,) = records.read(run_file)
    cells = [
        cell
        for cell in run.cells
        if (cell.task, cell.corpus) == ("charset", "tinyshakespeare") and cell.seconds
    ]
    ordered = sorted(cells, key=lambda cell: cell.seconds or 0)
    rows = "section[id='ranking-charset'] tbody tr"
    assert reader.texts(f"{rows} th bdi") == [cell.id for cell in ordered]
    verdicts = dict(
        zip([cell.id for cell in ordered], reader.texts(f"{rows} td:last-child"), strict=True)
    )
    for cell in ordered:
        if cell.limit:
            assert verdicts[cell.id] == "limit"
        elif (reference := cell.beside("lecture")) is None:
            assert verdicts[cell.id] == "baseline"
        else:
            assert verdicts[cell.id].endswith(reference.comparison.verdict)
    assert "slower" in " ".join(verdicts.values())


def test_implementations_with_overlapping_intervals_share_their_places(
    reader: Reader, tmp_path: Path
) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    contenders = sorted(
        (cell for cell in cells if not cell.limit and cell.against), key=lambda cell: cell.seconds
    )
    bounds = {contenders[0].id: (0.9, 1.1), contenders[1].id: (0.8, 0.95)}

    def with_bounds(cell: Cell) -> Cell:
        low, high = bounds.get(cell.id, (0.99, 1.01))
        best = contenders[0].beside("strongest").comparison.ratio
        against = []
        for pair in cell.against:
            ratio = best if cell.id in bounds else pair.comparison.ratio
            changed = replace(pair.comparison, ratio=ratio, interval=(ratio * low, ratio * high))
            against.append(replace(pair, comparison=changed))
        return replace(cell, against=tuple(against))

    reader.open(page_of(tmp_path, made_up.RUN, [with_bounds(cell) for cell in cells]))
    reader.select("base", "strongest")
    rows = "section[id='ranking-charset'] tbody tr"
    places = dict(
        zip(reader.texts(f"{rows} th bdi"), reader.texts(f"{rows} td.place"), strict=True)
    )
    assert [places[cell.id] for cell in contenders[:3]] == ["1–2", "1–2", "3"]
    assert {places[cell.id] for cell in cells if cell.limit} == {""}
    # A rank is about all implementations, and not about the baseline that is shown.
    reader.select("base", "id:rust/ahash")
    assert reader.texts(f"{rows} td.place") == list(places.values())


def test_a_pair_that_was_not_measured_has_no_interval(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    ratios = "section[id='ranking-charset'] td.ratio"
    assert all("[" in words for words in reader.texts(ratios) if words != "1×")
    reader.select("base", "id:rust/ahash")
    rows = "section[id='ranking-charset'] tbody tr"
    words_by_id = dict(zip(reader.texts(f"{rows} th bdi"), reader.texts(ratios), strict=True))
    # Its own references are the same pairs the other way round; it ran with no other one.
    for id in ("python/set", "python/bytes_translate"):
        assert re.fullmatch(r"[\d.]+× \[[\d.]+, [\d.]+\]", words_by_id.pop(id)), id
    assert words_by_id.pop("rust/ahash") == "1×"
    assert all(words.startswith("≈") and "[" not in words for words in words_by_id.values())
    assert "no interval was measured" in reader.text("section[id='ranking-charset']")


def test_invalid_results_are_drawn_softly(reader: Reader, tmp_path: Path) -> None:
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


def test_a_limit_is_a_yardstick_and_not_a_bound(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("encode_array",), ("tinyshakespeare",))
    limits = [cell for cell in cells if cell.limit]
    assert limits
    times = {cell.id: 1e-3 if cell is limits[0] else 1e-9 for cell in limits}
    other = replace(limits[0], id="limit/other", seconds=1e-9)
    cells = [replace(cell, seconds=times.get(cell.id, cell.seconds)) for cell in cells] + [other]
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
    assert "the same memory traffic in one plain way" in reader.text("#how")


def test_several_threads_are_compared_with_one_of_the_same_language(
    reader: Reader, tmp_path: Path
) -> None:
    cells = made_up.cells(("encode_array",), ("tinyshakespeare",))
    cores = {"rust/id_table_rayon": 1.9, "rust/rayon": 1.01, "python/torch_table": 1.5}
    times = {"rust/id_table": 4e-3, "rust/ahash": 1e-3, "python/numpy_table": 5e-3}
    cells = [
        replace(cell, cores=cores.get(cell.id), seconds=times.get(cell.id, 9e-3))
        for cell in cells
        if not cell.limit
    ]
    reader.open(page_of(tmp_path, made_up.RUN, cells))
    rows = [row for row in reader.texts("#threads tbody tr") if row]
    row_of = {id: next(row for row in rows if f": {id}" in row) for id in cores}
    assert "rust/id_table 4.00 ms" in row_of["rust/id_table_rayon"]
    assert "rust/ahash 1.00 ms" in row_of["rust/rayon"]
    assert "python/numpy_table 5.00 ms" in row_of["python/torch_table"]
    single = "used one core at this size"
    assert [id for id, row in row_of.items() if single in row] == ["rust/rayon"]


def test_ideas_show_code_as_code(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    assert "bytes.translate" in reader.texts("#rankings .idea code")
    assert "`" not in reader.text("#rankings")


def test_the_margin_is_stated(reader: Reader, usual: Path) -> None:
    reader.open(usual)
    how = reader.text("#how").replace("\u00a0", " ")
    short, long = (f"{100 * margin:g} %" for margin in (SHORT_MARGIN, LONG_MARGIN))
    assert f"{short} where a block of calls takes up to 1 ms, {long} above" in how
