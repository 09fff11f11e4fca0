"""What was tried and worked, and would be noticed late if it stopped working."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from preparations import made, naive, prepare

from nanogpt_rs.measuring import run
from nanogpt_rs.ruler import corpora, provenance

Run = Callable[..., subprocess.CompletedProcess[str]]

# Characters at which some programs end a line or a text, or that they change.
TEXTS = {
    "CRLF": "to be\r\nor not\r\n",
    "CR": "to be\ror not\r",
    "NUL": "to\0be\0",
    "line separators": "to\u2028be\u2029or\x85not\x0b\x0c\x1c",
    "one character": "a",
    "one wide character": "🙂",
    "no last newline": "to be",
    "byte order mark inside": "to\ufeffbe",
    "composed and decomposed": "é\u0065\u0301",
    "end of file": "to be\x1a or not",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_no_character_is_lost_or_changed(tmp_path: Path, kind: str) -> None:
    text = TEXTS[kind]
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    assert corpora.load(str(path)).text == text
    prepare([path], tmp_path / "out")
    assert made(tmp_path / "out") == naive(text)


NAME = "=1+1,|<b>*_`'\"[x](y)#$(id)%\nGrüße 漢字 🙂.txt"


def test_an_odd_name_stays_what_it_is_everywhere(nanogpt_rs: Run, tmp_path: Path) -> None:
    """Corpora, folders and files of a user with names that shells and formats would change."""
    folder, results = tmp_path / "it's here", "my 'own' results"
    folder.mkdir()
    (folder / "mine.py").write_text("from py_impls.charset.set import charset\n")
    (folder / NAME).write_text("abc", encoding="utf-8")
    done = nanogpt_rs(
        *("compare", "charset", "python/set", "foreign/mine", "--json", "--results", results),
        *("--from", "it's here/mine.py", "--corpus", f"it's here/{NAME}"),
    )
    assert done.returncode == 0, done.stderr
    wanted = {f"file:{NAME}"}
    assert {cell["corpus"] for cell in json.loads(done.stdout)["cells"]} == wanted
    (kept,) = (tmp_path / results / "compare").glob("*.jsonl")
    assert nanogpt_rs("show", str(kept)).returncode == 0
    table = nanogpt_rs("show", str(kept), "--format=csv").stdout
    assert {row["corpus"] for row in csv.DictReader(io.StringIO(table))} == wanted
    markdown = nanogpt_rs("show", str(kept), "--format=markdown").stdout.splitlines()
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in markdown}) == 1
    done = nanogpt_rs("show", str(kept), "--format=html", "--out", "a page's name.html")
    assert done.returncode == 0, done.stderr
    assert "<b>*_`" not in (tmp_path / "a page's name.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "variables", [{"PYTHONWARNINGS": "error"}, {"PYTHONOPTIMIZE": "2"}], ids=["warnings", "-OO"]
)
def test_settings_of_the_interpreter_change_no_result(
    nanogpt_rs: Run, tmp_path: Path, variables: dict[str, str]
) -> None:
    (tmp_path / "text.txt").write_text("to be or not to be", encoding="utf-8")
    for command in (
        "compare charset python/set rust/ahash --corpus text.txt --json",
        "data prepare text.txt --out shards --json",
        "show --json",
    ):
        done = nanogpt_rs(*command.split(), **variables)
        assert done.returncode == 0, (command, done.stderr)
        assert json.loads(done.stdout)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A function that runs git in a checkout, which stands in the place of ours."""
    folder = tmp_path / "checkout"
    for name in provenance.CHECKOUT_FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    monkeypatch.setattr(provenance, "ROOT", folder)
    who = ("-c", "user.name=a", "-c", "user.email=a@b")

    def git(*words: str, **options: Any) -> str:
        done = subprocess.run(
            ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True, **options
        )
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch=trunk")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    return git


def test_a_commit_is_known_on_any_branch_on_none_and_in_worktrees(
    repository: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repository("rev-parse", "HEAD")
    assert run.checkout_state() == (commit, False)
    repository("checkout", "--quiet", "--detach")
    assert run.checkout_state() == (commit, False)
    other = tmp_path / "another place"
    repository("worktree", "add", "--quiet", "--detach", str(other))
    monkeypatch.setattr(provenance, "ROOT", other)
    assert run.checkout_state() == (commit, False)
    (other / provenance.CHECKOUT_FILES[0]).write_text("changed")
    assert run.checkout_state() == (commit, True)
