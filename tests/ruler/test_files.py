"""Tasks whose input is a file: the files, their states, and how answers are checked."""

from __future__ import annotations

import gzip
import mmap
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanogpt_rs.measuring import paired
from nanogpt_rs.measuring.bench import contests_of
from nanogpt_rs.measuring.selection import SelectionError, select, select_states
from nanogpt_rs.ruler import corpora, files, rounds
from nanogpt_rs.ruler.registry import REGISTRY, find, row
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.worker import run_worker

can_uncache = pytest.mark.skipif(
    files.cannot_uncache() is not None, reason=f"system: {files.cannot_uncache()}"
)
can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="system: there is no fork")
FILE_TASKS = [name for name, task in TASKS.items() if task.files is not None]
LONG = "to be or not to be\n" * 100_000


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(corpora.CACHE_VARIABLE, str(tmp_path))
    return tmp_path


def test_a_long_text_is_one_file_made_once(own_cache: Path) -> None:
    path = files.path_of(LONG)
    assert Path(path).is_relative_to(own_cache)
    assert Path(path).read_bytes() == LONG.encode()
    made = Path(path).stat().st_mtime_ns
    assert files.path_of(LONG) == path
    assert Path(path).stat().st_mtime_ns == made


def test_a_file_that_was_tampered_with_is_made_anew(own_cache: Path) -> None:
    path = Path(files.path_of(LONG))
    path.write_text("something else")
    assert Path(files.path_of(LONG)).read_bytes() == LONG.encode()


def test_without_a_cache_that_can_be_written_files_are_made_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NANOGPT_RS_CACHE", str(tmp_path / "file/cache"))
    assert Path(files.path_of(LONG)).read_text() == LONG


def test_newlines_are_written_as_they_are() -> None:
    assert Path(files.path_of("a\r\nb\rc\n")).read_bytes() == b"a\r\nb\rc\n"


@can_uncache
def test_an_uncached_file_is_not_in_memory(own_cache: Path) -> None:
    path = files.path_of(LONG)
    pages = -(-len(LONG) // mmap.PAGESIZE)
    with Path(path).open("rb", buffering=0) as file:
        assert files.resident_pages(file.fileno()) == pages
        files.uncache(path)
        assert files.resident_pages(file.fileno()) == 0
        assert file.read() == LONG.encode()
        assert files.resident_pages(file.fileno()) == pages


@pytest.mark.skipif(
    not Path("/dev/shm").is_dir() or files.cannot_uncache() is not None,
    reason="system: no /dev/shm, a file system in memory",
)
def test_a_file_that_lies_in_memory_is_recognized(tmp_path: Path) -> None:
    path = Path(f"/dev/shm/nanogpt-rs-{os.getpid()}")
    path.write_bytes(b"abc")
    try:
        with pytest.raises(OSError, match="the system keeps 1 pages of this file in memory"):
            files.uncache(str(path))
    finally:
        path.unlink()


def test_a_state_applies_to_tasks_that_have_such_an_input() -> None:
    for name, task in TASKS.items():
        assert rounds.applies(task, "fresh_str") == (name not in FILE_TASKS)
        assert rounds.applies(task, "uncached_file") == (name in FILE_TASKS)
        assert all(rounds.applies(task, state) for state in ("warm", "evicted", "first_call"))
    with pytest.raises(SelectionError, match="uncached_file does not apply to charset"):
        select_states(["uncached_file"], ["charset"])
    with pytest.raises(SelectionError, match="fresh_str does not apply to prepare"):
        select_states(["fresh_str"], ["prepare"])
    assert select_states(["fresh_str"], ["prepare", "charset"]) == ["fresh_str"]
    corpus = corpora.load("empty")
    jobs = contests_of(select(["prepare"]), [("empty", corpus)], ["warm", "fresh_str"], 1.0)
    assert [job.state for job in jobs] == ["warm"]


def order(state: str, id: str, task: str = "shards") -> dict[str, Any]:
    return {
        "task": task,
        "corpus": "english-64k-ascii",
        "state": state,
        "packages": paired.measured_packages(),
        "rounds": 2,
        "warm_up_rounds": 1,
        "seed": 7,
        "arms": [{"id": id, "calls": 2} for _ in range(2)],
    }


@pytest.mark.parametrize(
    "state",
    [
        "warm",
        pytest.param("uncached_file", marks=can_uncache),
        pytest.param("first_call", marks=can_fork),
    ],
)
@pytest.mark.parametrize("id", ["python/file_blocks", "rust/two_passes"])
def test_a_worker_measures_each_state(state: str, id: str) -> None:
    answer = run_worker("rounds", order(state, id), 60)
    assert answer["wrong"] == {}
    for blocks in answer["blocks"]:
        assert [block[4] for block in blocks] == [2, 2]
        assert all(block[0] > 0 for block in blocks)


@can_fork
def test_a_first_call_that_crashes_is_recognized() -> None:
    def crash() -> None:
        os._exit(3)

    with pytest.raises(ChildProcessError, match="status"):
        rounds.forked((crash, ()))


@pytest.mark.torch
def test_a_given_function_comes_first_and_a_missing_one_is_named() -> None:
    given = find("prepare", "rust/two_passes")
    assert given.given == ("rust_impls:prepare.two_passes",)
    vocabulary, ids = given.resolve()([files.path_of("banana")])
    assert vocabulary == "abn"
    assert ids.tolist() == [1, 0, 2, 0, 2, 0]
    absent = row("prepare", "rust/toy", given.target, "", "torch", "rust_impls:prepare.toy")
    assert "toy" in str(absent.unavailable())
    absent = row("prepare", "rust/toy", given.target, "", "torch", "no_such_module:toy")
    assert absent.unavailable() == "needs no_such_module, which is not installed"


@pytest.mark.parametrize(
    "entry", [row for row in REGISTRY if row.task == "prepare"], ids=lambda row: row.id
)
def test_steps_end_in_the_same_answer(entry: Any) -> None:
    if (steps := entry.resolve_steps()) is None:
        assert entry.id.startswith("limit/")
        return
    running = steps([files.path_of("banana")])
    named = []
    while True:
        try:
            named.append(next(running))
        except StopIteration as done:
            vocabulary, ids = done.value
            break
    assert {"read", "vocabulary", "encode"} <= set(", ".join(named).split(", "))
    assert named[-1] == "tensor"
    assert (vocabulary, ids.tolist()) == ("abn", [1, 0, 2, 0, 2, 0])


# The checks of these tasks can fail: each of these contenders breaks the contract in one way.


def lecture(paths: list[str]) -> Any:
    return find("prepare", "python/list_comprehension").resolve()(paths)


def translating(paths: list[str]) -> Any:
    """The lecture's own ``open`` does the same."""
    import torch

    text = "".join(Path(path).read_text("utf-8") for path in paths)
    characters = sorted(set(text))
    return "".join(characters), torch.tensor([characters.index(c) for c in text], dtype=torch.int64)


CHEATS: dict[str, tuple[Any, str]] = {
    "an array": (lambda p: (lecture(p)[0], lecture(p)[1].numpy()), "ndarray, not torch.Tensor"),
    "int32": (lambda p: (lecture(p)[0], lecture(p)[1].int()), "not 1-dimensional torch.int64"),
    "a column": (lambda p: (lecture(p)[0], lecture(p)[1][:, None]), "2-dimensional"),
    "strided": (
        lambda p: (lecture(p)[0], lecture(p)[1].repeat_interleave(2)[::2]),
        "not a contiguous",
    ),
    "the first file": (lambda p: lecture(p[:1]), "several files, in their order"),
    "no byte order mark": (
        lambda p: lecture(
            [files.path_of(Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf")) for path in p]
        ),
        "a byte order mark, which is a character",
    ),
    "translated newlines": (translating, "newlines of every kind"),
    "any bytes": (
        lambda p: lecture([files.path_of(Path(p[-1]).read_bytes().decode("utf-8", "replace"))]),
        "Latin-1: returned",
    ),
}


@pytest.mark.torch
@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_found(cheat: str) -> None:
    function, expected = CHEATS[cheat]
    problems = list(TASKS["prepare"].problems(function, "xyz", refuses_surrogates=False))
    assert any(expected in problem for problem in problems), problems


def test_shards_are_held_against_what_was_written() -> None:
    write = find("shards", "python/list_comprehension").resolve()

    def big_endian(paths: list[str], out: str) -> Any:
        vocabulary = write(paths, out)
        train = Path(out, "train.bin")
        ids = train.read_bytes()
        train.write_bytes(b"".join(ids[at : at + 2][::-1] for at in range(0, len(ids), 2)))
        return vocabulary

    def rounded_up(paths: list[str], out: str) -> Any:
        vocabulary = write(paths, out)
        train, val = Path(out, "train.bin"), Path(out, "val.bin")
        train.write_bytes(train.read_bytes() + val.read_bytes()[:2])
        val.write_bytes(val.read_bytes()[2:])
        return vocabulary

    kept: list[Any] = []

    def once(paths: list[str], out: str) -> Any:
        kept.append(kept[0] if kept else write(paths, out))
        return kept[0]

    for cheat, expected in (
        (big_endian, "train.bin: at position"),
        (rounded_up, "train.bin: returned"),
        (once, "No such file"),
    ):
        problems = list(TASKS["shards"].problems(cheat, "xyzzy", refuses_surrogates=False))
        assert any(expected in problem for problem in problems), problems


@pytest.mark.skipif(sys.platform == "win32", reason="system: no named pipes")
@pytest.mark.parametrize(
    ("task", "id"),
    [
        pytest.param(row.task, row.id, marks=[pytest.mark.torch] * ("torch" in row.needs))
        for row in REGISTRY
        if row.id in ("python/file_blocks", "rust/two_passes") and row.task != "file_charset"
    ],
)
def test_a_pipe_is_refused_rather_than_waited_for(task: str, id: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = ([str(pipe)], str(tmp_path)) if task == "shards" else ([str(pipe)],)
    with pytest.raises(ValueError, match=r"pipe: not a regular file, and it would be read twice$"):
        find(task, id).resolve()(*arguments)


@pytest.mark.skipif(sys.platform == "win32", reason="system: no named pipes")
@pytest.mark.parametrize("idea", ["read_loop", "tokio", "mmap"])
def test_a_pipe_that_stays_open_is_refused_as_soon_as_it_is_no_text(
    idea: str, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"from rust_impls import file_charset as f; f.{idea}([{str(pipe)!r}])"
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    try:
        writer = os.open(pipe, os.O_RDWR)  # which does not wait for a reader that may never come
        os.write(writer, b"ab\xff ")
        _, errors = process.communicate(timeout=300)
        os.close(writer)
    finally:
        process.kill()
        process.wait()
    assert errors.endswith("pipe: not UTF-8 at byte 2\n")


OF_FILES = [row for row in REGISTRY if row.task == "file_charset" and "limit" not in row.marks]
for_each_idea = pytest.mark.parametrize("entry", OF_FILES, ids=lambda row: row.id)
BORDERS = [1 << 16, 1 << 18, 1 << 20]
"""Places in bytes at which ideas cut files. Ideas that cut at larger ones have tests in Rust."""


def on(entry: Any, data: bytes, path: Path) -> tuple[str, Any]:
    """Return an idea's answer for a file with these bytes, or its error."""
    path.write_bytes(data)
    try:
        return "answer", entry.resolve()([str(path)])
    except ValueError as error:
        return "refused", str(error).replace(str(path), "FILE")


def expected_on(data: bytes) -> tuple[str, Any]:
    try:
        return "answer", set(data.decode())
    except UnicodeDecodeError as error:
        return "refused", f"FILE: not UTF-8 at byte {error.start}"


@for_each_idea
@pytest.mark.parametrize("character", "é漢😀")
def test_a_block_may_end_within_a_character(entry: Any, character: str, tmp_path: Path) -> None:
    for before in range(1, len(character.encode())):
        data = b""
        for more, border in enumerate(BORDERS):
            data += b" " * (border - before - len(data)) + chr(ord(character) + more).encode()
        expected = {" ", *(chr(ord(character) + more) for more in range(len(BORDERS)))}
        assert on(entry, data, tmp_path / "text") == ("answer", expected)
        at = BORDERS[-1] - before
        refused = ("refused", f"FILE: not UTF-8 at byte {at}")
        assert on(entry, data[:-1], tmp_path / "text") == refused
        assert on(entry, data[:-1] + b"a", tmp_path / "text") == refused


@for_each_idea
@given(
    border=st.sampled_from([0, BORDERS[0]]),
    before=st.integers(0, 9),
    text=st.text(st.sampled_from("aé漢😀"), max_size=6),
    wrong=st.binary(max_size=5),
    after=st.text(st.sampled_from("aé漢😀"), max_size=3),
)
@settings(max_examples=80)
def test_any_bytes_about_a_border(
    entry: Any, border: int, before: int, text: str, wrong: bytes, after: str
) -> None:
    data = b"\n" * max(0, border - before) + text.encode() + wrong + after.encode()
    if not data.startswith(b"\x1f\x8b"):
        assert on(entry, data, files.process_folder() / "bytes") == expected_on(data)


@pytest.mark.parametrize(
    "entry",
    [row for row in REGISTRY if row.task in FILE_TASKS and "limit" not in row.marks],
    ids=lambda row: f"{row.task}-{row.id}",
)
def test_a_gzip_file_is_named_as_one(entry: Any, tmp_path: Path) -> None:
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"to be"))
    arguments = ([str(path)], str(tmp_path)) if entry.task == "shards" else ([str(path)],)
    with pytest.raises(ValueError, match=r"gz: not UTF-8 at byte 1: it is compressed by gzip"):
        entry.resolve()(*arguments)


@pytest.mark.skipif(sys.platform == "win32", reason="system: no named pipes")
@for_each_idea
def test_an_idea_that_reads_its_file_once_takes_a_pipe(entry: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = "to be, or not to be\n" * 50_000 + "漢"
    for data, expected in (
        (text.encode(), ("answer", set(text))),
        (text.encode()[:-1], ("refused", "FILE: not UTF-8 at byte 1000000")),
        (b"", ("answer", set())),
    ):
        writer = threading.Thread(target=pipe.write_bytes, args=(data,))
        writer.start()
        try:
            answer = "answer", entry.resolve()([str(pipe)])
        except ValueError as error:
            answer = "refused", str(error).replace(str(pipe), "FILE")
        writer.join()
        assert answer == expected


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """Lets a thread append a byte to a file from time to time."""
    ended = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not ended.wait(0.0002):
                file.write(b"b")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        yield
    finally:
        ended.set()
        writer.join()


@pytest.mark.parametrize(
    "entry",
    [*OF_FILES, find("shards", "python/file_blocks"), find("shards", "rust/two_passes")],
    ids=lambda row: f"{row.task}-{row.id}",
)
def test_a_file_that_changes_while_it_is_read_is_refused(entry: Any, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"a" * (8 << 20))
    function: Callable[..., Any] = entry.resolve()
    arguments = ([str(path)], str(tmp_path)) if entry.task == "shards" else ([str(path)],)
    refusal = ""
    with growing(path):
        for _attempt in range(1000):  # the two may take turns, on one core
            try:
                assert set(function(*arguments)) <= set("ab")
            except RuntimeError as error:
                refusal = str(error).replace(str(path), "FILE")
                break
    if refusal != "the files changed while they were read":  # between two readings
        assert refusal.startswith("FILE: changed while it was read, up to byte ")
        assert int(refusal.rpartition(" ")[2]) >= 0


def test_a_corpus_that_a_worker_cannot_load_is_named_as_in_its_parent(own_cache: Path) -> None:
    broken = order("uncached_file", "rust/two_passes") | {"corpus": str(own_cache / "none.txt")}
    with pytest.raises(corpora.UnknownCorpusError, match="no such file"):
        run_worker("rounds", broken, 60)
