"""The smallest text that shows a fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanogpt_rs.ruler.registry import find
from nanogpt_rs.ruler.smallest import in_words, smallest
from nanogpt_rs.ruler.tasks import TASKS


@given(before=st.text("xy"), middle=st.text("ab", min_size=1), after=st.text("xy"))
def test_what_is_not_needed_is_left_out(before: str, middle: str, after: str) -> None:
    found = smallest(before + middle + after, lambda text: middle in text)
    assert found == middle


@given(text=st.text("abc", max_size=200), least=st.integers(0, 20))
def test_a_length_that_is_needed_stays(text: str, least: int) -> None:
    if text.count("a") >= least:
        assert smallest(text, lambda other: other.count("a") >= least) == "a" * least


def test_the_search_ends_when_its_time_is_up() -> None:
    assert smallest("a" * 1000, lambda text: len(text) > 3, seconds=-1.0) == "a" * 1000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\t*i", r"'\t*i'"),
        (" " * 500, "' ' * 500"),
        ("ab" * 100, f"'{'ab' * 29}a... (str) of 200 characters"),
    ],
)
def test_texts_in_words(text: str, words: str) -> None:
    assert in_words(text) == words


def test_a_wrong_encoder_is_shown_with_the_smallest_text() -> None:
    encoder_of = find("bpe_encode", "python/piece_dict").resolve()

    def bpe_encode(ranks: dict[bytes, int], pattern: str) -> Callable[[str], list[int]]:
        right = encoder_of(ranks, pattern)
        return lambda text: right(text.replace("thou", "you"))

    problem, *_ = TASKS["bpe_encode"].problems(
        bpe_encode, "What wilt thou do, thou knave?" * 20, refuses_surrogates=True
    )
    assert problem.endswith("; smallest text that shows it: 'thou'")


def test_a_batch_is_made_smaller_too() -> None:
    encoder_of = find("bpe_encode_batch", "python/piece_dict").resolve()

    def bpe_encode_batch(
        ranks: dict[bytes, int], pattern: str
    ) -> Callable[[list[str]], list[list[int]]]:
        right = encoder_of(ranks, pattern)
        return lambda texts: right([text.replace("7", "8") for text in texts])

    problem, *_ = TASKS["bpe_encode_batch"].problems(
        bpe_encode_batch, "in 1917 " * 700, refuses_surrogates=True
    )
    assert problem.endswith("; smallest text that shows it: '7'")
