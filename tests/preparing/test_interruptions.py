"""``nanogpt-rs data prepare``, interrupted: nothing finished is lost or done a second time."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from preparations import COMMAND, TEXT, kept_lines, made, naive, noted, prepare, write

from nanogpt_rs.preparing import journal, shards, two_stages
from nanogpt_rs.preparing.parts import PreparationError, RequestError

Run = Callable[..., subprocess.CompletedProcess[str]]
INTERRUPTIONS = int(os.environ.get("NANOGPT_RS_INTERRUPTIONS", "6"))


@pytest.mark.slow("interrupts a preparation again and again")
def test_interruptions_lose_nothing_and_repeat_nothing(
    small_disk: Callable[[str], Path], tmp_path: Path
) -> None:
    """Interrupt by SIGINT, SIGKILL and a full disk in turn, at any moment."""
    disk = small_disk("64m")
    text = "".join(random.Random(1).choices("ab\nй世🙂", k=1200 * INTERRUPTIONS))
    (path,) = write(tmp_path, text)
    expected = naive(text)
    clock = random.Random(7)
    count = kept = 0
    for number in itertools.count():
        out = disk / str(number)
        command = [COMMAND, "data", "prepare", path, "--out", out, "--part-bytes=24", "--threads=2"]
        before, status = b"", -1
        while status != 0:
            process = subprocess.Popen(
                [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            kind = count % 3
            if count < INTERRUPTIONS:
                if clock.random() < 0.8:  # once something new is finished
                    while process.poll() is None and len(kept_lines(out)) <= len(before):
                        time.sleep(0.02)
                time.sleep(clock.uniform(0, 0.6))  # or at any moment, start-up included
                if kind == 2:
                    fill(disk / "ballast")
                else:
                    process.send_signal((signal.SIGINT, signal.SIGKILL)[kind])
            output, errors = process.communicate()
            (disk / "ballast").unlink(missing_ok=True)
            status = process.returncode
            now = kept_lines(out)
            if status == 0:
                break
            count += 1
            # While it is starting, Python ends with another status.
            starting = kind == 0 and (status == -2 or "Fatal Python error: init" in errors)
            assert starting or status == {0: 130, 1: -9, 2: 1}[kind], errors
            if kind == 2:
                assert "No space left on device" in errors or "are free" in errors
                assert "Traceback" not in errors
            # A finished preparation has no journal.
            assert now.startswith(before) or (out / shards.MANIFEST).exists()
            noted(now)
            kept += now != before
            before = now
        resumed = json.loads(output)["resumed"]
        kinds = [kind for kind, _ in noted(before)]
        assert (
            resumed
            == {
                "vocabulary": kinds.count("scanned"),
                "encoding": kinds.count("encoded"),
            }
            or json.loads(output)["already"]
        )
        assert made(out) == expected
        if count >= INTERRUPTIONS:
            break
    print(f"{count} interruptions, {kept} of them with something new kept, {number + 1} folders")


def fill(path: Path) -> None:
    """Fill a disk to the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def test_a_full_disk_is_named_and_finished_parts_are_kept(
    nanogpt_rs: Run, small_disk: Callable[[str], Path], tmp_path: Path
) -> None:
    disk = small_disk("256k")
    (path,) = write(tmp_path, "to be or not to be " * 8000)
    arguments = ("data", "prepare", str(path), f"--out={disk / 'out'}", "--part-bytes=20000")
    arguments += ("--threads=1", "--json")
    done = nanogpt_rs(*arguments)
    assert done.returncode == 1
    assert "No space left on device; what is finished is kept" in done.stderr
    before = noted(kept_lines(disk / "out"))
    assert ("encoded", 0) in before
    subprocess.run(["mount", "-o", "remount,size=1m", disk], check=True)
    done = nanogpt_rs(*arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["resumed"]["encoding"] == len(before) - 8
    assert made(disk / "out") == naive(path.read_text())


def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Interrupt a preparation before it writes the manifest, and return the path of its text."""
    (path,) = write(tmp_path, TEXT)
    with monkeypatch.context() as patch:
        patch.setattr(two_stages, "see_names", lambda _: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            prepare([path], tmp_path / "out", part_bytes=100)
    assert not (tmp_path / "out" / shards.MANIFEST).exists()
    return path


@pytest.mark.parametrize("part_bytes", [100, None])
def test_after_the_last_part_only_the_rest_is_done(
    part_bytes: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(tmp_path, monkeypatch)
    outcome = prepare([path], tmp_path / "out", 2, part_bytes=part_bytes)
    assert outcome.scanned == outcome.encoded == outcome.parts > 3
    assert made(tmp_path / "out") == naive(TEXT)


def test_ids_that_the_disk_has_lost_are_written_a_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(tmp_path, monkeypatch)
    with (tmp_path / "out" / shards.TRAIN).open("r+b") as file:
        file.seek(100)
        file.write(bytes(700))  # as a loss of power may leave it
    prepare([path], tmp_path / "out", 2, part_bytes=100)
    assert made(tmp_path / "out") == naive(TEXT)


def test_a_request_that_is_not_the_journals_is_refused(
    nanogpt_rs: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(tmp_path, monkeypatch)
    lines = kept_lines(tmp_path / "out")
    for arguments, says in (
        (("--part-bytes=99",), "interrupted preparation of parts of another size"),
        ((str(path), "--part-bytes=100"), "of other files, or of files that have changed"),
    ):
        done = nanogpt_rs("data", "prepare", str(path), "--out=out", *arguments)
        assert done.returncode == 2
        assert says in done.stderr
    assert kept_lines(tmp_path / "out") == lines
    whole = lines.splitlines(keepends=True)
    wrong = b"".join([*whole[:2], whole[2].replace(b"scanned", b"encoded"), *whole[3:]])
    (tmp_path / "out" / journal.JOURNAL).write_bytes(wrong)
    done = nanogpt_rs("data", "prepare", str(path), "--out=out", "--part-bytes=100")
    assert done.returncode == 1
    assert "out/journal.jsonl, line 3: damaged\nhint: begin anew with --again" in done.stderr
    done = nanogpt_rs("data", "prepare", str(path), "--out=out", "--again")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path / "out") == naive(TEXT)


def test_a_file_that_changed_since_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(tmp_path, monkeypatch)
    state = path.stat()
    data = path.read_bytes()
    path.write_bytes(data.replace(b"to be", b"to bo", 1))
    with pytest.raises(RequestError, match="files that have changed since"):
        prepare([path], tmp_path / "out", part_bytes=100)
    # Even if size and time are as before.
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(PreparationError, match=r"0.txt: changed while it was read"):
        prepare([path], tmp_path / "out", part_bytes=100)


@pytest.mark.parametrize("how", ["longer", "shorter", "other"])
def test_a_file_that_changes_while_it_is_read_is_named(how: str, tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT * 100)
    process = subprocess.Popen(
        [
            *(COMMAND, "data", "prepare", path, "--out", tmp_path / "out"),
            *("--part-bytes=100", "--threads=1"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    while not noted(kept_lines(tmp_path / "out")):
        assert process.poll() is None
        time.sleep(0.001)
    if how == "longer":
        with path.open("ab") as file:
            file.write(b"!")
    elif how == "shorter":
        os.truncate(path, 100)
    else:
        with path.open("r+b") as file:
            file.seek(-50, os.SEEK_END)
            file.write(b"?")
    _, errors = process.communicate()
    assert process.returncode == 1, errors
    assert f"{path}: changed while it was read" in errors
    assert not (tmp_path / "out" / shards.MANIFEST).exists()


def test_an_empty_journal_is_begun_anew(tmp_path: Path) -> None:
    """As after a crash of the system, before anything of it was on the disk."""
    paths = write(tmp_path, TEXT)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / journal.JOURNAL).write_bytes(b"")
    prepare(paths, tmp_path / "out")
    assert not list(shards.faults(tmp_path / "out", hashes=True))
