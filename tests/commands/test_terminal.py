"""What people see: on terminals of many kinds, in pipes, and in encodings that know few letters.

The tables are those of committed records, so that nothing is measured here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from command_lines import commands
from installations import ROOT
from rich.cells import cell_len
from shown_tables import on_terminal, tables_in

Run = Callable[..., subprocess.CompletedProcess[str]]

RECORDS = (
    "bench/2026-11-26-epyc-2core-2a30a3aa.jsonl",
    "breakdown/2026-11-26-epyc-2core-2a30a3aa.jsonl",
    "memory/2026-11-26-epyc-2core-fc3412ab.jsonl",
    "end-to-end/2026-11-25-xeon-2core-4f96b1b9.jsonl",
    "cost/2026-11-26-epyc-2core-2a30a3aa.jsonl",
    "preparation/2026-11-26-epyc-2core-846948bf-threads-4gb.json",
    "selftest/2026-11-25-xeon-2core-as-is.jsonl",
    "selftest/2026-11-30-xeon-2core-9fde73b4.jsonl",
    "training/2026-11-25-xeon-2core-closed.jsonl",
    "training/2026-11-25-xeon-2core-open.jsonl",
)
"""A record of each kind that is committed."""
COST = f"data cost --record {ROOT}/results/cost/2026-11-26-epyc-2core-2a30a3aa.jsonl"
LINES = (
    "show " + " ".join(f"{ROOT}/results/{name}" for name in RECORDS),
    "list",
    "list tasks",
    "list corpora",
    f"{COST} 100GB 10TB",
    f"{COST} 100GB --machines 4 --cores 16 --read 2GB/s --write 1GB/s --network 1GB/s",
    "doctor --self-test --show --condition loaded --folder copied",
)
"""Command lines that print tables and measure nothing."""
IDS = re.compile(r"\b(?:python|rust|limit)/[a-z0-9_]+\b")

unix = pytest.mark.skipif(sys.platform == "win32", reason="needs a Unix terminal: run on Linux")


def piped(line: str, folder: Path, **environment: str) -> str:
    """Return what a command prints into a pipe."""
    done = subprocess.run(
        [Path(sys.executable).with_name("nanogpt-rs"), *line.split()],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def pieces_of(cell: str) -> list[str]:
    """Return the parts of a cell that a narrow table keeps together, without white space."""
    return ["".join(part.split()) for part in re.split(r"\s+(?=[\[(])", cell)]


def on_narrow_terminal(line: str, folder: Path) -> str:
    """Return what a command shows on a terminal of 80 columns, having checked that it fits."""
    text, status = on_terminal(line.split(), 80, folder, {"NO_COLOR": "1"})
    assert status == 0, text
    assert [row for row in text.splitlines() if cell_len(row) > 80] == []
    return text


@unix
def test_the_state_of_the_machine_fits(tmp_path: Path) -> None:
    assert len(tables_in(on_narrow_terminal("doctor", tmp_path))) == 1


@unix
@pytest.mark.parametrize("line", LINES, ids=[line.partition(" /")[0] for line in LINES])
def test_nothing_is_cut_off(line: str, tmp_path: Path) -> None:
    (tmp_path / "copied").mkdir()
    shutil.copy(ROOT / "results/selftest/2026-11-25-xeon-2core-loaded.jsonl", tmp_path / "copied")
    wide = piped(line, tmp_path)
    narrow = on_narrow_terminal(line, tmp_path)
    for text in (wide, narrow):
        assert "..." not in text.replace("[ARGS]...", "")
        assert "\u2026" not in text
    shown = "".join(narrow.split())
    in_columns = [
        "".join("".join(cells).split())
        for table in tables_in(narrow)
        for cells in zip(*table, strict=True)
    ]
    for table in tables_in(wide):
        for cell in {cell for row in table for cell in row}:
            for piece in pieces_of(cell):
                assert any(piece in column for column in in_columns) or piece in shown, cell
    for id in set(IDS.findall(wide)):
        whole = re.escape(id).replace("/", r"/\s*").replace("_", r"_\s*")
        by_column = [
            "\n".join(cells) for table in tables_in(narrow) for cells in zip(*table, strict=True)
        ]
        assert any(re.search(whole, text) for text in (narrow, *by_column)), id


@unix
def test_a_wider_terminal_and_the_variable_columns_are_used(tmp_path: Path) -> None:
    words = f"show {ROOT}/results/{RECORDS[0]}".split()
    for columns, changes in ((120, {}), (80, {"COLUMNS": "120"}), (120, {"TERM": "dumb"})):
        text, _ = on_terminal(words, columns, tmp_path, changes)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert 80 < max(map(cell_len, plain.splitlines())) <= 120
    assert max(map(cell_len, piped(" ".join(words), tmp_path, COLUMNS="60").splitlines())) <= 60


@unix
@pytest.mark.parametrize("changes", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_only_a_terminal_that_shows_styles_gets_them(
    changes: dict[str, str], tmp_path: Path
) -> None:
    for words in (["list", "corpora"], ["bench", "--seconds=x"]):
        text, _ = on_terminal(words, 80, tmp_path, changes)
        assert ("\x1b" in text) == (not changes and words[0] == "list"), text


PLAIN = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp437": {"PYTHONIOENCODING": "cp437"},
    "C": {"LC_ALL": "C"},
    "C of old": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
"""Environments whose encoding does not know every letter."""


@pytest.mark.parametrize("name", PLAIN)
def test_every_encoding_can_show_everything(name: str, tmp_path: Path) -> None:
    text = tmp_path / "m\u00fcller \u6f22\u5b57.txt"
    text.write_text("hello " * 100)
    mine = tmp_path / "hut.py"
    idea = "Za\u017c\u00f3\u0142\u0107."
    mine.write_text(f'"""{idea}"""\n\n\ndef charset(text):\n    return set(text)\n')
    encoding = "ascii" if name.startswith("C") else name
    for words in (
        ["data", "prepare", text, "--out", tmp_path / "\u017c\u00f3\u0142w"],
        ["list", "charset", "--from", mine],
        ["verify", "charset", "--id", "python/set", "--corpus", text],
        ["data", "check", tmp_path / "nie ma \u017c\u00f3\u0142wia"],
        ["--help"],
    ):
        done = subprocess.run(
            [Path(sys.executable).with_name("nanogpt-rs"), *words],
            cwd=tmp_path,
            env={**os.environ, **PLAIN[name], "NO_COLOR": "1"},
            capture_output=True,
        )
        shown = (done.stdout + done.stderr).decode(encoding)
        assert "Traceback" not in shown
        assert done.returncode == (words[1:2] == ["check"]), shown
        assert not re.search("[\u2500-\u257f]", shown)
        if words[0] in {"data", "list"}:  # Python of old takes a name for bytes
            assert re.search(r"\\u017c(\\xf3|\u00f3)\\u0142|\\udcc5\\udcbc", shown), shown


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes: run on Linux")
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_name_that_is_no_text_can_be_shown(encoding: str, tmp_path: Path) -> None:
    text = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    Path(os.fsdecode(text)).write_text("hello " * 100)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("nanogpt-rs"),
            b"data",
            b"prepare",
            text,
            b"--out",
            text[:-4],
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"caf\\udce9/train.bin: 540 ids" in done.stdout


@unix
def test_a_name_cannot_steer_the_terminal(nanogpt_rs: Run, tmp_path: Path) -> None:
    text = tmp_path / "red\x1b[31m\x07.txt"
    text.write_text("hello " * 10)
    done = nanogpt_rs("data", "prepare", str(text), "--out", str(text.with_suffix("")))
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert r"red\x1b[31m\x07/train.bin: 54 ids" in done.stdout


@pytest.mark.parametrize("name", ["", *(name for name, _ in commands())])
def test_help_fits_and_keeps_its_paragraphs_and_examples(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer.testing

    from nanogpt_rs.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    text = typer.testing.CliRunner().invoke(app, [*name.split(), "--help"]).output
    lines = text.splitlines()
    assert text.isascii()
    assert [line for line in lines if len(line) > 80] == []
    if not name:
        return
    source = str(dict(commands())[name].help)
    examples = re.findall(r"For example: ((?:.|\n)*?)(?:\n\n|$)", source)
    assert lines[-len(examples) :] == [f"  {' '.join(words.split())}" for words in examples]
    # A paragraph is wrapped as a whole: the first word of a line would not fit the line before.
    described = re.split("\n\n(?:Arguments|Options):", text)[0].partition("\n\n")[2]
    for paragraph in described.split("\n\n"):
        for row, following in pairwise(paragraph.split("\n")):
            assert len(row) + 1 + len(following.split()[0]) > 78, paragraph


def test_every_command_prints_in_the_one_way_that_fits_and_fails_at_no_letter() -> None:
    other = re.compile(r"\b(out|err)\.print\(|\brich\.(table|panel)\b|\btyper\.(echo|secho)\b")
    sources = (ROOT / "nanogpt_rs").rglob("*.py")
    assert [path.name for path in sources if other.search(path.read_text())] == []
