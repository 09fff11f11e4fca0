"""What a run found in few lines: for whole commands, on a terminal and in a pipe."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import made_up
import pytest
from installations import ROOT
from shown_tables import on_terminal

from nanogpt_rs.commands.bench import chosen_contests
from nanogpt_rs.measuring.bench import FEW_RUST, first_part
from nanogpt_rs.records import files as records
from nanogpt_rs.records.schema import JobDifference
from nanogpt_rs.reporting.summary import first_answer, summary, verdict_in_words

Run = Callable[..., subprocess.CompletedProcess[str]]
RESULTS = ROOT / "results"
MOST_LINES = 25


def test_the_summary_of_the_fullest_run_fits_into_a_terminal(tmp_path: Path) -> None:
    runs = [max((RESULTS / "bench").glob("*.jsonl"), key=lambda path: path.stat().st_size)]
    runs.append(records.newest(RESULTS / "end-to-end"))
    words = ["show", "--format=summary", *map(str, runs)]
    narrow, wide = (
        re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", on_terminal(words, columns, tmp_path)[0]).splitlines()
        for columns in (80, 160)
    )
    assert len(narrow) <= MOST_LINES
    assert all(len(line) <= 80 for line in narrow), narrow
    for lines in (narrow, wide):
        assert not any("\N{HORIZONTAL ELLIPSIS}" in line for line in lines)
        said = " ".join(" ".join(lines).split())
        assert "One call on " in said
        assert "The whole job (from the file to a loss, config " in said
        assert "Beside the strongest Python, Rust is " in said
    # Each task has one line where there is room for it, and two where there is not.
    assert any(re.match(r"charset +[\d.]+ ms .*\[", line) for line in wide)
    assert not any(re.match(r"charset +[\d.]+ ms .*\[", line) for line in narrow)


def test_bench_prints_a_first_answer_and_measures_each_row_once(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    words = ("bench", "charset", "--state=warm", "--seconds=1", f"--results={results}")
    done = nanogpt_rs(*words, "--summary")
    assert done.returncode == 0, done.stderr
    first, rest = done.stdout.split("\n\n")
    lines = first.splitlines()
    assert lines[0].startswith("First answer: charset on synthetic (1,115,394 characters)")
    assert lines[0].endswith("Rust in one build")
    for line, words_of_line in zip(
        lines[1:],
        (
            r"  the lecture's Python  [\d.]+ ms set",
            r"  the strongest Python  .* bytes_translate, [\d.]+( \(\w+\))? times as fast",
            r"  the best Rust so far  .* times as fast, and .* times as fast as the strongest .*",
            r"  the whole job         would gain .*% over .* published record of [\w-]+, 20.*",
        ),
        strict=True,
    ):
        assert re.fullmatch(words_of_line, line), line
    assert rest.startswith("One call on synthetic (1,115,394 characters), read before; Rust in one")
    assert f"\nThe page: {results / 'report.html'}\nAll tables: " in rest
    assert rest.rstrip().endswith("nanogpt-rs show")
    (path,) = (results / "bench").glob("*.jsonl")
    (run,) = records.read(path)
    keys = [cell.key for cell in run.cells]
    contests, _ = chosen_contests(["charset"], None, None, ["warm"], False, False, 1.0)
    assert sorted(key[1] for key in keys) == sorted(row.id for row in contests[0].contenders)
    assert run.complete


def test_a_summary_goes_on_where_it_was_interrupted(nanogpt_rs: Run, tmp_path: Path) -> None:
    chosen = ("--id=rust/ahash", "--corpus=english-1-ascii", "--state=warm", "--seconds=1")
    words = ("bench", "charset", *chosen, f"--results={tmp_path / 'results'}", "--summary")
    assert nanogpt_rs(*words).returncode == 0
    (path,) = (tmp_path / "results/bench").glob("*.jsonl")
    interrupted = b"".join(path.read_bytes().splitlines(keepends=True)[:2])
    path.write_bytes(interrupted)
    done = nanogpt_rs(*words)
    assert done.returncode == 0, done.stderr
    assert "going on with the run that was interrupted: 1 result kept\nhint: " in done.stderr
    assert records.read(path)[0].complete
    path.write_bytes(interrupted)
    done = nanogpt_rs(*words, "--anew")
    assert "going on" not in done.stderr
    assert len(list(path.parent.glob("*.jsonl"))) == 2
    assert path.read_bytes() == interrupted


def test_the_first_part_of_a_contest_needs_no_group_more() -> None:
    contests, _ = chosen_contests(None, None, None, None, False, False, None)
    for contest in contests:
        part = first_part(contest)
        references = set(contest.references.values())
        rust = [row for row in part.contenders if row not in references]
        assert references <= set(part.contenders)
        assert len(rust) >= FEW_RUST
        assert all(row.id.startswith("rust/") for row in rust)
        left = [row for row in contest.contenders if row not in part.contenders]
        assert part.group_count() + contest.groups_for(len(left)) == contest.group_count()
    small, _ = chosen_contests(["charset"], ["rust/ahash"], None, ["warm"], False, False, None)
    assert first_part(small[0]) == small[0]


def test_a_summary_says_what_a_reader_must_know_besides(tmp_path: Path) -> None:
    cells = made_up.in_builds(made_up.cells(states=("warm", "fresh_str")), 16)
    (run,) = records.read(made_up.write(tmp_path, made_up.RUN, cells))
    found = summary(run)
    assert found is not None
    assert found.title.endswith("Rust in 16 builds")
    assert [best.rust.task for best in found.rows] == ["charset", "encode"]
    assert found.notes[-1].startswith("On a text that no call has read yet, times as fast as the")
    python = [cell for cell in cells if not cell.id.startswith("rust/")]
    (run,) = records.read(made_up.write(tmp_path / "python", made_up.RUN, python))
    assert summary(run) is None
    assert first_answer(python[:3], None) == ("", [])


@pytest.mark.parametrize(
    ("gained", "says"),
    [
        ((0.5, (0.4, 0.6)), "is worth it here: it gains over 1%"),
        ((0.01, (0.005, 0.015)), "is not worth it here: it gains less than 1%"),
        ((0.1, (0.05, 0.15)), "cannot be told"),
        ((0.5, None), "cannot be told"),
    ],
    ids=str,
)
def test_a_gain_is_worth_it_or_not(
    gained: tuple[float, tuple[float, float] | None], says: str
) -> None:
    (recorded,) = records.read(records.newest(RESULTS / "end-to-end"))
    job = next(other for other in recorded.others if isinstance(other, JobDifference))
    difference = replace(job.found, reference_seconds=1.0, seconds=gained[0], interval=gained[1])
    assert says in verdict_in_words(replace(job, rest=9.0, found=difference))


def test_nothing_to_summarize_is_said(nanogpt_rs: Run, tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.RUN, [])
    done = nanogpt_rs("show", "--format", "summary", str(path))
    assert done.returncode == 0
    assert "has no Rust beside the references" in done.stdout
