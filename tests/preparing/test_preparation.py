"""``nanogpt-rs prepare``: the right bytes, whatever is cut, interrupted, changed or damaged."""

from __future__ import annotations

import gzip
import importlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from preparations import COMMAND, IN_MEMORY, kept_lines, made, naive, noted, write

from nanogpt_rs.preparing import engines, journal, parts, preparation, shards
from nanogpt_rs.preparing.parts import PreparationError, RequestError
from nanogpt_rs.preparing.preparation import Prepared
from nanogpt_rs.preparing.shard_limit import stage_seconds, write_as_limit
from nanogpt_rs.records import durable
from nanogpt_rs.ruler.registry import REGISTRY

partition = importlib.import_module("rust_impls.partition")
Run = Callable[..., subprocess.CompletedProcess[str]]
INTERRUPTIONS = int(os.environ.get("NANOGPT_RS_INTERRUPTIONS", "6"))
TEXT = "Grüße, мир! 世界 🙂 to be or not to be\r\n" * 40

# Characters of one, two, three and four bytes in UTF-8.
texts = st.text(
    st.sampled_from("ab\n\r\ufeff\x00é\u07ff\u0800世\uffff🙂\U0010ffff")
    | st.characters(codec="utf-8"),
    max_size=40,
)


def prepare(paths: Sequence[Path], out: Path, threads: int = 1, **more: Any) -> Prepared:
    with engines.threads(threads) as engine:
        return preparation.prepare([str(path) for path in paths], out, engine, **more)


@given(st.lists(texts, min_size=1, max_size=4), st.integers(1, 60), st.integers(1, 3))
def test_the_right_bytes_wherever_it_is_cut(
    contents: list[str], part_bytes: int, threads: int
) -> None:
    text = "".join(contents)
    with TemporaryDirectory(dir=IN_MEMORY) as name:
        folder = Path(name)
        paths = write(folder, *contents)
        if not text:
            with pytest.raises(PreparationError, match="no characters in"):
                prepare(paths, folder / "out")
            return
        outcome = prepare(paths, folder / "out", threads, part_bytes=part_bytes)
        assert made(folder / "out") == naive(text)
        assert outcome.manifest.characters == len(text)
        assert [source.bytes for source in outcome.manifest.sources] == [
            len(content.encode()) for content in contents
        ]
        assert outcome.parts >= len(text.encode()) // (part_bytes + 3)


@pytest.mark.parametrize(
    "row",
    [row for row in REGISTRY if row.task == "shards" and "limit" not in row.marks],
    ids=lambda row: row.id,
)
def test_the_contenders_of_the_task_write_the_same_bytes(row: Any, tmp_path: Path) -> None:
    if reason := row.unavailable():
        pytest.skip(reason)
    paths = write(tmp_path, TEXT, "", TEXT[::-1])
    prepare(paths, tmp_path / "out", part_bytes=100)
    (tmp_path / "theirs").mkdir()
    vocabulary = row.resolve()([str(path) for path in paths], str(tmp_path / "theirs"))
    theirs = ((tmp_path / "theirs" / name).read_bytes() for name in (shards.TRAIN, shards.VAL))
    assert made(tmp_path / "out") == (vocabulary, *theirs)


@given(st.binary(max_size=500), st.integers(0, 2**32 - 1), st.integers(0, 9))
def test_a_checksum_is_that_of_zlib(data: bytes, before: int, skip: int) -> None:
    view = memoryview(bytearray(data))[skip:]
    assert partition.crc32(view, before) == zlib.crc32(view, before)
    with pytest.raises((ValueError, BufferError)):
        partition.crc32(memoryview(bytes(9))[::2], before)


def test_cuts_fall_between_characters_and_small_files_share_a_part(tmp_path: Path) -> None:
    paths = write(tmp_path, "é世🙂" * 3, "ab", "c", "")
    sources = parts.find_sources([str(path) for path in paths])
    for size in range(1, 40):
        made = parts.cut(sources, size)
        assert all(size <= part.bytes < size + 4 for part in made[:-1])
        pieces = [piece for part in made for piece in part.pieces]
        for path, start, end in pieces:
            Path(path).read_bytes()[start:end].decode()
        joined = b"".join(Path(path).read_bytes()[start:end] for path, start, end in pieces)
        assert joined == b"".join(path.read_bytes() for path in paths)
    assert len(parts.cut(sources, 100)) == 1


@given(st.integers(1, 10**14), st.integers(1, 1000))
def test_each_worker_has_parts_enough_unless_they_would_be_small(total: int, workers: int) -> None:
    size = parts.part_bytes_of(total, workers)
    assert parts.SMALLEST_PART <= size <= parts.LARGEST_PART
    if parts.SMALLEST_PART < size < parts.LARGEST_PART:
        share = total / workers / size  # a part is whole bytes long
        assert parts.PARTS_EACH * (1 - 1e-6) <= share <= parts.PARTS_EACH


def test_as_many_characters_as_ids_and_one_more(tmp_path: Path) -> None:
    characters = [chr(code) for code in range(0x12000) if not 0xD800 <= code < 0xE000]
    fits, too_many = write(
        tmp_path, "".join(characters[: 1 << 16]), "".join(characters[: (1 << 16) + 1])
    )
    prepare([fits], tmp_path / "out", 2, part_bytes=10_000)
    vocabulary, train, val = made(tmp_path / "out")
    assert vocabulary == fits.read_bytes().decode()
    assert train + val == b"".join(id.to_bytes(2, "little") for id in range(1 << 16))
    with pytest.raises(PreparationError, match="more than 65,536 distinct characters"):
        prepare([too_many], tmp_path / "other", 2, part_bytes=10_000)
    assert not (tmp_path / "other" / shards.MANIFEST).exists()


@pytest.mark.parametrize("part_bytes", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    "wrong", [b"\x80", b"\xff", b"\xc3", b"\xe4\xb8", b"\xf0\x9f\x99", b"\xed\xa0\x80", b"\x80" * 9]
)
def test_the_first_byte_that_is_no_text_is_named(
    wrong: bytes, part_bytes: int, tmp_path: Path
) -> None:
    good, bad = write(tmp_path, "good ", "é世".encode() + wrong + b" and later \xff")
    for paths in ([bad], [good, bad]):
        with pytest.raises(PreparationError) as caught:
            prepare(paths, tmp_path / "out", 3, part_bytes=part_bytes, again=True)
        with pytest.raises(UnicodeDecodeError) as theirs:
            bad.read_text(encoding="utf-8")
        assert str(caught.value) == f"{bad}: not UTF-8 at byte {theirs.value.start}"


def test_what_is_no_file_of_text_is_refused_by_name(nanogpt_rs: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "packed").write_bytes(gzip.compress(b"text"))
    (tmp_path / "empty").touch()
    (tmp_path / "wrong").write_bytes(b"abc\xe9def")
    (tmp_path / "right").write_bytes(b"abc")
    for arguments, status, says in (
        (["folder"], 2, "folder: a folder; name the files in it"),
        (["pipe"], 2, "pipe: a pipe or a device, and it is read twice; write it to a file first"),
        (["packed"], 2, "packed: packed by gzip; unpack it first"),
        (["none"], 2, "none: No such file or directory"),
        (["empty"], 1, "no characters in empty: nothing to prepare"),
        (["right", "wrong"], 1, "wrong: not UTF-8 at byte 3"),
        ([], 2, "texts and --out are needed"),
        (["right", "--check=out"], 2, "--check takes a folder, and neither texts nor --out"),
    ):
        done = nanogpt_rs("prepare", *arguments, "--out=out")
        assert (done.returncode, done.stdout) == (status, "")
        assert done.stderr == f"nanogpt-rs: {says}\n" or says in done.stderr
        assert "Traceback" not in done.stderr
    done = nanogpt_rs("prepare", "right", "--out=right")
    assert done.returncode == 1
    assert "right: File exists" in done.stderr


def test_the_document_of_a_preparation(nanogpt_rs: Run, tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT)
    arguments = ("prepare", str(path), "--out=out", "--part-bytes=100", "--threads=2", "--json")
    done = nanogpt_rs(*arguments)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    manifest = document["manifest"]
    assert manifest == json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert (manifest["characters"], manifest["vocabulary"]) == (len(TEXT), naive(TEXT)[0])
    assert manifest["sources"][0]["name"] == "0.txt"
    assert document["engine"] == {"name": "threads", "workers": 2}
    assert document["resumed"] == {"vocabulary": 0, "encoding": 0}
    assert list(document["seconds"]) == list(document["busy_seconds"]) == list(parts.STAGES)
    assert str(tmp_path) not in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".lock",
        "manifest.json",
        "train.bin",
        "val.bin",
    ]
    again = nanogpt_rs(*arguments)
    assert again.returncode == 0
    assert json.loads(again.stdout)["already"]
    done = nanogpt_rs("prepare", str(path), "--out=other")
    assert "distinct" in done.stdout
    assert (tmp_path / "other/manifest.json").read_bytes() == (
        tmp_path / "out/manifest.json"
    ).read_bytes()


def test_what_a_folder_holds_is_replaced_only_if_asked_for(nanogpt_rs: Run, tmp_path: Path) -> None:
    mine, other = write(tmp_path, TEXT, TEXT + "more")
    prepare([mine], tmp_path / "out")
    before = made(tmp_path / "out")
    done = nanogpt_rs("prepare", str(other), "--out=out")
    assert done.returncode == 2
    assert "out: holds shards of other files; name another folder" in done.stderr
    assert made(tmp_path / "out") == before
    done = nanogpt_rs("prepare", str(other), "--out=out", "--again")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path / "out") == naive(TEXT + "more")
    (tmp_path / "out" / shards.MANIFEST).unlink()
    done = nanogpt_rs("prepare", str(other), "--out=out")
    assert done.returncode == 2
    assert "train.bin: is there already, without a manifest" in done.stderr


def damages() -> dict[str, Callable[[Path], Any]]:
    def flip(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    return {
        "damaged: its SHA-256 is": flip,
        "truncated: ": lambda path: os.truncate(path, path.stat().st_size - 2),
        "too long: ": lambda path: os.truncate(path, path.stat().st_size + 2),
        "missing": Path.unlink,
    }


@pytest.mark.parametrize("says", damages())
@pytest.mark.parametrize("name", [shards.TRAIN, shards.VAL])
def test_a_damaged_shard_is_found_and_named(
    nanogpt_rs: Run, name: str, says: str, tmp_path: Path
) -> None:
    prepare(write(tmp_path, TEXT), tmp_path / "out")
    assert nanogpt_rs("prepare", "--check=out").returncode == 0
    damages()[says](tmp_path / "out" / name)
    done = nanogpt_rs("prepare", "--check=out", "--json")
    assert done.returncode == 1
    (fault,) = json.loads(done.stdout)["faults"]
    assert fault.startswith(f"out/{name}: {says}")
    assert fault in done.stderr


def test_a_damaged_manifest_is_found_and_named(tmp_path: Path) -> None:
    prepare(write(tmp_path, TEXT), tmp_path / "out")
    path = tmp_path / "out" / shards.MANIFEST
    good = path.read_bytes()
    with pytest.raises(shards.ShardError, match=r"other/manifest.json: there is none"):
        shards.read_manifest(tmp_path / "other")
    for wrong in (good[:-40], good.replace(b"1", b"2", 1), b"{}", b"[]", b"\xff"):
        path.write_bytes(wrong)
        with pytest.raises(shards.ShardError, match=r"out/manifest.json: (damaged|no manifest)"):
            list(shards.faults(tmp_path / "out", hashes=True))


# --- interruptions ---


@pytest.mark.slow
def test_interruptions_lose_nothing_and_repeat_nothing(
    small_disk: Callable[[str], Path], tmp_path: Path
) -> None:
    """SIGINT, SIGKILL and a full disk in turn, at any moment."""
    disk = small_disk("64m")
    text = "".join(random.Random(1).choices("ab\nй世🙂", k=1200 * INTERRUPTIONS))
    (path,) = write(tmp_path, text)
    expected = naive(text)
    clock = random.Random(7)
    count = kept = 0
    for number in itertools.count():
        out = disk / str(number)
        command = [COMMAND, "prepare", path, "--out", out, "--part-bytes=24", "--threads=2"]
        before, status = b"", -1
        while status != 0:
            process = subprocess.Popen(
                [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            kind = count % 3
            if count < INTERRUPTIONS:
                if clock.random() < 0.8:  # once there is something new
                    while process.poll() is None and len(kept_lines(out)) <= len(before):
                        time.sleep(0.02)
                time.sleep(clock.uniform(0, 0.6))  # or whenever it may be, start-up included
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
            # Python itself ends otherwise while it is starting.
            starting = kind == 0 and (status == -2 or "Fatal Python error: init" in errors)
            assert starting or status == {0: 130, 1: -9, 2: 1}[kind], errors
            if kind == 2:
                assert "No space left on device" in errors
                assert "Traceback" not in errors
            # What is finished needs no journal.
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


def test_a_full_disk_is_named_and_costs_nothing_that_was_kept(
    nanogpt_rs: Run, small_disk: Callable[[str], Path], tmp_path: Path
) -> None:
    disk = small_disk("256k")
    (path,) = write(tmp_path, "to be or not to be " * 8000)
    arguments = ("prepare", str(path), f"--out={disk / 'out'}", "--part-bytes=20000")
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
    """A folder whose preparation was interrupted when all was written, but for the manifest."""
    (path,) = write(tmp_path, TEXT)
    with monkeypatch.context() as patch:
        patch.setattr(preparation, "see_names", lambda _: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            prepare([path], tmp_path / "out", part_bytes=100)
    assert not (tmp_path / "out" / shards.MANIFEST).exists()
    return path


@pytest.mark.parametrize("part_bytes", [100, None])
def test_after_the_last_part_only_what_is_missing_is_done(
    part_bytes: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(tmp_path, monkeypatch)
    outcome = prepare([path], tmp_path / "out", 2, part_bytes=part_bytes)
    assert outcome.scanned == outcome.encoded == outcome.parts > 3
    assert made(tmp_path / "out") == naive(TEXT)


def test_what_the_disk_has_lost_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(tmp_path, monkeypatch)
    with (tmp_path / "out" / shards.TRAIN).open("r+b") as file:
        file.seek(100)
        file.write(bytes(700))  # as a loss of power may leave it
    prepare([path], tmp_path / "out", 2, part_bytes=100)
    assert made(tmp_path / "out") == naive(TEXT)


def test_what_does_not_belong_to_a_journal_is_refused(
    nanogpt_rs: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = interrupted(tmp_path, monkeypatch)
    lines = kept_lines(tmp_path / "out")
    for arguments, says in (
        (("--part-bytes=99",), "interrupted preparation of parts of another size"),
        ((str(path), "--part-bytes=100"), "of other files, or of files that have changed"),
    ):
        done = nanogpt_rs("prepare", str(path), "--out=out", *arguments)
        assert done.returncode == 2
        assert says in done.stderr
    assert kept_lines(tmp_path / "out") == lines
    whole = lines.splitlines(keepends=True)
    wrong = b"".join([*whole[:2], whole[2].replace(b"scanned", b"encoded"), *whole[3:]])
    (tmp_path / "out" / journal.JOURNAL).write_bytes(wrong)
    done = nanogpt_rs("prepare", str(path), "--out=out", "--part-bytes=100")
    assert done.returncode == 1
    assert "out/journal.jsonl, line 3: damaged; begin anew with --again" in done.stderr
    done = nanogpt_rs("prepare", str(path), "--out=out", "--again")
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
    # Even if nobody can see it from outside.
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(PreparationError, match=r"0.txt: changed while it was read"):
        prepare([path], tmp_path / "out", part_bytes=100)


@pytest.mark.parametrize("how", ["longer", "shorter", "other"])
def test_a_file_that_changes_while_it_is_read_is_named(how: str, tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT * 100)
    process = subprocess.Popen(
        [COMMAND, "prepare", path, "--out", tmp_path / "out", "--part-bytes=100", "--threads=1"],
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


def test_two_preparations_do_not_mix(nanogpt_rs: Run, tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT)
    with durable.locked(tmp_path / "out", OSError):
        done = nanogpt_rs("prepare", str(path), "--out=out")
    assert done.returncode == 1
    assert "out: another preparation is under way here" in done.stderr
    assert not (tmp_path / "out" / journal.JOURNAL).exists()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="system: no /proc")
def test_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(("Grüße, 世界 🙂\n" * 1000).encode() * 4000)
    script = """if True:
        import sys
        from pathlib import Path
        from nanogpt_rs.ruler.memory import CLEAR, RESET_PEAK, held
        from nanogpt_rs.preparing import engines, preparation
        def prepare(path, out, part_bytes):
            with engines.threads(2) as engine:
                preparation.prepare([path], Path(out), engine, part_bytes=part_bytes)
        Path("short.txt").write_bytes(b"short")
        prepare("short.txt", "short", 100)  # which imports what it needs
        CLEAR.write_text(RESET_PEAK)
        before = held("VmRSS")
        prepare("long.txt", "long", preparation.SMALLEST_PART)
        print(held("VmHWM") - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32e6 < path.stat().st_size


# --- training ---


def test_training_from_shards_gives_the_same_model(nanogpt_rs: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
    (path,) = write(tmp_path, TEXT * 2)
    prepare([path], tmp_path / "out")
    found = []
    for source in ("--corpus=0.txt", "--shards=out"):
        done = nanogpt_rs(
            "train", source, "--steps=4", "--json", "--log=log", "--checkpoint=run.pt"
        )
        assert done.returncode == 0, done.stderr
        losses = [
            json.loads(line).get("loss") for line in (tmp_path / "log").read_text().splitlines()
        ]
        document = json.loads(done.stdout)
        found.append((losses, document["val_loss"], document["parameters_sha256"]))
    assert found[0] == found[1]
    assert document["corpus"]["id"] == "shards:out"
    assert document["characters"] == len(TEXT * 2)
    done = nanogpt_rs("sample", "run.pt", "--length=5", "--prompt=мир")
    assert done.returncode == 0, done.stderr
    # A run from the text goes on from shards, as their ids are the same.
    done = nanogpt_rs("train", "--shards=out", "--verify", "--resume=run.pt", "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_preparation_beside_its_limit(nanogpt_rs: Run, tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT * 100)
    arguments = (
        "prepare",
        str(path),
        "--out=out",
        "--threads=2",
        "--rounds=2",
        "--part-bytes=9999",
    )
    done = nanogpt_rs(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["rounds"] == 2
    one, two = document["arms"]
    assert [each["engine"] for each in (one, two)] == [
        "--engine=threads --threads=1 --part-bytes=9999",
        "--engine=threads --threads=2 --part-bytes=9999",
    ]
    for arm in (one, two):
        low, high = arm["of_limit"]["interval"]
        assert 0 < low <= arm["of_limit"]["ratio"] <= high
        assert list(arm["stages"]) == list(parts.STAGES)
    assert one["of_first"] is None
    assert list(two["of_first"]) == ["vocabulary", "encoding"]
    assert document["run"]["machine"]["alias"]
    assert document["bytes"] == path.stat().st_size
    assert document["meanwhile"]["seconds"] >= 2 * document["limit"]["seconds"]
    assert list((tmp_path / "out").iterdir()) == []  # what was measured is not kept
    done = nanogpt_rs(*arguments)
    assert done.returncode == 0, done.stderr
    assert "of the limit's" in done.stdout
    assert "times as fast as one" in done.stdout
    assert "processors busy" in done.stdout
    for text, folder, says in (
        ("none.txt", "out", "limit: [Errno 2] No such file or directory: 'none.txt'"),
        ("0.txt", "0.txt", "0.txt: File exists"),
    ):
        done = nanogpt_rs("prepare", text, f"--out={folder}", "--rounds=2")
        assert (done.returncode, done.stderr) == (1, f"nanogpt-rs: {says}\n")


def test_no_more_workers_share_a_stage_than_there_are_parts() -> None:
    document = {"busy_seconds": {"encoding": 6.0}, "engine": {"workers": 8}, "parts": 3}
    assert stage_seconds(document, "encoding") == 2
    assert stage_seconds(document | {"parts": 30}, "encoding") == 0.75


def test_what_cannot_be_measured_in_rounds(nanogpt_rs: Run) -> None:
    for arguments, says in (
        (["--again"], "has nothing to do --again"),
        (["--workers=2"], "--scheduler and --workers are of --engine dask"),
        (["--engine=dask", "--scheduler=x"], "not a --scheduler's"),
    ):
        done = nanogpt_rs("prepare", "0.txt", "--out=out", "--rounds=2", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert says in done.stderr


def test_the_limit_reads_and_writes_what_a_preparation_does(tmp_path: Path) -> None:
    first, second = write(tmp_path, "abc", TEXT)
    write_as_limit([str(first), str(second)], tmp_path)
    twice = 2 * (first.stat().st_size + second.stat().st_size)
    assert (tmp_path / "limit.bin").stat().st_size == twice


@pytest.mark.slow
def test_shards_that_do_not_fit_are_not_trained_on(nanogpt_rs: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="install the extra: pip install 'nanogpt-rs[torch]'")
    (path,) = write(tmp_path, TEXT)
    prepare([path], tmp_path / "out")
    damages()["damaged: its SHA-256 is"](tmp_path / "out" / shards.VAL)
    for arguments, status, says in (
        (["--shards=none"], 1, "none/manifest.json: there is none"),
        (["--shards=out", "--verify"], 1, "out/val.bin: damaged: its SHA-256 is"),
        (["--shards=out", "--corpus=0.txt"], 2, "--shards takes neither --corpus nor --prepare"),
        (["--verify"], 2, "--verify compares the hashes of --shards"),
    ):
        done = nanogpt_rs("train", *arguments, "--steps=1")
        assert (done.returncode, done.stdout) == (status, "")
        assert says in done.stderr
    os.truncate(tmp_path / "out" / shards.TRAIN, 10)
    done = nanogpt_rs("train", "--shards=out", "--steps=1")
    assert done.returncode == 1
    assert "out/train.bin: truncated" in done.stderr
