"""Byte-pair encoding: oracles against their plain twins, and every implementation against them."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanogpt_rs.ruler import corpora
from nanogpt_rs.ruler.registry import REGISTRY, Implementation
from nanogpt_rs.ruler.tasks import TASKS, bpe_public
from nanogpt_rs.ruler.tasks import bpe_oracles as oracles
from nanogpt_rs.ruler.tasks.bpe_edges import EDGES
from nanogpt_rs.ruler.tasks.bpe_split import GPT2, PATTERNS, pieces, unknown
from nanogpt_rs.ruler.tasks.bpe_vocabularies import OWN, edge_ranks, merges
from nanogpt_rs.ruler.verification import verify

ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"])
TEXTS = st.one_of(
    st.text(ASSIGNED),
    st.text(st.sampled_from("ab\n")),
    st.text(st.sampled_from("ab 's\n\r\t1.é漢😀'T")),
    st.text(st.sampled_from("ab ")).map(lambda text: text * 20),
)


WRONG = {
    "python/riptoken": "at position 0 of",  # a piece of 500 bytes
    "python/tokie": r"on '\t*i'",
    "bpe_train python/gigatoken": "merges, not",  # it goes on where no pair is left
}
"""Libraries that are known to be wrong, in a task or in all, with a part of what is said."""


def known_fault(row: Implementation) -> str | None:
    """Return a part of what is said of an implementation that is known to be wrong."""
    return WRONG.get(row.id) or WRONG.get(f"{row.task} {row.id}")


ROWS = [
    pytest.param(row, id=f"{row.task}-{row.id}")
    for row in REGISTRY
    if row.task.startswith("bpe_")
    and not TASKS[row.task].variant_of
    and "limit" not in row.marks
    and row.absent() is None
]
"""Rows of a task of its own whose library is installed, as `make build` does on one version."""
RIGHT = [row for row in ROWS if known_fault(row.values[0]) is None]


@given(text=TEXTS, size=st.integers(256, 400))
@settings(max_examples=300)
def test_the_oracle_of_training_does_what_its_plain_twin_does(text: str, size: int) -> None:
    assert oracles.merges_of_text(text, size) == oracles.merges_by_counting(text, size)


@given(text=TEXTS, trained_on=TEXTS)
@settings(max_examples=300)
def test_the_oracle_of_encoding_does_what_its_plain_twin_does(text: str, trained_on: str) -> None:
    ranks = oracles.ranks_of(oracles.merges_of_pieces([trained_on, text[:20]], 400))
    for piece in [*pieces(GPT2, text), text, text[1:]]:
        data = piece.encode()
        assert oracles.ids_by_heap(data, ranks) == oracles.ids_by_lowest_rank(data, ranks)


@given(text=TEXTS)
@settings(max_examples=300)
def test_every_token_of_a_vocabulary_is_another(text: str) -> None:
    made = oracles.merges_of_pieces([text], 600)
    assert len(oracles.ranks_of(made)) == oracles.BYTES + len(made)


def test_the_vocabulary_of_the_edges_has_each_id_once() -> None:
    assert sorted(edge_ranks().values()) == [*range(len(edge_ranks()))]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=TEXTS)
@settings(max_examples=500)
def test_texts_are_split_as_the_module_regex_splits_them(pattern: str, text: str) -> None:
    regex = pytest.importorskip("regex", reason="regex is missing: make build installs it")
    assert pieces(pattern, text) == regex.findall(pattern.replace("$", r"\Z"), text)


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=TEXTS)
def test_the_pieces_are_the_text(pattern: str, text: str) -> None:
    assert "".join(pieces(pattern, text)) == text


def test_edges_hold_only_what_every_unicode_since_14_knows() -> None:
    assert [ascii(unknown(text)) for text in EDGES if unknown(text)] == []


def test_a_text_that_unicode_may_yet_change_is_told_apart() -> None:
    assert OWN.inapplicable("a\u0378") == (
        "the corpus has U+0378, which this Python's version of Unicode does not know, so that it "
        "cannot say how the text is split"
    )
    assert OWN.inapplicable("a\U0001faff\uffff😀") is None


@pytest.mark.parametrize("implementation", ROWS)
def test_on_a_short_text(implementation: Implementation) -> None:
    proof = verify(implementation, corpora.load("english-1k-ascii"))
    if fault := known_fault(implementation):
        assert proof.status == "wrong"
        assert fault in "".join(proof.details)
    elif proof.status == "n/a":
        assert "has only the vocabularies" in proof.details[0]
    else:
        assert proof.details == ()


@pytest.mark.parametrize("implementation", RIGHT)
@given(text=TEXTS)
@settings(max_examples=30)
def test_on_all_of_unicode(implementation: Implementation, text: str) -> None:
    with suppress(NotImplementedError):  # it has only vocabularies of its own
        assert TASKS[implementation.task].wrong(implementation.resolve(), text) is None


@pytest.mark.parametrize(
    "row", [row for row in REGISTRY if row.id == "python/tiktoken" and row.task.startswith("bpe_")]
)
def test_a_public_vocabulary_is_right_or_says_what_it_needs(row: Implementation) -> None:
    proof = verify(row, corpora.load("english-60-ascii"))
    assert proof.status == "right" or re.match("needs tiktoken|the vocabulary", proof.details[0])


def test_a_file_of_another_hash_is_no_public_vocabulary(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "r50k_base.tiktoken").write_bytes(b"YQ== 0\n")
    monkeypatch.setenv(bpe_public.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.delenv(bpe_public.TIKTOKEN_VARIABLE, raising=False)
    bpe_public.file_of.cache_clear()
    assert bpe_public.absent("r50k_base") == (
        "the vocabulary r50k_base is not here: set NANOGPT_RS_VOCABULARIES to a folder that has "
        "r50k_base.tiktoken"
    )


def test_a_panic_of_rust_is_told_and_ends_nothing() -> None:
    class PanicException(BaseException):
        pass

    def bpe_train(text: str, size: int) -> list[tuple[int, int]]:
        raise PanicException("index out of range")

    problem, last = TASKS["bpe_train"].problem_on("a", bpe_train, refuses_surrogates=False)
    assert problem is not None
    assert problem.startswith("panicked: ")
    assert "index out of range" in problem
    assert not last


def test_answers_that_take_long_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tinyshakespeare: corpora.Corpus
) -> None:
    monkeypatch.setenv(corpora.CACHE_VARIABLE, str(tmp_path))
    text = tinyshakespeare.text[:20_000]
    right = tuple(oracles.merges_of_text(text, 300))
    for _ in range(2):
        merges.cache_clear()
        assert merges(text, 300) == right
    (file,) = (tmp_path / "bpe").iterdir()
    file.write_bytes(file.read_bytes()[:-4])  # a file that was cut off is no answer
    merges.cache_clear()
    assert merges(text, 300) == right
