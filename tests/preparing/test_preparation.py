"""``nanogpt-rs data prepare``: the right bytes, however texts are cut; other files are refused."""

from __future__ import annotations

import gzip
import importlib
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from preparations import IN_MEMORY, TEXT, made, naive, prepare, write

from nanogpt_rs.preparing import journal, parts, shards, stages
from nanogpt_rs.preparing.parts import PreparationError
from nanogpt_rs.records import durable
from nanogpt_rs.ruler.registry import REGISTRY

partition = importlib.import_module("rust_impls.partition")
Run = Callable[..., subprocess.CompletedProcess[str]]

# Characters of one, two, three and four bytes in UTF-8.
texts = st.text(
    st.sampled_from("ab\n\r\ufeff\x00é\u07ff\u0800世\uffff🙂\U0010ffff")
    | st.characters(codec="utf-8"),
    max_size=40,
)


@given(st.lists(texts, min_size=1, max_size=4), st.integers(1, 60), st.integers(1, 3))
def test_the_bytes_are_right_wherever_texts_are_cut(
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
def test_each_worker_has_several_parts_unless_they_would_be_too_small(
    total: int, workers: int
) -> None:
    size = parts.part_bytes_of(total, workers)
    assert parts.SMALLEST_PART <= size <= parts.LARGEST_PART
    if parts.SMALLEST_PART < size < parts.LARGEST_PART:
        share = total / workers / size  # a part is whole bytes long
        assert parts.PARTS_PER_WORKER * (1 - 1e-6) <= share <= parts.PARTS_PER_WORKER


def test_there_may_be_as_many_characters_as_ids_and_not_one_more(tmp_path: Path) -> None:
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
def test_the_first_byte_that_is_not_utf_8_is_named(
    wrong: bytes, part_bytes: int, tmp_path: Path
) -> None:
    good, bad = write(tmp_path, "good ", "é世".encode() + wrong + b" and later \xff")
    for paths in ([bad], [good, bad]):
        with pytest.raises(PreparationError) as caught:
            prepare(paths, tmp_path / "out", 3, part_bytes=part_bytes, start_over=True)
        with pytest.raises(UnicodeDecodeError) as theirs:
            bad.read_text(encoding="utf-8")
        assert str(caught.value) == f"{bad}: not UTF-8 at byte {theirs.value.start}"


def test_a_path_that_is_not_a_text_file_is_refused_and_named(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "packed").write_bytes(gzip.compress(b"text"))
    (tmp_path / "empty").touch()
    (tmp_path / "wrong").write_bytes(b"abc\xe9def")
    (tmp_path / "right").write_bytes(b"abc")
    for arguments, status, says in (
        (["folder"], 2, "folder is a folder, not a file"),
        (["pipe"], 2, "pipe is a pipe or a device, and a text is read more than once"),
        (["packed"], 2, "packed is packed by gzip"),
        (["none"], 2, "none: No such file or directory"),
        (["empty"], 1, "no characters in empty: nothing to prepare"),
        (["right", "wrong"], 1, "wrong: not UTF-8 at byte 3"),
        ([], 2, "missing argument 'paths'"),
        (["right", "--check=out"], 2, "no such option: --check"),
    ):
        done = nanogpt_rs("data", "prepare", *arguments, "--out=out")
        assert (done.returncode, done.stdout) == (status, "")
        assert done.stderr == f"nanogpt-rs: {says}\n" or says in done.stderr
        assert "Traceback" not in done.stderr
    done = nanogpt_rs("data", "prepare", "right", "--out=right")
    assert done.returncode == 1
    assert "right: File exists" in done.stderr


def test_the_document_of_a_preparation(nanogpt_rs: Run, tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT)
    arguments = (
        *("data", "prepare", str(path), "--out=out"),
        *("--part-bytes=100", "--threads=2", "--json"),
    )
    done = nanogpt_rs(*arguments)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    manifest = document["manifest"]
    written = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert manifest == {**written, "tokenizer": None}
    assert (manifest["characters"], manifest["vocabulary"]) == (len(TEXT), naive(TEXT)[0])
    assert manifest["sources"][0]["name"] == "0.txt"
    assert document["engine"] == {"name": "threads", "workers": 2}
    assert document["resumed"] == {"vocabulary": 0, "encoding": 0}
    assert list(document["seconds"]) == list(document["busy_seconds"]) == list(stages.STAGES)
    assert str(tmp_path) not in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".lock",
        "manifest.json",
        "train.bin",
        "val.bin",
    ]
    repeated = nanogpt_rs(*arguments)
    assert repeated.returncode == 0
    assert json.loads(repeated.stdout)["already"]
    done = nanogpt_rs("data", "prepare", str(path), "--out=other")
    assert "distinct" in done.stdout
    assert (tmp_path / "other/manifest.json").read_bytes() == (
        tmp_path / "out/manifest.json"
    ).read_bytes()


def test_the_files_in_a_folder_are_replaced_only_with_again(
    nanogpt_rs: Run, tmp_path: Path
) -> None:
    first, other = write(tmp_path, TEXT, TEXT + "more")
    prepare([first], tmp_path / "out")
    before = made(tmp_path / "out")
    done = nanogpt_rs("data", "prepare", str(other), "--out=out")
    assert done.returncode == 2
    assert "out: holds shards of other files; name another folder" in done.stderr
    assert made(tmp_path / "out") == before
    done = nanogpt_rs("data", "prepare", str(other), "--out=out", "--again")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path / "out") == naive(TEXT + "more")
    (tmp_path / "out" / shards.MANIFEST).unlink()
    done = nanogpt_rs("data", "prepare", str(other), "--out=out")
    assert done.returncode == 2
    assert "train.bin: exists already, without a manifest" in done.stderr


def test_two_preparations_do_not_mix(nanogpt_rs: Run, tmp_path: Path) -> None:
    (path,) = write(tmp_path, TEXT)
    with durable.locked(tmp_path / "out", OSError):
        done = nanogpt_rs("data", "prepare", str(path), "--out=out")
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
        from nanogpt_rs.ruler.held import CLEAR, RESET_PEAK, held
        from nanogpt_rs.preparing import engines, parts, preparation
        def prepare(path, out, part_bytes):
            with engines.threads(2) as engine:
                preparation.prepare([path], Path(out), engine, part_bytes=part_bytes)
        Path("short.txt").write_bytes(b"short")
        prepare("short.txt", "short", 100)  # which imports what it needs
        CLEAR.write_text(RESET_PEAK)
        before = held("VmRSS")
        prepare("long.txt", "long", parts.SMALLEST_PART)
        print(held("VmHWM") - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32e6 < path.stat().st_size
