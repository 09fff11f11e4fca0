"""Every implementation is right: on both corpora, on edges, on all of Unicode, and in refusing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import corpora
from benchmarks.registry import REGISTRY, Implementation
from benchmarks.tasks import EDGES, TASKS, has_surrogate
from benchmarks.verification import verify


def parameter(row: Implementation) -> Any:
    """A row, to be skipped where the processor lacks what it is held to."""
    reason = row.unavailable() if any(need.startswith("cpu:") for need in row.needs) else None
    return pytest.param(
        row,
        id=f"{row.task}-{row.id}",
        marks=pytest.mark.skipif(reason is not None, reason=f"hardware: {reason}"),
    )


every_implementation = pytest.mark.parametrize("implementation", [*map(parameter, REGISTRY)])

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


@every_implementation
@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_on_all_of_unicode(implementation: Implementation, text: str) -> None:
    try:
        problem = TASKS[implementation.task].wrong(implementation.resolve(), text)
    except UnicodeEncodeError:
        assert "utf8" in implementation.marks
        assert has_surrogate(text)
    else:
        assert problem is None


@pytest.mark.parametrize(
    "implementation", [parameter(row) for row in REGISTRY if TASKS[row.task].build]
)
@given(text=TEXTS, vocabulary=st.frozensets(CHARACTERS, max_size=20))
@settings(max_examples=40, deadline=None)
def test_one_encoder_for_any_text(
    implementation: Implementation, text: str, vocabulary: frozenset[str]
) -> None:
    """With another text's vocabulary: the right ids, or the first character that has none."""
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


def test_edges_cover_every_width_and_a_surrogate() -> None:
    assert {max(map(ord, text), default=0).bit_length() // 8 for text in EDGES} == {0, 1, 2}
    assert any(has_surrogate(text) for text in EDGES)


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
