"""Byte-pair encoding: training, and encoding to lists."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from itertools import starmap
from typing import Any

from nanogpt_rs.ruler.excerpts import excerpt
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.tasks.bpe_edges import EDGES
from nanogpt_rs.ruler.tasks.bpe_oracles import BYTES
from nanogpt_rs.ruler.tasks.bpe_split import GPT2, pieces
from nanogpt_rs.ruler.tasks.bpe_vocabularies import OWN, OWN_8K, OWN_32K, Vocabulary, merges
from nanogpt_rs.ruler.tasks.contract import Example, Later, Refusal, Task
from nanogpt_rs.ruler.tasks.differences import list_difference
from nanogpt_rs.ruler.tasks.inputs import TEXT_REFUSALS, with_fresh_text
from nanogpt_rs.ruler.timing import Call

SINGLE_BYTES = {bytes([byte]): byte for byte in range(BYTES)}
"""The smallest vocabulary that encodes every text."""
LONG_PIECES = {
    "a piece of a megabyte": "abracadabra" * 95_000,
    "100,000 times one letter": "a" * 100_000,
    "100,000 spaces, then a letter": " " * 100_000 + "a",
    "100,000 line breaks": "\n" * 100_000,
    "a piece of 100,000 Han characters": "的一是不了人我在有他" * 10_000,
}
"""Texts of one or two pieces, which take far too long in time that grows with a piece's square."""


def longest_piece(pattern: str, text: str) -> int:
    """Return the length in characters of a text's longest piece."""
    return max(map(len, pieces(pattern, text)), default=0)


def training(name: str, vocabulary: Vocabulary) -> Task:
    """Make the task of training a vocabulary of a size.

    Args:
        name: The task's name.
        vocabulary: One that is trained.
    """
    size = vocabulary.size
    return Task(
        name=name,
        contract="bpe_train(text: str, size: int) -> list[tuple[int, int]]",
        variant_of="" if vocabulary is OWN else "bpe_train",
        call=lambda function, text: (function, (text, size)),
        renew=with_fresh_first,
        build=None,
        oracle=lambda text: list(merges(text, size)),
        difference=merges_difference,
        shared=operator.is_,
        edges=EDGES,
        refusals=(
            *(on_text(refusal, lambda f: lambda text: f(text, 300)) for refusal in TEXT_REFUSALS),
            Refusal(
                case="a size below the number of bytes",
                attempt=lambda f: f("abab", 255),
                error=ValueError,
                message="size is 255; a vocabulary holds the 256 bytes at least",
            ),
            Refusal(case="a size of no integer", attempt=lambda f: f("ab", "300"), error=TypeError),
            surrogate(lambda f: lambda text: f(text, 300)),
        ),
        examples=(
            Example(case="no room for a merge", attempt=lambda f: f("abababab", BYTES), answer=[]),
            Example(
                case="room for one merge", attempt=lambda f: f("abababab", 257), answer=[(97, 98)]
            ),
            Example(
                case="pairs that run out",
                attempt=lambda f: f("aaa", 1_000),
                answer=[(97, 97), (256, 97)],
            ),
            Example(
                case="a tie, which the smallest pair wins",
                attempt=lambda f: f("ba ab", 257),
                answer=[(32, 97)],
            ),
        ),
        inapplicable=vocabulary.inapplicable,
        longest_piece=partial(longest_piece, GPT2),
    )


def with_fresh_first(call: Call) -> Call:
    """Make the same call with a new text object as its first argument."""
    function, (text, *others) = call
    return function, (*with_fresh_text((function, (text,)))[1], *others)


def on_text(refusal: Refusal, encoder_of: Callable[[Any], Any]) -> Refusal:
    """Return a refusal of a text for contenders that are called on something besides it."""
    return Refusal(
        case=refusal.case,
        attempt=lambda contender: refusal.attempt(encoder_of(contender)),
        error=refusal.error,
        message=refusal.message,
    )


def surrogate(encoder_of: Callable[[Any], Any]) -> Refusal:
    """Return the refusal of a text that has no UTF-8."""
    return Refusal(
        case="a lone surrogate",
        attempt=lambda contender: encoder_of(contender)("a\ud800b"),
        error=UnicodeEncodeError,
    )


def merges_difference(answer: Any, expected: list[tuple[int, int]]) -> str | None:
    """Compare exact types, then each merge."""
    if type(answer) is not list:
        return f"returned {type(answer).__name__}, not list"
    for place, (pair, right) in enumerate(zip(answer, expected, strict=False)):
        if type(pair) is not tuple or [*map(type, pair)] != [int, int]:
            return f"merge {place} is {excerpt(pair)}, not a tuple of two int"
        if pair != right:
            return f"merge {place} is {pair}, not {right}"
    if len(answer) != len(expected):
        return f"returned {counted(len(answer), 'merge')}, not {len(expected):,}"
    return None


def encoder(
    name: str,
    contract: str,
    vocabulary: Vocabulary,
    difference: Callable[[Any, Any], str | None],
    shared: Callable[[Any, Any], bool],
    variant_of: str = "",
) -> Task:
    """Make a task of encoding a text.

    Args:
        name: The task's name.
        contract: The signature.
        vocabulary: The vocabulary that an encoder is made for.
        difference: Compares an answer with the right ids.
        shared: Whether a change to one answer would change another.
        variant_of: The task that differs in its vocabulary alone.
    """
    return Task(
        name=name,
        contract=contract,
        variant_of=variant_of,
        call=lambda function, text: (function(vocabulary.ranks(text), vocabulary.pattern), (text,)),
        renew=with_fresh_text,
        build=lambda function, text: (
            build_and_use,
            (function, vocabulary.ranks(text), vocabulary.pattern),
        ),
        oracle=vocabulary.ids,
        difference=difference,
        shared=shared,
        edges=EDGES,
        refusals=(
            *ranks_refusals(lambda contender, ranks: contender(ranks, GPT2)),
            *text_refusals(vocabulary),
        ),
        examples=() if variant_of else encoding_examples(),
        inapplicable=vocabulary.inapplicable,
        longest_piece=partial(longest_piece, vocabulary.pattern),
    )


def build_and_use(function: Any, ranks: dict[bytes, int], pattern: str) -> object:
    """Make an encoder and encode a letter with it: some prepare themselves in their first call."""
    return function(ranks, pattern)("a")


def ranks_refusals(make: Callable[[Any, object], object]) -> tuple[Refusal, ...]:
    """Return the ranks that every encoder and decoder refuses.

    Args:
        make: Makes an encoder or a decoder for ranks.
    """

    def refusal(case: str, ranks: object, error: type[Exception]) -> Refusal:
        return Refusal(case=case, attempt=lambda contender: make(contender, ranks), error=error)

    without = {token: id for token, id in SINGLE_BYTES.items() if token != b"A"}
    return (
        refusal("ranks that lack a byte", without, ValueError),
        refusal("two tokens of one id", {**SINGLE_BYTES, b"ab": 97}, ValueError),
        refusal("a negative id", {**SINGLE_BYTES, b"ab": -1}, ValueError),
        refusal("an id of more than 32 bits", {**SINGLE_BYTES, b"ab": 2**32}, ValueError),
        refusal("a token of no byte", {**SINGLE_BYTES, b"": 256}, ValueError),
        refusal("a token of str", dict([*SINGLE_BYTES.items(), ("ab", 256)]), TypeError),
        refusal("an id of str", {**SINGLE_BYTES, b"ab": "256"}, TypeError),
        refusal("ranks that are a list", [*SINGLE_BYTES], TypeError),
    )


def text_refusals(vocabulary: Vocabulary) -> tuple[Refusal, ...]:
    """Return the texts that every encoder refuses."""

    def encoder_of(contender: Any) -> Any:
        return contender(vocabulary.ranks(""), vocabulary.pattern)

    return (
        *(on_text(refusal, encoder_of) for refusal in TEXT_REFUSALS),
        surrogate(encoder_of),
        Refusal(
            case="a pattern of bytes",
            attempt=lambda contender: contender(dict(SINGLE_BYTES), GPT2.encode()),
            error=TypeError,
        ),
    )


def encoding_examples() -> tuple[Example, ...]:
    """Return texts with vocabularies that are not trained on them."""
    ranks = {bytes([byte]): (byte + 7) % 256 for byte in range(BYTES)}
    small = {**ranks, b"ab": 257, b"bc": 256, b"abc": 259, b" a": 258}

    def attempt(text: str, ranks: dict[bytes, int]) -> Callable[[Any], object]:
        return lambda contender: contender(dict(ranks), GPT2)(text)

    return (
        Example(
            case="bytes alone, whose ids are not their values",
            attempt=attempt("az é", ranks),
            answer=[104, 129, 39, 202, 176],
        ),
        Example(
            case="the lower of two ranks before the left of two pairs",
            attempt=attempt("abc abcb", small),
            answer=[259, 258, 256, 105],
        ),
        *starmap(long_example, LONG_PIECES.items()),
    )


def long_example(case: str, text: str) -> Example:
    """Return an example of a text of long pieces."""
    return Example(
        case=case,
        attempt=lambda contender: contender(OWN.ranks(""), GPT2)(text),
        answer=Later(lambda: OWN.ids_by_edge_ranks(text)),
        long_pieces=True,
    )


def list_encoder(vocabulary: Vocabulary) -> Task:
    """Make the task of encoding a text to a list."""
    own = vocabulary is OWN
    return encoder(
        "bpe_encode" if own else f"bpe_encode_{vocabulary.name}",
        "bpe_encode(ranks: dict[bytes, int], pattern: str) -> Callable[[str], list[int]]",
        vocabulary,
        list_difference,
        operator.is_,
        "" if own else "bpe_encode",
    )


BPE_TRAIN = training("bpe_train", OWN)
BPE_TRAIN_8K = training("bpe_train_8k", OWN_8K)
BPE_TRAIN_32K = training("bpe_train_32k", OWN_32K)
BPE_ENCODE = list_encoder(OWN)
BPE_ENCODE_8K = list_encoder(OWN_8K)
BPE_ENCODE_32K = list_encoder(OWN_32K)
TASKS: Sequence[Task] = (
    BPE_TRAIN,
    BPE_ENCODE,
    BPE_TRAIN_8K,
    BPE_TRAIN_32K,
    BPE_ENCODE_8K,
    BPE_ENCODE_32K,
)
