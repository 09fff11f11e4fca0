"""What users name to read from and to write to: links, pipes, devices, outputs that are sources."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from installations import ROOT
from messages import only_message

from model.checkpoint import write_whole as write_checkpoint
from nanogpt_rs.measuring.diff import UnknownCommitError, commit_of
from nanogpt_rs.measuring.run import checkout_state
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.regular import check_apart, read_regular, write_whole

Write = Callable[[Path, bytes], None]
Run = Callable[..., subprocess.CompletedProcess[str]]
WRITERS = pytest.mark.parametrize("write", [write_whole, write_checkpoint], ids=["ours", "model"])
RECORD = next((ROOT / "results/bench").glob("*-407f1809.jsonl"))


@WRITERS
def test_a_link_goes_on_leading_where_it_leads(write: Write, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"before")
    for name, target in (("link", "real"), ("dangling", "made")):
        (tmp_path / name).symlink_to(target)
        write(tmp_path / name, b"after")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / target).read_bytes() == b"after"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "link", "made", "real"]


@WRITERS
def test_a_device_and_a_pipe_are_written_into(write: Write, tmp_path: Path) -> None:
    device = tmp_path / "device"
    device.symlink_to(os.devnull)
    write(device, b"data")
    assert stat.S_ISCHR(device.stat().st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"data" * 50_000)
    reader.join()
    assert received == [b"data" * 50_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(OSError, match="No space left"):
        write(Path("/dev/full"), b"data")


@WRITERS
def test_a_file_that_was_there_keeps_its_mode(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path, b"new")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    path.chmod(0o640)
    write(path, b"after")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_pipe_or_a_device_is_not_read_as_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, says in (
        (tmp_path / "pipe", "a pipe or a device"),
        (Path("/dev/zero"), "a pipe or a device"),
        (tmp_path, "a folder"),
        (tmp_path / "nothing", "No such file"),
    ):
        with pytest.raises(OSError, match=says):
            read_regular(path)


def test_what_is_read_is_not_overwritten(nanogpt_rs: Run, tmp_path: Path) -> None:
    """Each command that both reads and writes files, and each way to name one file twice."""
    text, record = tmp_path / "d" / "train.bin", tmp_path / "run.jsonl"
    text.parent.mkdir()
    text.write_text("a text of mine")
    record.write_bytes(RECORD.read_bytes())
    (tmp_path / "linked").hardlink_to(record)
    (tmp_path / "link.txt").symlink_to(text)
    for words in (
        ("data", "prepare", str(text), "--out", "d", "--again"),
        ("data", "prepare", "link.txt", "--out", "d", "--again"),
        ("show", "run.jsonl", "--format", "csv", "--out", "./run.jsonl"),
        ("show", "run.jsonl", "--format", "html", "--out", "linked"),
        ("model", "train", "-c", str(text), "--log", "link.txt"),
        ("model", "train", "-c", str(text), "--curve", str(text)),
        ("model", "train", "--shards", "d", "--checkpoint", "d/train.bin"),
    ):
        done = nanogpt_rs(*words)
        assert done.returncode == 2, (words, done.stderr)
        assert "is read, and would be overwritten" in only_message(done.stderr).text
        assert text.read_text() == "a text of mine"
        assert record.read_bytes() == RECORD.read_bytes()
    check_apart([tmp_path / "other"], [text])


def repository(folder: Path) -> str:
    """Make a repository with one commit in a folder, and return the commit."""
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.invalid"]
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "theirs"], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_only_our_own_repository_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = repository(tmp_path)
    ours = checkout_state()
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    assert checkout_state() == ours
    assert ours[0] != theirs
    inside = tmp_path / "unpacked"
    inside.mkdir()
    reason = provenance.no_git(inside)
    assert reason is not None
    assert "no git repository of their own" in reason[0]
    monkeypatch.setenv("PATH", str(inside))
    reason = provenance.no_git(provenance.ROOT)
    assert reason is not None
    assert "git does not run here" in reason[0]
    assert checkout_state() == (None, None)


def test_an_unknown_commit_of_a_shallow_clone_says_how_to_fetch_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownCommitError) as unknown:
        commit_of("no-such-branch")
    assert unknown.value.hint is not None
    assert "git log" in unknown.value.hint
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "shallow")
    monkeypatch.setattr(provenance, "is_checkout", lambda _: True)
    first = repository(tmp_path)
    repository(tmp_path)
    clone = ["git", "clone", "-q", "--depth=1", f"file://{tmp_path}", str(tmp_path / "shallow")]
    subprocess.run(clone, check=True)
    with pytest.raises(UnknownCommitError, match="cut off") as unknown:
        commit_of(first)
    assert unknown.value.hint == "git fetch --unshallow"
