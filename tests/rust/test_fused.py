"""Decoders, counts and limits called from Python: objects, references, panics."""

from __future__ import annotations

import gc
import subprocess
import sys
from pkgutil import resolve_name
from typing import Any

import numpy as np
import pytest

from nanogpt_rs.ruler import corpora
from nanogpt_rs.ruler.registry import REGISTRY, Implementation, row
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.verification import verify

LIMITS = [
    entry for entry in REGISTRY if "limit" in entry.marks and not TASKS[entry.task].variant_of
]
DECODERS = ["fixed_array", "small_ints"]
LETTERS = "".join(map(chr, range(0x30, 0x30 + 65)))


class Id(int):
    """An int that is not one of CPython's small ints, even where its value is small."""


@pytest.fixture(params=DECODERS)
def decode_list(request: pytest.FixtureRequest) -> Any:
    return resolve_name(f"rust_impls:decode_list.{request.param}")


def test_an_int_that_is_not_a_small_int_is_an_id_too(decode_list: Any) -> None:
    decode = decode_list(LETTERS)
    for position in (0, 63, 64, 100, 199):
        ids: list[Any] = list(range(65)) * 4
        ids[position] = Id(7)
        assert decode(ids) == "".join(LETTERS[id] for id in ids)
    assert decode([True, False, Id(64)]) == "10p"


def test_ids_beyond_the_small_ints(decode_list: Any) -> None:
    vocabulary = "".join(map(chr, range(0x4E00, 0x4E00 + 1000)))
    ids = [0, 255, 256, 257, 999, 300] * 100
    assert decode_list(vocabulary)(ids) == "".join(vocabulary[id] for id in ids)


def test_the_first_wrong_item_is_named(decode_list: Any) -> None:
    decode = decode_list("".join(map(chr, range(0x4E00, 0x4E00 + 300))))
    with pytest.raises(ValueError, match=r"^id 300 at position 2 is not in the vocabulary of 300$"):
        decode([299, 0, 300, "a"])
    with pytest.raises(TypeError, match=r"^id at position 1 is str, not int$"):
        decode([299, "a", 300])


def test_no_reference_is_taken_or_kept(decode_list: Any) -> None:
    ids, other = [5, 64] * 1000, Id(5)
    ids_and_other = [*ids, other]
    decode = decode_list(LETTERS)
    gc.collect()  # otherwise garbage of earlier tests may give references back meanwhile
    before = [sys.getrefcount(5), sys.getrefcount(64), sys.getrefcount(other)]
    for _ in range(100):
        assert len(decode(ids)) == 2000
        assert len(decode(ids_and_other)) == 2001
        with pytest.raises(ValueError, match="at position 2000 is"):
            decode([*ids, 65])
    gc.collect()
    after = [sys.getrefcount(5), sys.getrefcount(64), sys.getrefcount(other)]
    # The interpreter itself takes a handful of references to 5 meanwhile; 100,000 were decoded.
    assert all(abs(old - new) < 50 for old, new in zip(before, after, strict=True))


def test_a_list_that_grew_and_shrank(decode_list: Any) -> None:
    """Its memory is larger than its items need, or there is none."""
    decode = decode_list(LETTERS)
    ids = [1] * 1000
    del ids[10:]
    assert decode(ids) == "1" * 10
    ids.clear()
    assert decode(ids) == ""
    ids.extend([2] * 65)
    assert decode(ids) == "2" * 65


@pytest.mark.parametrize("idea", ["fixed_array", "register_table"])
def test_a_memory_map_decodes(idea: str, tmp_path: Any) -> None:
    """nanoGPT reads its train.bin in this way."""
    ids = np.arange(65, dtype=np.uint16).repeat(100)
    ids.tofile(tmp_path / "train.bin")
    mapped = np.memmap(tmp_path / "train.bin", dtype=np.uint16, mode="r")
    decode = resolve_name(f"rust_impls:decode_array.{idea}")(LETTERS)
    expected = "".join(LETTERS[id] for id in ids)
    assert decode(mapped) == expected
    assert decode(mapped[::-1]) == expected[::-1]
    assert decode(mapped[1:]) == expected[1:]


@pytest.mark.parametrize("idea", ["fixed_array", "register_table"])
@pytest.mark.parametrize("length", [1, 7, 1000])
def test_ids_at_any_step_and_address_decode(idea: str, length: int) -> None:
    """Ids in a field of three-byte records, and ids that begin at an odd address."""
    ids = np.random.default_rng(length).integers(0, 65, length).astype(np.uint16)
    records = np.zeros(length, np.dtype([("kind", "u1"), ("id", np.uint16)]))
    records["id"] = ids
    shifted = np.frombuffer(b"?" + ids.tobytes(), np.uint16, offset=1)
    assert records["id"].strides == (3,)
    assert not shifted.flags.aligned
    decode = resolve_name(f"rust_impls:decode_array.{idea}")(LETTERS)
    expected = "".join(LETTERS[id] for id in ids)
    for argument in (records["id"], shifted, records["id"][::-1][::-1]):
        assert decode(argument) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="system: only Linux limits an address space")
@pytest.mark.parametrize("task", ["encode_array", "encode_int64"])
def test_too_little_memory_for_the_ids_is_a_memory_error(task: str) -> None:
    script = f"""if True:
        import resource
        from pathlib import Path
        from rust_impls import {task} as ideas
        encode = ideas.id_table("a")
        encode("aa")  # this imports numpy
        text = "a" * 100_000_000
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 50_000_000,) * 2)
        try:
            encode(text)
        except MemoryError:
            print("no memory")
        assert encode("aa").tolist() == [0, 0]
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "no memory\n"), done.stderr


def test_a_decoded_text_is_a_text_like_any_other() -> None:
    """Hash, dict key, interning, UTF-8: all that depend on how the object is stored."""
    decode = resolve_name("rust_impls:decode_array.register_table")("aé漢😀")
    for ids, expected in (([0], "a"), ([1], "é"), ([0, 1], "aé"), ([0, 2], "a漢"), ([3, 0], "😀a")):
        text = decode(np.array(ids, np.uint16))
        assert {expected: 1}[text] == 1
        assert hash(text) == hash(expected)
        assert text.encode() == expected.encode()
        assert sys.intern(text) == sys.intern(expected)
        assert text + "b" == expected + "b"


def test_counts_equal_those_of_python() -> None:
    count = resolve_name("rust_impls:count.pair_table")
    for text in ("", "a", "aé", "aé漢\ud800", "a😀" * 100_000, "ab" * 100_000, "漢b" * 100_000):
        assert count(text) == {character: text.count(character) for character in set(text)}


def test_a_panic_is_an_exception() -> None:
    panic = resolve_name("rust_impls:_panic")
    with pytest.raises(BaseException, match="asked to") as caught:
        panic()
    assert type(caught.value).__name__ == "PanicException"
    assert resolve_name("rust_impls:charset.fixed_array")("aab") == {"a", "b"}


@pytest.mark.parametrize("limit", LIMITS, ids=lambda entry: f"{entry.task}-{entry.id}")
@pytest.mark.parametrize("text", ["", "a", "aé", "漢字", "a😀" * 1000], ids=len)
def test_a_limit_answers_for_any_text(limit: Implementation, text: str) -> None:
    function, arguments = TASKS[limit.task].call(limit.resolve(), text)
    answer = function(*arguments)
    if limit.id == "limit/memcpy":
        assert answer.tobytes().startswith(text[:1].encode("latin-1", "ignore"))
        assert len(answer) in {len(text) * width for width in (1, 2, 4)}
    elif limit.id in {
        "limit/read_files",
        "limit/map_files",
        "limit/validate_files",
        "limit/copy_files",
    }:
        assert answer == len(text.encode())
    elif limit.id in {"limit/decode_files", "limit/read_and_write"}:
        assert answer == len(text)
    elif limit.id in {"limit/split", "limit/look_up"}:
        assert answer == []
    elif limit.task.startswith("bpe_"):
        size = len(text.encode())
        assert len(answer) == -(-size // 4)
        assert all(0 <= id < 256 for id in answer)
    elif limit.id == "limit/set":
        assert answer == set(text)
        assert function(text) is not answer
    elif limit.id != "limit/read":
        assert len(answer) == len(text)


def test_the_limit_of_a_lookup_writes_codes() -> None:
    for width, text in [("uint8", "aé"), ("uint16", "aé漢"), ("int64", "a😀")]:
        converted = resolve_name(f"rust_impls:limit.convert_{width}")(list("ab"))(text)
        assert converted.tolist() == list(map(ord, text))
    assert resolve_name("rust_impls:limit.convert")("aé漢").tolist() == list(map(ord, "aé漢"))


def test_the_limit_of_reading_reads_every_character() -> None:
    read = resolve_name("rust_impls:limit.read")
    for character in "aé漢😀":
        text = character * 1000
        checksums = {
            read(text[:position] + "b" + text[position + 1 :]) for position in (0, 1, 500, 998, 999)
        }
        assert read(text) not in checksums


def test_a_limit_that_fails_is_wrong(synthetic: corpora.Corpus) -> None:
    broken = row("charset", "limit/toy", "rust_impls:limit.read_list", "limit")
    assert verify(broken, synthetic).status == "wrong"
    absent = row("charset", "limit/toy", "rust_impls:limit.toy", "limit")
    assert verify(absent, synthetic).status == "n/a"
