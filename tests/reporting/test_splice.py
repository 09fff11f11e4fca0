"""README's figures come from records by a command, which finds stale ones."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import made_up
import pytest
from installations import ROOT
from messages import only_message

from nanogpt_rs.records import files as records
from nanogpt_rs.records.schema import Difference, JobDifference, Text
from nanogpt_rs.reporting.headline import best_rust, faster_python
from nanogpt_rs.reporting.splice import MAKERS, STRAY, splice

Run = Callable[..., subprocess.CompletedProcess[str]]

DOCUMENT = """# Ours

Before.

<!-- splice picture file=shown/headline.svg -->
<!-- spliced -->
<!-- splice headline corpus=tinyshakespeare -->

| typed | by hand |

<!-- spliced -->

<!-- splice ranking task=charset corpus=tinyshakespeare ids=python/set,rust/ahash,rust/none -->
<!-- spliced -->

<!-- splice caption -->
<!-- spliced -->

After.
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results with an older run of fewer cells, the run to show, and a newer run of one task."""
    cells = made_up.cells(("charset", "encode"), ("tinyshakespeare",))
    old = replace(made_up.RUN, run="20250102T030405Z-abcdef")
    made_up.write(tmp_path / "results/bench", old, cells[:5])
    made_up.write(tmp_path / "results/bench", made_up.RUN, cells)
    new = replace(made_up.RUN, run="20270102T030405Z-abcdef")
    charset = [cell for cell in cells if cell.task == "charset"]
    made_up.write(tmp_path / "results/bench", new, charset[:9])
    (tmp_path / "README.md").write_text(DOCUMENT)
    return tmp_path / "results"


def test_blocks_are_filled(nanogpt_rs: Run, results: Path, tmp_path: Path) -> None:
    done = nanogpt_rs("dev", "splice")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("# Ours\n\nBefore.\n")
    assert text.endswith("\n\nAfter.\n")
    assert "typed" not in text
    assert "![" in text
    assert "(shown/headline.svg)" in text
    assert "| `rust/none` | not measured | - | - |" in text
    (run,) = records.read(results / "bench" / f"{made_up.RUN.run}.jsonl")
    ahash = next(cell for cell in run.cells if (cell.task, cell.id) == ("charset", "rust/ahash"))
    lecture = ahash.beside("lecture")
    assert lecture is not None
    assert lecture.comparison.ratio is not None
    (row,) = re.findall(r"\| `rust/ahash` \| \S+ \w+, one build \| ([\d.]+) \[", text)
    assert float(row) == pytest.approx(lecture.comparison.ratio, rel=0.01)
    words = " ".join(text.split())
    for fact in ("lab-1", "release build", "01234567", "2026-01-02", "SHA-256", "; load "):
        assert fact in words
    ElementTree.parse(tmp_path / "shown/headline.svg")
    assert nanogpt_rs("dev", "splice", "--check").returncode == 0
    assert nanogpt_rs("dev", "splice").returncode == 0
    assert (tmp_path / "README.md").read_text() == text


def test_an_implementation_with_nothing_but_invalid_results_is_not_the_best() -> None:
    cells = [cell for cell in made_up.cells(("charset",), ("tinyshakespeare",)) if not cell.limit]
    best = best_rust(cells)
    assert best is not None
    invalid = made_up.without_a_word(best)
    others = [cell for cell in cells if cell is not best]
    assert best_rust([*others, invalid]) == best_rust(others) != best
    # One of its two comparisons is valid.
    half = replace(best, against=(invalid.against[0], *best.against[1:]))
    assert best_rust([*others, half]) == half
    assert best_rust([invalid]) == invalid


def test_a_python_faster_than_the_strongest_is_named() -> None:
    (python, *_) = (
        cell
        for cell in made_up.cells(("charset",), ("tinyshakespeare",))
        if cell.id.startswith("python/") and cell.beside("strongest")
    )
    beside = python.beside("strongest")
    assert beside is not None
    faster = replace(beside.comparison, verdict="faster")
    unclear = replace(beside.comparison, verdict="inconclusive")
    cell = replace(python, against=(replace(beside, comparison=faster),))
    assert faster_python([cell]) == cell
    assert faster_python([replace(cell, against=(replace(beside, comparison=unclear),))]) is None


@pytest.mark.parametrize("stale", ["README.md", "shown/headline.svg"])
def test_stale_figures_are_found(
    nanogpt_rs: Run, results: Path, tmp_path: Path, stale: str
) -> None:
    assert nanogpt_rs("dev", "splice", "--check").returncode == 1
    nanogpt_rs("dev", "splice")
    path = tmp_path / stale
    path.write_text(path.read_text().replace("charset", "charsett", 1))
    done = nanogpt_rs("dev", "splice", "--check")
    assert done.returncode == 1
    assert stale in done.stderr
    assert "hint: make splice" in done.stderr


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        ("no block", 2, "has no `<!-- splice"),
        ("<!-- splice headline -->\n", 2, "not every"),
        ("<!-- splice pie -->\n<!-- spliced -->", 2, "the kinds are: headline, picture"),
        (
            "<!-- splice headline corpus=none -->\n<!-- spliced -->",
            2,
            "has no Rust on none in state warm",
        ),
        ("<!-- splice caption state=evicted -->\n<!-- spliced -->", 2, "any text in state evicted"),
        (
            "<!-- splice picture file=a.svg corpus=no -->\n<!-- spliced -->",
            2,
            "has no Rust on no in",
        ),
        ("<!-- splice ranking task=charset -->\n<!-- spliced -->", 2, "missing 2 required"),
        ("<!-- splice caption colour=red -->\n<!-- spliced -->", 2, "colour"),
    ],
)
def test_a_block_that_cannot_be_filled_is_named(
    nanogpt_rs: Run, results: Path, tmp_path: Path, text: str, status: int, says: str
) -> None:
    (tmp_path / "README.md").write_text(text)
    done = nanogpt_rs("dev", "splice")
    assert done.returncode == status
    assert only_message(done.stderr)
    assert says in done.stderr
    assert (tmp_path / "README.md").read_text() == text


def test_without_records_or_document(nanogpt_rs: Run, results: Path, tmp_path: Path) -> None:
    assert nanogpt_rs("dev", "splice", "--results", "none").returncode == 1
    (tmp_path / "README.md").unlink()
    done = nanogpt_rs("dev", "splice")
    assert (done.returncode, "README.md" in done.stderr) == (1, True)


def test_where_the_best_rust_is_slower_table_and_picture_say_so(tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    kept = [cell for cell in cells if not cell.id.startswith("rust/") or cell.id == "rust/ahash"]
    slow = [
        replace(
            cell,
            seconds=1.0,
            against=tuple(
                replace(
                    pair,
                    comparison=replace(
                        pair.comparison, verdict="slower", ratio=0.5, interval=(0.4, 0.6)
                    ),
                )
                for pair in cell.against
            ),
        )
        if cell.id == "rust/ahash"
        else cell
        for cell in kept
    ]
    (run,) = records.read(made_up.write(tmp_path, made_up.RUN, slow))
    blocks = ("headline", "picture file=a.svg")
    text, files = splice(
        "".join(f"<!-- splice {block} -->\n<!-- spliced -->" for block in blocks), run
    )
    assert "| 0.500 [0.400, 0.600] |" in text
    assert b">0.500x</tspan> [0.400, 0.600] slower<" in files["a.svg"]


BLOCKS = "".join(
    f"<!-- splice {block} -->\n<!-- spliced -->\n"
    for block in (
        "headline",
        "picture file=a.svg",
        "ranking task=charset corpus=tinyshakespeare ids=python/set,rust/ahash,limit/read",
        "caption",
    )
)


@pytest.mark.parametrize(
    ("count", "words", "caption"),
    [
        (None, r"one build", "one release build"),
        (1, r"one build", "one release build"),
        (16, r"[\d.]+ to [\d.]+ [mu]s in 16 builds", "16 release builds"),
    ],
    ids=["old", "one", "several"],
)
def test_rust_says_in_how_many_builds_it_was_measured(
    tmp_path: Path, count: int | None, words: str, caption: str
) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    if count is not None:
        cells = made_up.in_builds(cells, count)
    (run,) = records.read(made_up.write(tmp_path, made_up.RUN, cells))
    text, files = splice(BLOCKS, run)
    assert re.search(rf"\| [\d.]+ us, `foldhash`; {words} \|", text)
    assert re.search(rf"\| `rust/ahash` \| [\d.]+ ms, {words} \|", text)
    assert re.search(rf"\| `limit/read` \| [\d.]+ us, {words} \|", text)
    assert re.search(r"\| `python/set` \| [\d.]+ ms \|", text)
    assert f", {caption};" in " ".join(text.split())
    picture = files["a.svg"].decode()
    assert f"log scale; {caption.replace('release ', '')}<" in picture
    assert ("from the slowest to the fastest build" in picture) == (count == 16)
    assert picture.count('class="rust spread"') == (2 if count == 16 else 0)  # legend and row
    ElementTree.fromstring(picture)


def test_others_that_are_not_told_apart_from_the_best_are_counted(tmp_path: Path) -> None:
    cells = made_up.cells(("charset",), ("tinyshakespeare",))
    best = best_rust([cell for cell in cells if not cell.limit])
    assert best is not None
    same = [
        replace(best, id=cell.id) if cell.id in {"rust/ahash", "rust/rustc_hash"} else cell
        for cell in cells
    ]
    (run,) = records.read(made_up.write(tmp_path, made_up.RUN, same))
    text, _ = splice("<!-- splice headline -->\n<!-- spliced -->", run)
    assert "(2 others may be as fast); one build |" in text


def test_the_gain_of_a_whole_job_is_filled_in(
    nanogpt_rs: Run, results: Path, tmp_path: Path
) -> None:
    (tmp_path / "README.md").write_text("<!-- splice job -->\n<!-- spliced -->\n")
    done = nanogpt_rs("dev", "splice")
    assert (done.returncode, "no recorded run of whole jobs" in done.stderr) == (2, True)
    text = Text("tinyshakespeare", "cd" * 32, 1_115_394, "ascii")
    (pair, *_) = made_up.cells(("charset",), ("tinyshakespeare",))[1].against
    writer = records.begin(results / "end-to-end", replace(made_up.RUN, command="end-to-end"))
    for role, id, reference, gained in (
        ("strongest", "rust/two_passes", "python/file_blocks", 0.1),
        ("lecture", "rust/two_passes", "python/open_read", -1.0),
        ("strongest", "rust/slower", "python/file_blocks", 0.05),
        ("strongest", "python/other", "python/file_blocks", 0.5),
    ):
        difference = Difference(
            role, reference, id, 1.0, gained, (gained - 0.05, gained + 0.05), pair.comparison
        )
        writer.keep_other(JobDifference(text, "quick", "first_call", 9.0, difference))
    writer.end()
    assert nanogpt_rs("dev", "splice").returncode == 0
    words = " ".join((tmp_path / "README.md").read_text().split())
    for expected in (
        "(config `quick`, 9.00 s without the preparation)",
        "`two_passes` gains the most: 100 ms [50, 150] or 1.00% of the job, over",
        "strongest Python, `file_blocks`; -1.00 s [-1.05, -0.95] or -10.00% of the job, over",
        "SHA-256 cdcdcdcdcdcd; machine `lab-1`",
    ):
        assert expected in words
    assert nanogpt_rs("dev", "splice", "--check").returncode == 0


def test_the_documents_of_this_project_are_fresh(nanogpt_rs: Run) -> None:
    """Once a run is recorded, README and docs/ show its figures."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    blocks = {path: STRAY.findall(path.read_text(encoding="utf-8")) for path in documents}
    kinds = {block.split()[2] for found in blocks.values() for block in found}
    assert kinds == {*MAKERS, "summary", "terminal"}
    done = nanogpt_rs(
        *("dev", "splice", "--check", "--results", str(ROOT / "results")),
        *(f"--document={path}" for path, found in blocks.items() if found),
    )
    assert done.returncode == 0, done.stderr


def test_a_summary_is_spliced_as_a_terminal_shows_it(
    nanogpt_rs: Run, results: Path, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/none.md").write_text("no block\n")
    (tmp_path / "README.md").write_text("<!-- splice caption -->\n<!-- spliced -->\n")
    block = "<!-- splice summary tasks=charset -->\n<!-- spliced -->\n"
    (tmp_path / "docs/some.md").write_text(block)
    assert nanogpt_rs("dev", "splice").returncode == 0
    text = (tmp_path / "docs/some.md").read_text()
    assert "```text\nOne call on tinyshakespeare" in text
    assert "encode" not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "SHA-256" in (tmp_path / "README.md").read_text()
    (tmp_path / "docs/some.md").write_text(block.replace("charset", "nothing"))
    done = nanogpt_rs("dev", "splice")
    assert (done.returncode, "has no Rust on this text" in done.stderr) == (2, True)


def test_a_terminal_is_drawn_with_a_comparison_and_its_command(
    nanogpt_rs: Run, results: Path, tmp_path: Path
) -> None:
    cells = [cell for cell in made_up.cells(("charset",), ("tinyshakespeare",)) if not cell.limit]
    run = replace(made_up.RUN, command="compare")
    path = made_up.write(tmp_path / "results/compare", run, cells[:4]).relative_to(tmp_path)
    block = f"<!-- splice terminal run={path} file=shown/compare.svg -->\n<!-- spliced -->\n"
    (tmp_path / "README.md").write_text(block)
    assert nanogpt_rs("dev", "splice").returncode == 0
    assert nanogpt_rs("dev", "splice", "--check").returncode == 0
    drawing = ElementTree.parse(tmp_path / "shown/compare.svg")
    words = "".join(drawing.getroot().itertext()).replace("\xa0", " ")
    assert f"$ nanogpt-rs compare charset {cells[0].id} {cells[1].id}" in words
    assert words.count("verdict") >= 1
    assert "font-face" not in words
    (tmp_path / "README.md").write_text(block.replace("results/compare", "results/bench"))
    done = nanogpt_rs("dev", "splice")
    assert (done.returncode, "is no comparison" in done.stderr) == (2, True), done.stderr


def test_a_name_is_not_broken_at_its_hyphens(tmp_path: Path) -> None:
    for length in range(1, 60):
        alias = "machine-" * 3 + "x" * length
        run = replace(made_up.RUN, machine=replace(made_up.HOST, alias=alias))
        cells = made_up.cells(("charset",), ("tinyshakespeare",))
        (recorded,) = records.read(made_up.write(tmp_path / str(length), run, cells[:12]))
        text, _ = splice("<!-- splice caption -->\n<!-- spliced -->", recorded)
        assert f"`{alias}`" in text
