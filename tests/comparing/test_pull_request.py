"""A pull request of somebody else's pyo3 package, ``tests/wordcount``, compared with its base.

The commands are those of its workflow, which stands in docs/comparing.md.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from installations import BRIEF, OUR_PROFILE, ROOT, building, with_dependencies

PROJECT = ROOT / "tests/wordcount"
DOCUMENT = ROOT / "docs/comparing.md"


def script() -> str:
    """The last step of the workflow, without what installs the wheel."""
    workflow = (PROJECT / "compare.yml").read_text()
    return dedent(workflow.partition("run: |\n")[2])


def test_the_document_shows_the_files_that_are_tested() -> None:
    document = DOCUMENT.read_text()
    for language, name in (("yaml", "compare.yml"), ("python", "bench/calls.py")):
        assert f"```{language}\n{(PROJECT / name).read_text()}```" in document


def run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow("compiles two commits of a package with maturin")
def test_a_pull_request_is_compared_with_its_base_in_a_summary(tmp_path: Path) -> None:
    repository = tmp_path / "wordcount"
    shutil.copytree(PROJECT, repository, ignore=shutil.ignore_patterns("__pycache__"))
    new = (repository / "lib.rs").read_text()
    old = new.replace("HashMap<&str, usize>", "HashMap<String, usize>")
    old = old.replace("counts.entry(word)", "counts.entry(word.to_owned())")
    assert old != new
    git = "git -c user.name=x -c user.email=x@example.org"
    (repository / "lib.rs").write_text(old)
    begun = run(f"git init -q && git add . && {git} commit -qm base", repository)
    assert begun.returncode == 0, begun.stderr
    base = run("git rev-parse HEAD", repository).stdout.strip()
    (repository / "lib.rs").write_text(new)
    assert run(f"{git} commit -qam 'No copies of words'", repository).returncode == 0

    environment = {
        "BASE": base,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "PYTHONPATH": BRIEF,
        "CARGO_TARGET_DIR": with_dependencies(ROOT / "target/words"),
        **OUR_PROFILE,
    }
    with building():
        done = run(script(), repository, **environment)
    assert done.returncode == 0, done.stderr
    summary = (tmp_path / "summary.md").read_text()
    rows = [line for line in summary.splitlines() if line.startswith("| `")]
    names = [row.split("|")[1].strip() for row in rows]
    assert names == ["`base/calls.py:rust`", "`head/calls.py:rust`", "`head/calls.py:python`"]
    assert "- head/calls.py:rust: compiled code of wordcount was measured in one build" in summary
    assert "- input: calls.py:make" in summary

    plain = repository / "head/wordcount/plain.py"
    plain.write_text(plain.read_text().replace("+ 1", "+ 2"))
    last = script().partition("cp bench/calls.py head/\n")[2]
    done = run(last, repository, **environment)
    assert done.returncode == 1
    assert (
        "head/calls.py:python: wrong: gives another answer" in (tmp_path / "summary.md").read_text()
    )
