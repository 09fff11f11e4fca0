"""Ideas that read CPython's own storage: they leave nothing on the object, and take any path."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

import pytest

from nanogpt_rs.ruler.registry import REGISTRY, simd_paths
from nanogpt_rs.ruler.tasks import TASKS, has_surrogate

WIDTHS = {"ascii": "ab\n", "latin1": "aé\xff", "ucs2": "aж漢", "ucs4": "a😀\U0010ffff"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "row",
    [
        row
        for row in REGISTRY
        if row.id.startswith("rust/") and "utf8" not in row.marks and not TASKS[row.task].variant_of
    ],
    ids=lambda row: f"{row.task}-{row.id}",
)
def test_the_text_does_not_grow(row: Any, width: str) -> None:
    if reason := row.unavailable():
        pytest.skip(f"hardware: {reason}")
    text = WIDTHS[width] * 1000
    before = sys.getsizeof(text)
    function, arguments = TASKS[row.task].call(row.resolve(), text)
    function(*arguments)
    assert sys.getsizeof(text) == before


def test_the_text_grows_by_an_idea_that_asks_for_utf8() -> None:
    """The test above would notice growth."""
    text = WIDTHS["ucs2"] * 1000
    before = sys.getsizeof(text)
    resolve_name("rust_impls:charset.fixed_array")(text)
    assert sys.getsizeof(text) > before


@pytest.mark.parametrize("first", [0, 0x20, 0x3B0, 0x4E00, 0x1F5F0], ids=hex)
def test_a_set_made_at_its_final_size_is_a_set_like_any_other(first: int) -> None:
    """Sets of all sizes around those at which CPython moves a set to larger memory."""
    charset: Callable[[str], set[str]] = resolve_name("rust_impls:charset.bit_table")
    for count in [*range(80), 255, 256, 257, 5000]:
        text = "".join(map(chr, range(first, first + count)))
        characters = charset(text)
        assert characters == set(text)
        assert len(list(characters)) == count
        assert all(character in characters for character in text)
        assert "\U0010ffff" not in characters
        assert characters.copy() == characters | set() == frozenset(characters)
        for other in "\U0010ffff\U0010fffe":
            characters.add(other)
            assert len(characters) == count + 1
            characters.remove(other)
        characters |= set(map(str, range(300)))
        assert characters == set(text) | set(map(str, range(300)))
        characters -= set(text[::2])
        assert characters == (set(text) | set(map(str, range(300)))) - set(text[::2])
        while characters:
            characters.pop()


def test_sets_hold_and_release_their_strings() -> None:
    charset: Callable[[str], set[str]] = resolve_name("rust_impls:charset.bit_table")
    latin = "\xe9"
    before = sys.getrefcount(latin)
    many = [charset("a\xe9b") for _ in range(1000)]
    immortal = sys.version_info >= (3, 12)
    assert sys.getrefcount(latin) == before + (0 if immortal else 1000)
    del many
    gc.collect()
    assert sys.getrefcount(latin) == before
    wide, plain = charset("\u6f22\u5b57" * 100), set("\u6f22\u5b57" * 100)
    assert [sys.getrefcount(character) for character in wide] == [
        sys.getrefcount(character) for character in plain
    ]


@pytest.mark.parametrize(
    "row",
    [row for row in REGISTRY if row.id.startswith("rust/") and row.task in {"charset", "count"}],
    ids=lambda row: f"{row.task}-{row.id}",
)
def test_texts_that_rotate_are_told_apart(row: Any) -> None:
    """What a call leaves behind (tables of a thread, strings) answers for no other text."""
    if reason := row.unavailable():
        pytest.skip(f"hardware: {reason}")
    task = TASKS[row.task]
    alphabets = ((0x20, 65), (0xA0, 90), (0x410, 64), (0x4E00, 700), (0x1F600, 64))
    texts = [
        "".join(chr(first + (at * at + turn) % distinct) for at in range(length))
        for turn, (first, length, distinct) in enumerate(
            (first, length, distinct)
            for length in (60, 1_024, 33_000)
            for first, distinct in alphabets
        )
    ]
    expected = [task.oracle(text) for text in texts]
    for _ in range(2):
        for text, answer in zip(texts, expected, strict=True):
            function, arguments = task.call(row.resolve(), text)
            assert task.difference(function(*arguments), answer) is None


class Text(str):
    __slots__ = ()


def test_a_subclass_of_str_is_a_text() -> None:
    charset: Callable[[str], set[str]] = resolve_name("rust_impls:charset.bit_table")
    characters = charset(Text("abcé"))
    assert characters == set("abcé")
    assert {type(character) for character in characters} == {str}


def active(setting: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", "import rust_impls; print(rust_impls.simd_paths()['active'])"],
        env=os.environ | {"NANOGPT_RS_SIMD": setting},
        capture_output=True,
        text=True,
    )


def test_each_path_can_be_forced() -> None:
    for path in simd_paths():
        assert active(path).stdout.strip() == path
    assert active("").stdout.strip() == simd_paths()[-1]


@pytest.mark.parametrize("setting", ["mmx", "neon", "avx512"])
def test_a_setting_that_is_impossible_here_is_refused(setting: str) -> None:
    if setting in simd_paths():
        pytest.skip(f"hardware: this processor has {setting}")
    done = active(setting)
    assert done.returncode == 1
    expected = f'ValueError: NANOGPT_RS_SIMD is "{setting}": '
    assert expected in done.stderr
    assert f"Here it may be {', '.join(simd_paths())}" in done.stderr


@pytest.mark.parametrize("path", ["avx2", "avx512", "neon"])
def test_an_idea_that_is_held_to_a_path_takes_no_other(path: str) -> None:
    if path in simd_paths():
        pytest.skip(f"hardware: this processor has {path}")
    with pytest.raises(RuntimeError, match=f"this processor lacks what the path {path} needs"):
        resolve_name(f"rust_impls:charset.bit_table_{path}")("abc")


def test_the_samples_have_the_widths_that_they_name() -> None:
    assert [max(map(ord, text)).bit_length() for text in WIDTHS.values()] == [7, 8, 15, 21]
    assert not any(map(has_surrogate, WIDTHS.values()))


@pytest.mark.parametrize("entries", [3, 300])
def test_the_ints_of_a_list_are_counted_exactly(entries: int) -> None:
    """Ints up to 256 are CPython's own, which others hold too; the encoder made the larger ones."""
    vocabulary = [chr(0x100 + id) for id in range(entries)]
    encoder: Callable[[str], list[int]] = resolve_name("rust_impls:encode.id_table")(vocabulary)
    last = encoder(vocabulary[-1])[0]
    text = vocabulary[0] * 3 + vocabulary[-1] * 5
    before = sys.getrefcount(last)
    lists = [encoder(text) for _ in range(7)]
    counted = 0 if before > 2**30 else 35  # since Python 3.12 small ints are immortal
    assert sys.getrefcount(last) == before + counted
    lists[0].clear()
    del lists[1]
    assert sys.getrefcount(last) == before + counted // 7 * 5
    del lists
    assert sys.getrefcount(last) == before
    with pytest.raises(ValueError, match="at position 5008"):
        encoder(text * 626 + "a")
    assert sys.getrefcount(last) == before


def test_a_list_can_be_changed_and_collected() -> None:
    encoder: Callable[[str], list[int]] = resolve_name("rust_impls:encode.id_table")("abc")
    listed = encoder("abcabc" * 1000)
    listed.extend(range(10_000))
    listed.sort()
    listed.append(300)
    del listed[100:]
    assert listed == [0] * 100
    assert encoder("") == []
    empty = encoder("")
    empty.append(5)
    assert empty == [5]
    cycle: list[object] = [encoder("cab")]
    cycle.append(cycle)
    del cycle
    gc.collect()


@pytest.mark.parametrize("task", ["encode_array", "encode_uint8", "encode_int64"])
def test_numpy_owns_the_memory_of_the_ids(task: str) -> None:
    encoder: Callable[[str], Any] = resolve_name(f"rust_impls:{task}.id_table")("abc")
    ids = encoder("cab" * 1000)
    assert ids.flags.owndata
    ids.resize(10, refcheck=False)
    assert ids.tolist() == [2, 0, 1, 2, 0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("task", ["encode", "encode_array", "encode_uint8", "encode_int64"])
def test_a_vocabulary_may_hold_surrogates(task: str) -> None:
    encoder: Callable[[str], Any] = resolve_name(f"rust_impls:{task}.id_table")(["a", "\ud800"])
    assert list(encoder("\ud800a")) == [1, 0]
    with pytest.raises(ValueError, match=r"'\\udfff' \(U\+DFFF\) at position 1 is not"):
        encoder("a\udfff")
