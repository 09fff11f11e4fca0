"""A text is a file that gives the same UTF-8 each time; whatever else is refused, or said."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from installations import ROOT

from nanogpt_rs.measuring import count, end_to_end, memory, paired
from nanogpt_rs.preparing.parts import RequestError, find_sources
from nanogpt_rs.ruler import corpora, registry
from nanogpt_rs.ruler.tasks import PREPARATION
from nanogpt_rs.ruler.verification import verify_apart
from nanogpt_rs.training.corpus import from_corpus

Run = Callable[..., subprocess.CompletedProcess[str]]

WORDS = "To be, or not to be: 漢字\n" * 100
UNFIT = {
    "UTF-16": (WORDS.encode("utf-16"), "is UTF-16, not UTF-8", "iconv -f UTF-16 -t UTF-8"),
    "UTF-16, big": (
        codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"),
        "is UTF-16, not UTF-8",
        "iconv -f UTF-16",
    ),
    "UTF-32": (WORDS.encode("utf-32"), "is UTF-32, not UTF-8", "iconv -f UTF-32 -t UTF-8"),
    "gzip": (gzip.compress(WORDS.encode()), "is packed by gzip", "gunzip -k"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_other_encodings_and_archives_are_named(tmp_path: Path, kind: str) -> None:
    data, says, cure = UNFIT[kind]
    path = tmp_path / "a text.txt"
    path.write_bytes(data)
    with pytest.raises(corpora.UnfitCorpusError, match=f"corpus {path} {says}") as refused:
        corpora.load(str(path))
    with pytest.raises(RequestError, match=f"{path} {says}") as also:
        find_sources([str(path)])
    assert refused.value.hint == also.value.hint
    assert str(refused.value.hint).startswith((f"`{cure}", f"unpack it first: `{cure}"))
    assert f"'{path}'" in str(refused.value.hint)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="system: has no such files")
def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/stdin")
    (tmp_path / "text.txt").write_text(WORDS, encoding="utf-8")
    with (tmp_path / "text.txt").open("rb") as file:
        for path, says in (
            (str(tmp_path), "is a folder, not a file"),
            (str(tmp_path / "pipe"), "is a pipe or a device"),
            ("/dev/null", "is a pipe or a device"),
            ("-", "is standard input"),
            (str(tmp_path / "link"), "is a stream of this process"),
            (f"/dev/fd/{file.fileno()}", "is a stream of this process"),
            (f"/proc/self/fd/{file.fileno()}", "is a stream of this process"),
            ("/dev/../dev/stdin", "is a stream of this process"),
        ):
            with pytest.raises(corpora.UnfitCorpusError, match=says):
                corpora.load(path)
            with pytest.raises(RequestError, match=says):
                find_sources([path])


@pytest.mark.parametrize(
    "command",
    [
        "verify charset --id rust/ahash --corpus",
        "compare charset python/set rust/ahash --corpus",
        "bench charset --corpus",
        "job predict --corpus-size 1GB --steps 9 --step-time 1ms --corpus",
        "data prepare --out shards",
        "data bench --out shards",
    ],
)
def test_a_stream_is_refused_in_one_line_by_each_command(
    nanogpt_rs: Run, tmp_path: Path, command: str
) -> None:
    done = nanogpt_rs(*command.split(), "/dev/stdin")
    assert done.returncode == 2
    assert done.stdout == ""
    said, hint = done.stderr.splitlines()
    assert said.endswith(
        "/dev/stdin is a stream of this process, and a text is read more than once"
    )
    assert hint.startswith("hint: write it to a file first")
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_pytest_refuses_a_stream_once_and_not_in_each_test() -> None:
    command = [sys.executable, "-P", "-m", "pytest", "-p", "nanogpt_rs.pytest_plugin"]
    options = ["--corpus=/dev/stdin", "benchmarks/pytest_benchmark"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (4, "")
    said, hint = done.stderr.strip().splitlines()
    assert said.startswith("ERROR: corpus /dev/stdin is a stream of this process")
    assert hint.startswith("hint: write it to a file first")


def test_a_byte_order_mark_is_a_character_and_is_said(nanogpt_rs: Run, tmp_path: Path) -> None:
    path = tmp_path / "marked.txt"
    path.write_text("abc", encoding="utf-8-sig")
    assert corpora.load(str(path)).text == "\ufeffabc"
    for command in ("verify charset --id rust/ahash --corpus", "data prepare --out shards"):
        done = nanogpt_rs(*command.split(), "marked.txt")
        assert done.returncode == 0
        assert done.stderr.splitlines() == [
            "nanogpt-rs: marked.txt begins with a byte order mark, which is measured as a "
            "character (U+FEFF)",
            "hint: without it: tail -c +4 marked.txt > plain.txt",
        ]
    assert nanogpt_rs("data", "prepare", "marked.txt", "--out=more", "--quiet").stderr == ""


def test_utf16_without_a_mark_is_said_to_be_likely(nanogpt_rs: Run, tmp_path: Path) -> None:
    (tmp_path / "wide.txt").write_bytes("To be, or not to be".encode("utf-16-le"))
    done = nanogpt_rs("data", "prepare", "wide.txt", "--out", "shards")
    assert done.returncode == 0
    assert "it may be UTF-16 without a byte order mark" in done.stderr


# A text that is written to while it is measured.


def measure_rounds(path: str) -> object:
    arms = [paired.Arm("python/set").order(1)] * 2
    return paired.Setting("charset", path, "warm").run(arms, 1, 0, 1.0)


def train_in_a_job(path: str) -> object:
    row = registry.find(PREPARATION, "python/bytes_translate")
    return end_to_end.train(row, path, "quick", 1)


def count_instructions(path: str) -> object:
    try:
        shim = count.library()
    except count.CountError as error:
        pytest.skip(f"system: {error}")
    return count.count_call(path, registry.find("charset", "python/set"), shim)


READERS: dict[str, Callable[[str], object]] = {
    "verify": lambda path: verify_apart(registry.find("charset", "python/set"), path),
    "rounds": measure_rounds,
    "memory": lambda path: memory.measure(registry.find("charset", "python/set"), path, False, 1),
    "job": train_in_a_job,
    "count": count_instructions,
}


@pytest.mark.parametrize(
    ("reader", "how"),
    [
        *(
            pytest.param(reader, "changed", marks=[pytest.mark.torch] * (reader == "job"))
            for reader in READERS
        ),
        ("verify", "disappeared"),
    ],
)
def test_a_worker_refuses_another_text_than_its_parent_read(
    tmp_path: Path, reader: str, how: str
) -> None:
    path = tmp_path / "c.txt"
    path.write_text(WORDS, encoding="utf-8")
    corpora.load(str(path))
    if how == "changed":
        path.write_text(WORDS[:-1], encoding="utf-8")
    else:
        path.unlink()
    with pytest.raises(corpora.ChangedCorpusError, match=f"c.txt {how} while it was measured"):
        READERS[reader](str(path))


@pytest.mark.torch
def test_a_training_refuses_a_text_that_changed_before_it_was_prepared(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_text(WORDS, encoding="utf-8")
    with from_corpus(str(path), None) as source:
        vocabulary, _ = source.prepare(source.paths)
        assert vocabulary == "".join(sorted(set(WORDS)))
        path.touch()  # its time is another, and its bytes are the same
        source.prepare(source.paths)
        path.write_text(WORDS[:-1], encoding="utf-8")
        with pytest.raises(corpora.ChangedCorpusError, match=r"c\.txt changed while"):
            source.prepare(source.paths)


def test_nothing_is_recorded_of_a_text_that_changed_during_a_comparison(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    """A contender writes to the text in its first call."""
    path = tmp_path / "c.txt"
    path.write_text(WORDS, encoding="utf-8")
    (tmp_path / "writes.py").write_text(
        "from pathlib import Path\n"
        "def charset(text):\n"
        "    if not isinstance(text, str):\n"
        "        raise TypeError(f'text is {type(text).__name__}, not str')\n"
        f"    Path({str(path)!r}).write_text('other')\n"
        "    return set(text)\n"
    )
    done = nanogpt_rs(
        *("compare", "charset", "python/set", "foreign/writes", "--json"),
        *("--from=writes.py", "--corpus=c.txt"),
    )
    assert done.returncode == 1
    assert done.stdout == ""
    said, hint = done.stderr.splitlines()
    assert said == "nanogpt-rs: c.txt changed while it was measured"
    assert hint.startswith("hint: once nothing writes to it, run the command again")
    other = hashlib.sha256(b"other").hexdigest()
    for record in (tmp_path / "results").rglob("*.jsonl"):
        assert other not in record.read_text(encoding="utf-8")
        assert '"seconds":' not in record.read_text(encoding="utf-8")
