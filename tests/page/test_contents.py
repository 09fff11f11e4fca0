"""What the page holds: its records, whole and unharmed, in a real browser."""

from __future__ import annotations

import base64
import csv
import gzip
import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import made_up
import pytest
from pages import page_of, write_page
from reader import Reader

from nanogpt_rs.records import durable, lines, schema
from nanogpt_rs.records import files as records
from nanogpt_rs.records.schema import Breakdown, CallInSteps, FirstCall, Footprint, Step, Text
from nanogpt_rs.reporting.report import MOST_BYTES, MOST_RECORDS, page

pytestmark = pytest.mark.slow("drives a real browser")


def test_downloaded_records_are_those_of_the_file(
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
    for path in (same, table):
        reader.wait_for(path)
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
    """Return a record's line as a writer without any limit of length would write it."""
    body = {"schema_version": 1, "kind": kind, "run": made_up.RUN.run}
    body |= lines.plain(asdict(record))
    body["checksum"] = durable.checksum(body)
    return json.dumps(body).encode() + b"\n"


def test_hostile_words_are_shown_as_text(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    host = replace(made_up.HOST, cpu=HOSTILE[0], system=HOSTILE[4], python=HOSTILE[1])
    run = replace(made_up.RUN, machine=host, sources=HOSTILE[2], packages={HOSTILE[1]: HOSTILE[3]})
    for index, words in enumerate(HOSTILE):
        cells[2 * index] = replace(cells[2 * index], id=f"rust/{words}")
        spoilt = replace(cells[2 * index + 1], task=words, corpus=words, state=words, id=words)
        cells[2 * index + 1] = made_up.without_time(spoilt, "wrong", words, words)
        cells.append(replace(cells[2 * index], corpus=words, task=words))
    path = tmp_path / "hostile.jsonl"
    written = [raw_line("run", run), *(raw_line("cell", cell) for cell in cells)]
    path.write_bytes(b"".join(written))
    target = tmp_path / "report.html"
    target.write_bytes(page([("<b>hostile</b>.jsonl", path.read_bytes())]))
    for width in (360, 1440):
        reader.open(target, width)
        assert "taken" not in reader.driver.title
        assert reader.run("return document.documentElement.scrollWidth") <= width
        # All of them stand in the page as text, to the letter.
        shown = reader.run("return document.body.textContent")
        for words in HOSTILE[:-1]:
            assert lines.spelled_out(words) in shown
        assert reader.run("return document.querySelectorAll('img, #content script').length") == 0
        for words in HOSTILE:
            reader.select("corpus", lines.spelled_out(words))
            assert reader.run("return document.documentElement.scrollWidth") <= width
        reader.check_quiet()


def test_a_page_of_ten_thousand_records_leaves_out_what_processes_measured(
    reader: Reader, tmp_path: Path
) -> None:
    pattern = made_up.cells(("charset", "encode", "count"), ("tinyshakespeare",))
    cells = [
        replace(cell, corpus=f"text-{index}", characters=1000 + index)
        for index in range(10_000 // len(pattern) + 1)
        for cell in pattern
    ][:10_000]
    target = page_of(tmp_path, made_up.RUN, cells)
    reader.open(target)
    assert "10,000 cells are more than this page holds whole" in reader.text("#runs")
    assert len(reader.texts("button.download")) == 1
    # The page does not hold what each process measured, so it cannot draw that.
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


def test_the_steps_of_a_call_and_memory_are_shown(reader: Reader, tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    main = made_up.write(tmp_path, made_up.RUN, cells)
    text = Text("tinyshakespeare", "cd" * 32, 1_115_394, "ascii")
    steps = (Step("the <b>kernel</b>", 3e-5, (2e-5, 4e-5)), Step("freeing", -1e-7, None))
    breakdown = Breakdown("charset", "rust/ahash", 2.99e-5, steps, "wall", 8)
    grown = Footprint("charset", "rust/ahash", False, (0.002,), (0.001,), (5_000_000,), (1_000,))
    other = replace(made_up.RUN, run="20260102T040405Z-aaaaaa", command="breakdown")
    writer = records.begin(tmp_path, other)
    later = replace(grown, task="prepare")
    kept = (CallInSteps(text, "warm", breakdown), FirstCall(text, later), FirstCall(text, grown))
    for record in kept:
        writer.keep_other(record)
    writer.end()
    (recorded,) = records.read(writer.path)
    assert recorded.others == kept
    reader.open(write_page(tmp_path, main, writer.path))
    assert "the <b>kernel</b>" in reader.text("#parts .legend")
    assert "cdcdcdcdcdcd" in reader.text("#parts .where")
    reader.run("document.querySelector('#parts summary').click()")
    assert "30.0 µs [20.0, 40.0]" in reader.text("#parts details")
    assert "5.00 MB" in reader.text("#memory tbody")
    assert reader.texts("#memory h3") == ["charset", "prepare"]  # in the tasks' own order
    assert reader.texts("#run option") == [f"lab-1, 2026-01-02, bench, {len(cells)} cells"]
    assert len(reader.texts("#runs [aria-label='All runs'] tbody tr")) == 2
    reader.check_quiet()


def test_the_packed_records_are_the_file(usual: Path, run_file: Path) -> None:
    text = usual.read_text(encoding="utf-8")
    (packed,) = re.findall(r'id="records-data">([^<]*)<', text)
    assert gzip.decompress(base64.b64decode(packed)) == run_file.read_bytes()


def test_a_run_that_lost_a_record_is_named(tmp_path: Path) -> None:
    text = Text("tinyshakespeare", "cd" * 32, 1_115_394, "ascii")
    grown = Footprint("charset", "rust/ahash", False, (0.002,), (0.001,), (5_000_000,), (1_000,))
    writer = records.begin(tmp_path, made_up.RUN)
    writer.keep_other(FirstCall(text, grown))
    writer.end()
    written = writer.path.read_bytes().splitlines(keepends=True)
    writer.path.write_bytes(written[0] + written[2])
    with pytest.raises(schema.RecordError, match="ended with 1 other records; 0 are here"):
        records.read(writer.path)
