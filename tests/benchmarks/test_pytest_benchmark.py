"""A real run of pytest-benchmark, as a user starts it, and the file that it leaves."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installations import ROOT, Installation

from nanogpt_rs.measuring.end_to_end import rows_of
from nanogpt_rs.records.promotion import promote_pytest_benchmark as promote
from nanogpt_rs.records.schema import RecordError
from nanogpt_rs.ruler.registry import REGISTRY, find
from nanogpt_rs.ruler.tasks import TASKS

SUITE = "benchmarks/pytest_benchmark"


def run_pytest(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


TIMED = "decode"
"""Part of the names of the tasks whose rows are timed here. Each row costs a process that verifies
it, and the tests in ``benchmarks/`` call all rows once."""
CORPUS = "english-1k-ascii"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The output and the results of a brief ``pytest --benchmark-only`` on one corpus."""
    results = tmp_path_factory.mktemp("results")
    done = run_pytest(
        *(SUITE, "--benchmark-only", "--benchmark-max-time=0.01", "--benchmark-min-rounds=1"),
        *("--corpus", CORPUS, "-k", f"{TIMED} or test_job"),
        f"--benchmark-storage={results}/local/pytest-benchmark",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, results


def default_rows() -> list[tuple[str, str]]:
    return [
        (row.task, row.id)
        for row in REGISTRY
        if "default" in row.marks and not TASKS[row.task].variant_of
    ]


def test_every_default_row_is_chosen_and_no_test_beside_them() -> None:
    options = ("--collect-only", "-q", "-W", "ignore:Not saving anything", "--corpus", CORPUS)
    done = run_pytest("--benchmark-only", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    chosen = re.findall(r"::(\w+)\[(.*)\]$", done.stdout, re.MULTILINE)
    assert [name for name in chosen if name[0] == "test_call"] == [
        ("test_call", f"{CORPUS}-{task}-{id}") for task, id in default_rows()
    ]
    assert {name for name, _ in chosen} == {"test_call", "test_job"}


def test_rows_are_timed_in_their_groups(run: tuple[str, Path]) -> None:
    output, results = run
    (path,) = results.rglob("*.json")
    document = json.loads(path.read_text())
    jobs = [c for c in document["benchmarks"] if c["extra_info"]["task"] == "end_to_end"]
    assert [c["extra_info"]["id"] for c in jobs] == [row.id for row in rows_of("ascii")]
    cases = [c for c in document["benchmarks"] if c not in jobs]
    timed = [(task, id) for task, id in default_rows() if TIMED in task]
    assert [(c["extra_info"]["task"], c["extra_info"]["id"]) for c in cases] == timed
    for case in cases:
        assert case["group"] == f"{case['extra_info']['task']} on {CORPUS}"
        assert len(case["extra_info"]["corpus_sha256"]) == 64
        assert case["extra_info"]["build"]["profile"] == "release"
    for case in document["benchmarks"]:
        about = case["extra_info"]
        row = find("prepare" if case in jobs else about["task"], about["id"])
        assert about.get("builds") == (1 if row.is_compiled() else None)
    assert output.count("Rust was timed in one build.") == 1
    assert f"benchmark '{timed[0][0]} on {CORPUS}'" in output
    assert "SKIPPED" not in output


def test_no_host_is_named(run: tuple[str, Path]) -> None:
    (path,) = run[1].rglob("*.json")
    assert f'"{platform.node()}"' not in path.read_text()
    assert str(ROOT.parent) not in path.read_text()


def test_without_the_option_nothing_is_timed_or_saved(tmp_path: Path) -> None:
    done = run_pytest(
        *(SUITE, "-q", "-k", TIMED, "--corpus", CORPUS),
        f"--benchmark-storage={tmp_path}",
    )
    assert done.returncode == 0, done.stdout
    assert "benchmark '" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_answer_is_neither_ranked_nor_saved(
    installation: Installation, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / SUITE, installation.folder / SUITE)
    wrong = "def charset(text):\n    return set(text[1:])\n"
    installation.write("py_impls/charset/set.py", wrong)
    done = installation.run(
        *(
            "-m",
            "pytest",
            "-c",
            str(ROOT / "pyproject.toml"),
            "--rootdir",
            str(installation.folder),
        ),
        *(str(installation.folder / SUITE), "-k", "charset and (set or ahash)"),
        *("--benchmark-only", "--benchmark-max-time=0.01", "--corpus", "english-1k-ascii"),
        f"--benchmark-storage={tmp_path}/kept",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    (path,) = (tmp_path / "kept").rglob("*.json")
    kept = [case["extra_info"] for case in json.loads(path.read_text())["benchmarks"]]
    ids = [info["id"] for info in kept if info["task"] == "charset"]
    assert "python/set" not in ids
    assert "rust/ahash" in ids


def test_a_run_is_promoted_under_an_alias(run: tuple[str, Path], tmp_path: Path) -> None:
    (path,) = run[1].rglob("*.json")
    document = json.loads(path.read_text())
    document["commit_info"]["dirty"] = False
    local = tmp_path / "local/pytest-benchmark"
    local.mkdir(parents=True)
    (local / "0001.json").write_text(json.dumps(document))
    promoted = promote(tmp_path, "lab-1")
    date, commit = document["datetime"][:10], document["commit_info"]["id"][:8]
    assert promoted.name == f"{date}-lab-1-{commit}.json"
    assert json.loads(promoted.read_text())["machine_info"]["alias"] == "lab-1"
    with pytest.raises(RecordError, match="records are not overwritten"):
        promote(tmp_path, "lab-1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a whole run"),
        ('{"datetime": "2026-01-01T00:00:00+00:00", "commit_info": {', "not a whole run"),
        ("[]", "not a whole run"),
        ('{"datetime": "2026-01-01", "commit_info": {}, "benchmarks": []}', "holds no case"),
        (
            '{"datetime": "2026-01-01", "commit_info": {"dirty": true}, "benchmarks": [1]}',
            "uncommitted changes",
        ),
    ],
)
def test_a_file_that_is_no_whole_run_is_refused(tmp_path: Path, text: str, says: str) -> None:
    local = tmp_path / "local/pytest-benchmark"
    local.mkdir(parents=True)
    (local / "0001.json").write_text(text)
    with pytest.raises(RecordError, match=says):
        promote(tmp_path, "lab-1")
    assert [path.name for path in tmp_path.iterdir()] == ["local"]


@pytest.mark.parametrize("alias", ["", "My Machine", "../up", "a" * 41])
def test_an_unfit_alias_is_refused(tmp_path: Path, alias: str) -> None:
    with pytest.raises(RecordError, match="is no alias"):
        promote(tmp_path, alias)


def test_without_a_run_the_message_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no run of pytest-benchmark is kept here") as raised:
        promote(tmp_path, "lab-1")
    assert raised.value.hint == "make pytest-benchmark"
