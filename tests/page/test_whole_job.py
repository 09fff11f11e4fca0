"""The whole job on the page, measured and the reader's own, in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from pages import write_page
from reader import Reader
from selenium.webdriver.common.keys import Keys

from nanogpt_rs.records import files as records
from nanogpt_rs.records.schema import Difference, JobDifference, Text, Trained, WholeJob
from nanogpt_rs.ruler.registry import REGISTRY
from nanogpt_rs.ruler.tasks import PREPARATION

pytestmark = pytest.mark.slow("drives a real browser")

STRONGEST = "strongest:ascii"


def test_whole_jobs_that_were_measured_are_shown(reader: Reader, tmp_path: Path) -> None:
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
    comparison = made_up.cells(("charset",), ("tinyshakespeare",))[1].against[0].comparison
    gain = Difference(
        *("strongest", "python/file_blocks", "rust/two_passes"),
        *(1.0, 0.1, (0.05, 0.15), comparison),
    )
    writer.keep_other(JobDifference(text, "quick", "first_call", 9.0, gain, "H100 <b>, compile"))
    writer.end()
    (recorded,) = records.read(writer.path)
    assert [type(record) for record in recorded.others] == [WholeJob, WholeJob, JobDifference]
    reader.open(write_page(tmp_path, main, writer.path))
    answer = reader.text("#answer").replace("\u00a0", " ")
    how = "config quick on H100 <b>, compile"
    assert f"({how}, 500 steps, tinyshakespeare) gains 1.0 % [0.5, 1.5] over" in answer
    assert "over the strongest Python with rust/two_passes" in answer
    first, second = reader.texts("#answer .where")
    assert "commit 01234567" in first
    assert second.startswith("the whole job: lab-1")
    assert "commit ffffffff" in second
    assert "3 job records" in reader.text("#runs [aria-label='All runs']")
    assert "never set beside" not in reader.text("#runs")
    # The time of a step is what it took in these jobs.
    assert reader.run("return document.getElementById('job-stepTime').placeholder") == "16.0"
    assert reader.run("return document.getElementById('job-steps').placeholder") == "500"
    assert "the median of the whole jobs measured on this machine" in reader.text("#job-results")
    assert "a rewrite is not worth it" not in answer  # the interval reaches beyond 1 %
    reader.run("document.querySelector('#job summary').click()")
    job = reader.text("#job").replace("\u00a0", " ")
    assert re.search(r"read and encode\s+500 ms\s+500 ms", job)
    assert job.lower().count(how.lower()) >= 2  # measured, and where a step is from
    assert "5.3 %" in job
    assert "100 ms [50, 150]" in job
    reader.check_quiet()


def test_an_invalid_gain_of_a_whole_job_says_so(reader: Reader, tmp_path: Path) -> None:
    main = made_up.write(tmp_path, made_up.RUN, made_up.cells(("charset",), ("tinyshakespeare",)))
    text = Text("tinyshakespeare", "cd" * 32, 1_115_394, "ascii")
    writer = records.begin(
        tmp_path, replace(made_up.RUN, run="20260102T040405Z-aaaaaa", command="end-to-end")
    )
    (pair, *_) = made_up.cells(("charset",), ("tinyshakespeare",))[1].against
    invalid = replace(pair.comparison, verdict="invalid")
    for gained, comparison in ((5.0, invalid), (0.01, pair.comparison)):
        difference = Difference(
            role="strongest",
            reference="python/file_blocks",
            id=f"rust/gains_{gained}",
            reference_seconds=1.0,
            seconds=gained,
            interval=(gained - 0.01, gained + 0.01),
            comparison=comparison,
        )
        writer.keep_other(JobDifference(text, "quick", "first_call", 9.0, difference))
        reader.open(write_page(tmp_path, main, writer.path))
        answer = reader.text("#answer").replace("\u00a0", " ")
        assert ("(invalid)" in answer) == (comparison is invalid)
        assert ("a rewrite is not worth it" in answer) == (comparison is not invalid)


def test_a_job_of_ones_own_is_computed_from_measured_times(
    reader: Reader, tmp_path: Path, division_file: Path
) -> None:
    cells = made_up.cells((PREPARATION,))
    path = made_up.write(tmp_path, made_up.RUN, cells)
    reader.open(write_page(tmp_path, path))
    assert "not measured in these records" in reader.text("#answer")
    words = "Neither a closed division nor a whole job was measured on this machine"
    assert words in reader.text("#job-results")
    reader.open(write_page(tmp_path, path, division_file))
    times = {
        cell.id: cell.seconds or 0
        for cell in cells
        if cell.corpus == "tinyshakespeare" and not cell.limit
    }
    rust = min(seconds for id, seconds in times.items() if id.startswith("rust/"))
    row = next(row for row in REGISTRY if row.task == PREPARATION and STRONGEST in row.marks)
    python = times[row.id]
    (gain,) = re.findall(r"Rust gains ([\d.]+)\s% of this job", reader.text("#job"))
    assert float(gain) == pytest.approx(100 * (python - rust) / (python + 2000 * 0.02), rel=0.01)
    assert f"gains {gain}\u00a0% over the strongest Python" in reader.text("#answer")
    assert "ours 2.50× [2.40, 2.60]" in reader.text("#job")
    assert "divisions.jsonl" in reader.text("#runs [aria-label='All runs']")
    for id, value in (("size", "1e11"), ("steps", "10"), ("stepTime", "1")):
        reader.select(f"job-{id}", value)
    (gain,) = re.findall(r"Rust gains ([\d.]+)\s% of this job", reader.text("#job"))
    scale = 1e11 / made_up.SIZES["tinyshakespeare"]
    expected = 100 * (python - rust) * scale / (python * scale + 0.01)
    assert float(gain) == pytest.approx(expected, rel=0.01)
    assert "Extrapolated: from 1,115,394 characters" in reader.text("#job")
    assert "it was not measured here" in reader.text("#job")
    # The focus moves on to a field that is still there. A text that is not a number is not used.
    reader.driver.find_element("id", "job-size").send_keys("0", Keys.TAB)
    reader.wait("return document.activeElement.id === 'job-steps'")
    reader.select("job-steps", "0")
    assert "and 0 steps" in reader.text("#job table.cards:last-of-type caption")
    reader.select("job-stepTime", "-5")
    assert "−" not in reader.text("#job table.cards:last-of-type")
    assert "NaN" not in reader.text("#job")
    reader.check_quiet()


def test_the_text_from_which_rust_gains_one_percent_is_right(
    reader: Reader, tmp_path: Path, division_file: Path
) -> None:
    """The size that the page names gains 1 % when it is chosen, though rates differ by size."""
    cells = made_up.cells((PREPARATION,))
    # On short texts all is slower, and Rust more so: the nearest size must not decide alone.
    slow = {"english-1k-ascii": 50, "english-64k-ascii": 7}
    cells = [
        replace(c, seconds=(c.seconds or 0) * slow.get(c.corpus, 1) * (1 + ("rust" in c.id)))
        for c in cells
    ]
    path = made_up.write(tmp_path, made_up.RUN, cells)
    reader.open(write_page(tmp_path, path, division_file))
    for corpus, size, steps in (
        ("tinyshakespeare", "", "2000"),
        ("english-1k-ascii", "5e4", "100"),
    ):
        reader.select("corpus", corpus)
        reader.select("job-size", size)
        reader.select("job-steps", steps)
        words = reader.text("#job-gain").replace("\u00a0", " ")
        (worth,) = re.findall(r"It would be 1 % for a text of ([\d,]+) characters", words)
        reader.select("job-size", worth.replace(",", ""))
        (gain,) = re.findall(r"Rust gains ([\d.]+)\s% of this job", reader.text("#job-gain"))
        assert 1 <= float(gain) < 1.05
        reader.select("job-size", str(int(int(worth.replace(",", "")) * 0.95)))
        (gain,) = re.findall(r"Rust gains ([\d.]+)\s% of this job", reader.text("#job-gain"))
        assert float(gain) < 1
    reader.select("job-steps", "1e6")
    assert "the largest size that was measured" in reader.text("#job-gain")


def test_the_jobs_numbers_are_checked(reader: Reader, tmp_path: Path, division_file: Path) -> None:
    cells = made_up.cells((PREPARATION, "charset"))
    cells = [c for c in cells if c.task == "charset" or c.corpus == "tinyshakespeare"]
    path = made_up.write(tmp_path, made_up.RUN, cells)
    reader.open(write_page(tmp_path, path, division_file))
    invalid = "return document.getElementById('job-steps').ariaInvalid"
    labels = "return [...document.querySelectorAll('#job input')].map((node) => node.ariaLabel)"
    assert reader.run(labels) == [
        "characters of the text",
        "steps of training",
        "milliseconds that a step takes",
    ]
    for value, refused in (("-5", True), ("7", False), ("1e300", True), ("", False)):
        reader.select("job-steps", value)
        assert reader.run(invalid) == str(refused).lower(), value
        words = reader.text("#job-steps-refused")
        assert ("from 0 to 1,000,000,000 is needed; 2,000 is used instead" in words) == refused
    reader.driver.find_element("id", "job-stepTime").send_keys("1e", Keys.TAB)
    assert "20.0 is used instead" in reader.text("#job-stepTime-refused")
    assert "not measured on the chosen text" not in reader.text("#job")
    reader.select("corpus", "english-1k-ascii")
    words = "was not measured on the chosen text, english-1k-ascii; using tinyshakespeare"
    assert words in reader.text("#job")


def test_what_a_job_of_ones_own_gains_is_announced_once(
    reader: Reader, tmp_path: Path, division_file: Path
) -> None:
    """By a line of its own; and where the focus goes on to is still there."""
    path = made_up.write(tmp_path, made_up.RUN, made_up.cells((PREPARATION,)))
    reader.open(write_page(tmp_path, path, division_file))
    reader.run(
        """
        window.changes = 0;
        new MutationObserver((changes) => { window.changes += changes.length; })
          .observe(document.getElementById("answer"), { childList: true });
        window.line = document.getElementById("job-gain");
        """
    )
    before = reader.text("#job-gain")
    assert reader.run("return window.line.role") == "status"
    reader.driver.find_element("id", "job-stepTime").send_keys("1", Keys.TAB)
    assert reader.text("#job-gain") != before
    assert reader.run("return document.getElementById('job-gain') === window.line")
    (gain,) = re.findall(r"Rust gains ([\d.]+)", reader.text("#job-gain"))
    assert f"gains {gain}\u00a0%" in reader.text("#answer")
    assert reader.run("return document.activeElement.closest('section')?.id") == "job"
    assert reader.run("return document.activeElement.id") != "job-stepTime"
    reader.select("scaling-y", "rate")  # which changes nothing in the answer
    assert reader.run("return window.changes") == 0
    assert reader.run("return document.getElementById('answer-job').ariaLive") == "off"
    reader.select("base", "lecture")
    reader.select("corpus", "english-1k-ascii")
    reader.wait("return window.changes > 0")


def test_races_of_arms_and_whole_programs_have_tables(
    reader: Reader, tmp_path: Path, run_file: Path, division_file: Path
) -> None:
    arms = made_up.write_race(tmp_path / "arms", made_up.arm_race(), "20260103T030405Z-123456")
    whole = made_up.write_race(
        tmp_path / "whole", made_up.whole_programs(), "20260104T030405Z-123456"
    )
    reader.open(write_page(tmp_path, run_file, division_file, arms, whole))
    shown = reader.text("#job")
    assert "Race of arms: the same model with equal losses" in shown
    assert "no time: another model: its loss in float64 left the reference's at step 2" in shown
    assert "16\u00a0% [15, 17]" in shown.replace(" %", "\u00a0%")
    assert "2.00× [1.90, 2.10]" in shown
    runs = reader.text("#runs [aria-label='All runs']")
    assert "training, race of arms" in runs
    assert "training, whole programs" in runs
    reader.check_quiet()


def test_a_page_of_divisions_alone_shows_them(
    reader: Reader, tmp_path: Path, division_file: Path
) -> None:
    reader.open(write_page(tmp_path, division_file))
    assert "no answer yet" in reader.text("#answer")
    assert "ours 2.50× [2.40, 2.60]" in reader.text("#content")
    reader.check_quiet()
