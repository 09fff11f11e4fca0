"""Byte-pair encoding in Rust at the border with Python: what no row of the registry shows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nanogpt_rs.ruler.tasks.bpe_oracles import ids_of_text
from nanogpt_rs.ruler.tasks.bpe_split import GPT2
from rust_impls import bpe_encode, bpe_encode_array, bpe_encode_batch

RANKS = {**{bytes([byte]): byte for byte in range(256)}, b" h": 300, b"ll": 70_000, b"el": 70_001}
TEXT = "hello hell, Привет élan\n" * 40
LIST_IDEAS = [getattr(bpe_encode, name) for name in bpe_encode.__all__ if name.islower()]
ARRAY_IDEAS = [bpe_encode_array.linked_list, bpe_encode_array.piece_cache]
BATCH_IDEAS = [bpe_encode_batch.piece_cache, bpe_encode_batch.rayon]

Make = Callable[[Any, Any], Any]


@pytest.mark.parametrize("make", ARRAY_IDEAS)
def test_arrays_are_owned_and_hold_the_ids(make: Make) -> None:
    encode = make(RANKS, GPT2)
    for text in (TEXT, "", TEXT):
        ids = encode(text)
        assert (ids.dtype, ids.ndim) == (np.uint32, 1)
        assert ids.flags.owndata
        assert ids.flags.writeable
        assert ids.tolist() == ids_of_text(text, RANKS, GPT2)
        ids[:] = 0  # which later answers must not show


@pytest.mark.parametrize("make", BATCH_IDEAS)
def test_many_texts_are_encoded_in_their_order(make: Make) -> None:
    texts = [TEXT, "", "hello", *(f"hello {number}" for number in range(50))]
    encode = make(RANKS, GPT2)
    assert encode(texts) == [ids_of_text(text, RANKS, GPT2) for text in texts]
    assert encode([]) == []
    with pytest.raises(TypeError, match="text at position 1 is bytes, not str"):
        encode(["a", b"b"])
    with pytest.raises(TypeError, match="texts are str, not a list of str"):
        encode("ab")
    with pytest.raises(UnicodeEncodeError):
        encode(["a", "\ud800"])


@pytest.mark.parametrize("make", LIST_IDEAS)
def test_ids_may_be_any_number_of_32_bits_but_the_largest(make: Make) -> None:
    ranks = {**RANKS, b"lo": 4_294_967_294}
    assert make(ranks, GPT2)("lo hello") == [4_294_967_294, 300, ord("e"), 70_000, ord("o")]
    with pytest.raises(ValueError, match=r"the id of token b'lo' is 4294967295; ids are from 0 to"):
        make({**RANKS, b"lo": 4_294_967_295}, GPT2)


@pytest.mark.parametrize("make", [*LIST_IDEAS, *ARRAY_IDEAS, *BATCH_IDEAS])
def test_an_unknown_pattern_is_refused_with_the_known_ones(make: Make) -> None:
    with pytest.raises(ValueError, match="pattern is not one of those that are known") as caught:
        make(RANKS, r"\w+|\W+")
    assert GPT2 in str(caught.value)


@pytest.mark.parametrize("make", LIST_IDEAS)
def test_references_are_counted_and_nothing_stays_with_the_text(make: Make) -> None:
    ranks = dict(RANKS)
    int_of_token = ranks[b"ll"]
    encode = make(ranks, GPT2)
    text = TEXT + "ж"
    size, references = sys.getsizeof(text), sys.getrefcount(int_of_token)
    ids = encode(text)
    assert sys.getrefcount(int_of_token) - references == ids.count(70_000)
    del ids
    assert sys.getrefcount(int_of_token) == references
    assert sys.getsizeof(text) == size
