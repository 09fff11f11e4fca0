"""Every implementation is right: on both corpora, on edges, on all of Unicode, and for refusals."""

from __future__ import annotations

import ctypes
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanogpt_rs.ruler import corpora
from nanogpt_rs.ruler.registry import REGISTRY, Implementation
from nanogpt_rs.ruler.tasks import EDGES, TASKS, has_surrogate, text_difference
from nanogpt_rs.ruler.verification import verify


def parameter(row: Implementation) -> Any:
    """A row; its tests are skipped where the processor lacks the instructions that it needs."""
    reason = row.unavailable() if any(need.startswith("cpu:") for need in row.needs) else None
    return pytest.param(
        row,
        id=f"{row.task}-{row.id}",
        marks=pytest.mark.skipif(reason is not None, reason=f"hardware: {reason}"),
    )


# Byte-pair encoding is tried in test_bpe.py, on texts that its oracles need less time for.
ROWS = [row for row in REGISTRY if not row.task.startswith("bpe_")]
every_implementation = pytest.mark.parametrize("implementation", [*map(parameter, ROWS)])
CONTENDERS = [row for row in ROWS if "limit" not in row.marks]

CHARACTERS = st.characters(codec=None)  # all of Unicode, lone surrogates too
TEXTS = st.one_of(
    st.text(CHARACTERS),
    st.text(st.sampled_from("ab\n")),
    st.text(st.sampled_from("aé漢😀\ud800")),
    st.text(CHARACTERS).map(lambda text: text * 50),
)


@every_implementation
def test_on_synthetic(implementation: Implementation, synthetic: corpora.Corpus) -> None:
    assert verify(implementation, synthetic).details == ()


@every_implementation
def test_on_tinyshakespeare(
    implementation: Implementation, tinyshakespeare: corpora.Corpus
) -> None:
    assert verify(implementation, tinyshakespeare).details == ()


@pytest.mark.parametrize("implementation", [*map(parameter, CONTENDERS)])
@given(text=TEXTS)
@settings(max_examples=60)
def test_on_all_of_unicode(implementation: Implementation, text: str) -> None:
    if TASKS[implementation.task].files is not None:  # and UTF-8 holds no lone surrogate
        text = text.encode("utf-8", "ignore").decode()
    try:
        problem = TASKS[implementation.task].wrong(implementation.resolve(), text)
    except UnicodeEncodeError:
        assert "utf8" in implementation.marks
        assert has_surrogate(text)
    else:
        assert problem is None


@pytest.mark.parametrize(
    "implementation", [parameter(row) for row in CONTENDERS if row.task.startswith("encode")]
)
@given(text=TEXTS, vocabulary=st.frozensets(CHARACTERS, max_size=20))
@settings(max_examples=40)
def test_one_encoder_for_any_text(
    implementation: Implementation, text: str, vocabulary: frozenset[str]
) -> None:
    """With another text's vocabulary: the right ids, or an error that names a character."""
    entries = sorted(vocabulary | set(text[: len(text) // 2]))
    refuses = "utf8" in implementation.marks and has_surrogate(text + "".join(entries))
    position = next((at for at, character in enumerate(text) if character not in entries), None)
    try:
        answer: Any = implementation.resolve()(entries)(text)
    except UnicodeEncodeError:
        assert refuses
    except ValueError as error:
        assert position is not None
        offender = text[position]
        assert str(error) == (
            f"character {offender!r} (U+{ord(offender):04X}) at position {position} "
            "is not in the vocabulary"
        )
    else:
        assert position is None
        assert list(answer) == [entries.index(character) for character in text]


@pytest.mark.parametrize(
    "implementation", [parameter(row) for row in CONTENDERS if row.task.startswith("decode")]
)
@given(
    vocabulary=st.one_of(
        st.frozensets(CHARACTERS, max_size=20),
        st.sampled_from([range(0x20, 0x61), range(256), range(0x400, 0x500), range(70_000)]).map(
            lambda codes: frozenset(map(chr, codes))
        ),
    ),
    data=st.data(),
)
@settings(max_examples=60)
def test_one_decoder_for_any_ids(
    implementation: Implementation, vocabulary: frozenset[str], data: st.DataObject
) -> None:
    """The right characters in CPython's narrowest form, or an error about the first unknown id."""
    task = TASKS[implementation.task]
    entries = sorted(vocabulary)[: task.largest_vocabulary]
    size = len(entries)
    highest = data.draw(st.sampled_from([size, min(size, 20), size + 5, 300]))
    ids = data.draw(st.lists(st.integers(0, max(0, min(highest - 1, 0xFFFF)))))
    ids *= data.draw(st.sampled_from([1, 1, 50]))
    argument: Any = ids
    if implementation.task == "decode_array":
        import numpy

        argument = numpy.array(ids, numpy.uint16)
    position = next((at for at, id in enumerate(ids) if id >= size), None)
    decode = implementation.resolve()(entries)
    if position is None:
        assert text_difference(decode(argument), "".join(entries[id] for id in ids)) is None
        return
    with pytest.raises(ValueError, match=r"^id \d+ at") as refused:
        decode(argument)
    assert str(refused.value) == (
        f"id {ids[position]} at position {position} is not in the vocabulary of {size}"
    )


def test_edges_cover_every_width_and_a_surrogate() -> None:
    assert {max(map(ord, text), default=0).bit_length() // 8 for text in EDGES} == {0, 1, 2}
    assert any(has_surrogate(text) for text in EDGES)


def own_ids(vocabulary: list[str], text: str) -> list[int]:
    """Ids in the text's own vocabulary, after a check that it is part of the given one."""
    own = sorted(set(text))
    for position, character in enumerate(text):
        if character not in vocabulary:
            raise ValueError(f"character {character!r} at position {position}")
    return [own.index(character) for character in text]


KEPT = "xyz"

# The checks themselves can fail: each of these contenders breaks the contract in one way.

CHEATS = {
    "a frozenset": ("charset", frozenset, "returned frozenset, not set"),
    "a subclass of set": ("charset", type("MySet", (set,), {}), "returned MySet, not set"),
    "bytes for characters": (
        "charset",
        lambda t: set(t.encode("utf-8", "replace")),
        "holds int, not str",
    ),
    "a character short": ("charset", lambda t: set(t[:-1]), "lacks ['z']"),
    "ascii only": (
        "charset",
        lambda t: {chr(b & 127) for b in t.encode("utf-8", "replace")},
        "beyond the",
    ),
    "a tuple": (
        "encode",
        lambda v: lambda t: tuple(v.index(c) for c in t),
        "returned tuple, not list",
    ),
    "bools": ("encode", lambda v: lambda t: [v.index(c) == 1 for c in t], "holds bool, not int"),
    "off by one": ("encode", lambda v: lambda t: [v.index(c) + 1 for c in t], "id 1, not 0"),
    "reversed": ("encode", lambda v: lambda t: [v.index(c) for c in t][::-1], "at position 0"),
    "one too few": ("encode", lambda v: lambda t: [v.index(c) for c in t[1:]], "ids for"),
    "a Counter": ("count", Counter, "returned Counter, not dict"),
    "a count too few": ("count", lambda t: dict(Counter(t[1:])), "times, not"),
    "a character that does not occur": (
        "count",
        lambda t: {**Counter(t), "q": 0},
        "counts 'q' 0 times, not 0",
    ),
    "floats": (
        "count",
        lambda t: {c: float(t.count(c)) for c in t},
        "returned a dict with values of float",
    ),
    "a list of two": ("charset_encode", lambda t: [t, t], "not a tuple of two"),
    "a vocabulary in the text's order": (
        "charset_encode",
        lambda t: ("".join(dict.fromkeys(t)), None),
        "vocabulary: ",
    ),
    "a kept text": ("decode_list", lambda _v: lambda _ids: KEPT, "gave two answers that share"),
    "negative ids from the end": (
        "decode_list",
        lambda v: lambda ids: "".join([v[id] for id in ids]),
        "a negative id",
    ),
    "any width of ids": (
        "decode_array",
        lambda v: lambda ids: "".join([v[id] for id in ids.tolist()]),
        "ids of 64 bits",
    ),
    "not the vocabulary that is given": (
        "encode",
        lambda v: lambda t: own_ids(v, t),
        "ids of ASCII only, of a wider vocabulary, from their text",
    ),
    "any vocabulary": (
        "encode",
        lambda v: lambda t: [sorted(v).index(c) for c in t],
        "a vocabulary out of order",
    ),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_found(cheat: str) -> None:
    task, function, expected = CHEATS[cheat]
    problems = list(TASKS[task].problems(function, "xyz", refuses_surrogates=False))
    assert any(expected in problem for problem in problems), problems


def test_a_shared_answer_is_found() -> None:
    kept: set[str] = set()

    def charset(text: str) -> set[str]:
        kept.clear()
        kept.update(text)
        return kept

    assert TASKS["charset"].wrong(charset, "abc") == "gave two answers that share their memory"


def test_right_at_first_then_wrong_is_found() -> None:
    calls: list[str] = []

    def charset(text: str) -> set[str]:
        calls.append(text)
        return set(text) if len(calls) == 1 else set()

    problem = TASKS["charset"].wrong(charset, "abc")
    assert problem is not None
    assert problem.startswith("right at first, then wrong")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda numpy, ids: numpy.array(ids, numpy.int64), "not 1-dimensional uint16"),
        (lambda numpy, ids: numpy.array([ids], numpy.uint16), "2-dimensional uint16"),
        (lambda numpy, ids: numpy.repeat(numpy.array(ids, numpy.uint16), 2)[::2], "not contiguous"),
        (
            lambda numpy, ids: numpy.frombuffer(
                numpy.array(ids, numpy.uint16).tobytes(), numpy.uint16
            ),
            "writable",
        ),
        (lambda _, ids: ids, "returned list"),
    ],
)
def test_a_wrong_array_is_found(make: Any, expected: str) -> None:
    import numpy

    problem = TASKS["encode_array"].wrong(
        lambda v: lambda t: make(numpy, [v.index(c) for c in t]), "abca"
    )
    assert problem is not None
    assert expected in problem


def test_a_text_in_too_wide_a_form_is_found() -> None:
    """Equal characters are not enough: a careless extension may make a str like this."""
    new = ctypes.pythonapi.PyUnicode_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_ssize_t, ctypes.c_uint32]
    for widest, codec in ((0xFF, "latin-1"), (0xFFFF, "utf-16-le"), (0x10FFFF, "utf-32-le")):
        wide = new(3, widest)
        characters = "xyz\0".encode(codec)  # the NUL is at the end of the object
        ctypes.memmove(
            id(wide) + sys.getsizeof(wide) - len(characters), characters, len(characters)
        )
        problem = text_difference(wide, "xyz")
        assert problem == "returned the right characters, not stored as CPython stores them"
