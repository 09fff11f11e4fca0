"""Byte-pair encoding: training, and encoding to a list, to an array, or of many documents."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import starmap
from typing import Any

from nanogpt_rs.ruler.corpora import own_copy
from nanogpt_rs.ruler.excerpts import excerpt
from nanogpt_rs.ruler.new_text import UsedEncoder
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.tasks.bpe_edges import EDGES
from nanogpt_rs.ruler.tasks.bpe_oracles import BYTES, ids_of_text
from nanogpt_rs.ruler.tasks.bpe_split import GPT2, pieces
from nanogpt_rs.ruler.tasks.bpe_vocabularies import (
    CL100K,
    EDGE_RANKS,
    O200K,
    OWN,
    OWN_8K,
    OWN_32K,
    R50K,
    Vocabulary,
    ids_of_documents,
    merges,
)
from nanogpt_rs.ruler.tasks.contract import Example, Later, Refusal, Task
from nanogpt_rs.ruler.tasks.differences import array_difference, list_difference, share_memory
from nanogpt_rs.ruler.tasks.inputs import TEXT_REFUSALS, with_fresh_text
from nanogpt_rs.ruler.timing import Call

SINGLE_BYTES = {bytes([byte]): byte for byte in range(BYTES)}
"""The smallest vocabulary that encodes every text."""
DOCUMENT = 1_000
"""Characters in each document of a batch."""
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


def training(vocabulary: Vocabulary) -> Task:
    """Make the task of training one of our own vocabularies."""
    size = vocabulary.size
    return Task(
        name=f"bpe_train_{vocabulary.name}" if vocabulary.name else "bpe_train",
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


@dataclass(frozen=True, kw_only=True)
class Form:
    """What an encoder takes and returns.

    Attributes:
        task: The name of the task with our own vocabulary by default.
        signature: The type of an encoder, as the contract spells it.
        arguments: Makes the arguments of a call from a text.
        renew: Makes the same call on objects that no earlier call has seen.
        oracle: Returns the right answer for a text in a vocabulary.
        difference: Compares an answer with the right one.
        shared: Whether a change to one answer would change another.
    """

    task: str
    signature: str
    arguments: Callable[[str], tuple[object, ...]]
    renew: Callable[[Call], Call]
    oracle: Callable[[Vocabulary, str], Any]
    difference: Callable[[Any, Any], str | None]
    shared: Callable[[Any, Any], bool]


def encoding(form: Form, vocabulary: Vocabulary) -> Task:
    """Make the task of encoding a text."""
    own = vocabulary is OWN
    return Task(
        name=form.task if own else f"{form.task}_{vocabulary.name}",
        contract=f"{form.task}(ranks: dict[bytes, int], pattern: str) -> {form.signature}",
        variant_of="" if own else form.task,
        as_array=array_task(vocabulary) if form is LIST else "",
        call=lambda function, text: (
            encoder_for(function, vocabulary, text),
            form.arguments(text),
        ),
        renew=form.renew,
        build=lambda function, text: (
            build_and_use,
            (function, vocabulary.ranks(text), vocabulary.pattern, *form.arguments("a")),
        ),
        oracle=partial(form.oracle, vocabulary),
        difference=form.difference,
        shared=form.shared,
        edges=EDGES,
        refusals=(
            *ranks_refusals(lambda contender, ranks: contender(ranks, GPT2)),
            *text_refusals(form, vocabulary),
        ),
        examples=encoding_examples(form) if own else (),
        inapplicable=vocabulary.inapplicable,
        longest_piece=partial(longest_piece, vocabulary.pattern),
        used=lambda function, text: UsedEncoder(
            partial(function, vocabulary.ranks(text), vocabulary.pattern), form.arguments, text
        ),
        disagreement=partial(disagreement, form, vocabulary),
    )


def array_task(vocabulary: Vocabulary) -> str:
    """Return the name of the task of encoding to an array, "" for a vocabulary without one."""
    if vocabulary not in {OWN, CL100K}:
        return ""
    return f"{ARRAY.task}_{vocabulary.name}".rstrip("_")


def disagreement(
    form: Form, vocabulary: Vocabulary, function: Any, text: str
) -> Callable[[str], str | None]:
    """Return what describes the difference on other texts, in the vocabulary of one text."""
    ranks = vocabulary.ranks(text)
    encode = function(dict(ranks), vocabulary.pattern)

    def difference(other: str) -> str | None:
        (argument,) = form.arguments(other)
        documents = [argument] if isinstance(argument, str) else argument
        right = [ids_of_text(document, ranks, vocabulary.pattern) for document in documents]  # type: ignore[attr-defined]
        return form.difference(encode(argument), right[0] if isinstance(argument, str) else right)

    return difference


def encoder_for(function: Any, vocabulary: Vocabulary, text: str) -> Any:
    """Return the encoder for a text; all edges are encoded by one, because making it takes long."""
    if text in EDGES:
        return edge_encoder(function, vocabulary)
    return function(vocabulary.ranks(text), vocabulary.pattern)


@lru_cache(maxsize=1)
def edge_encoder(function: Any, vocabulary: Vocabulary) -> Any:
    """Return an encoder for the edges."""
    return function(vocabulary.ranks(""), vocabulary.pattern)


def build_and_use(function: Any, ranks: dict[bytes, int], pattern: str, argument: object) -> object:
    """Make an encoder and encode a letter with it: some prepare themselves in their first call."""
    return function(ranks, pattern)(argument)


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


def text_refusals(form: Form, vocabulary: Vocabulary) -> tuple[Refusal, ...]:
    """Return the texts that every encoder refuses."""

    def encoder_of(contender: Any) -> Any:
        encode = edge_encoder(contender, vocabulary)
        # The refused text stands where a text stands: alone, or as the second of a batch.
        (sample,) = form.arguments("a")
        return encode if isinstance(sample, str) else lambda text: encode(["a", text])

    return (
        *(on_text(refusal, encoder_of) for refusal in TEXT_REFUSALS),
        surrogate(encoder_of),
        Refusal(
            case="a pattern of bytes",
            attempt=lambda contender: contender(dict(SINGLE_BYTES), GPT2.encode()),
            error=TypeError,
        ),
    )


def encoding_examples(form: Form) -> tuple[Example, ...]:
    """Return texts with vocabularies that are not trained on them."""
    values = {bytes([byte]): (byte + 7) % 256 for byte in range(BYTES)}
    small = {**values, b"ab": 257, b"bc": 256, b"abc": 259, b" a": 258}

    def example(case: str, text: str, ranks: dict[bytes, int], ids: list[int]) -> Example:
        (argument,) = form.arguments(text)
        return Example(
            case=case,
            attempt=lambda contender: contender(dict(ranks), GPT2)(argument),
            answer=ids if isinstance(argument, str) else [ids],
        )

    def long_example(case: str, text: str) -> Example:
        return Example(
            case=case,
            attempt=lambda contender: edge_encoder(contender, OWN)(*form.arguments(text)),
            answer=Later(lambda: form.oracle(EDGE_RANKS, text)),
            long_pieces=True,
        )

    return (
        example(
            "bytes alone, whose ids are not their values", "az é", values, [104, 129, 39, 202, 176]
        ),
        example(
            "the lower of two ranks before the left of two pairs",
            "abc abcb",
            small,
            [259, 258, 256, 105],
        ),
        *starmap(long_example, LONG_PIECES.items()),
    )


def ids_difference(answer: Any, expected: list[int]) -> str | None:
    """Compare exact types, then each id, then lengths."""
    if type(answer) is not list or {*map(type, answer)} - {int}:
        return list_difference(answer, expected)
    for position, (id, right) in enumerate(zip(answer, expected, strict=False)):
        if id != right:
            return f"at position {position} of {len(expected):,}: id {id}, not {right}"
    if len(answer) != len(expected):
        return f"returned {counted(len(answer), 'id')}, not {len(expected):,}"
    return None


def ids_array_difference(answer: Any, expected: list[int]) -> str | None:
    """Compare type and layout of an array, then what ``ids_difference`` compares."""
    if problem := array_difference("uint32")(answer, expected):
        counts = " for " in problem  # in the words that tasks of characters use
        return ids_difference(answer.tolist(), expected) if counts else problem
    return None


def documents_of(text: str) -> list[str]:
    """Return a text cut into documents of 1,000 characters, each a ``str`` of its own."""
    return [own_copy(text[at : at + DOCUMENT]) for at in range(0, len(text), DOCUMENT)]


def with_fresh_documents(call: Call) -> Call:
    """Make the same call on a new list of new texts that equal those before."""
    function, (documents,) = call
    return function, ([own_copy(text) for text in documents],)  # type: ignore[attr-defined]


def batch_ids(vocabulary: Vocabulary, text: str) -> list[list[int]]:
    """Return the right ids of each document of a text."""
    return ids_of_documents(documents_of(text), vocabulary, text)


def batch_difference(answer: Any, expected: list[list[int]]) -> str | None:
    """Compare exact types, then the ids of each document."""
    if type(answer) is not list:
        return f"returned {type(answer).__name__}, not list"
    if len(answer) != len(expected):
        return f"returned {counted(len(answer), 'list')} for {counted(len(expected), 'document')}"
    for place, (ids, right) in enumerate(zip(answer, expected, strict=True)):
        if difference := ids_difference(ids, right):
            return f"document {place}: {difference}"
    return None


LIST = Form(
    task="bpe_encode",
    signature="Callable[[str], list[int]]",
    arguments=lambda text: (text,),
    renew=with_fresh_text,
    oracle=Vocabulary.ids,
    difference=ids_difference,
    shared=operator.is_,
)
ARRAY = Form(
    task="bpe_encode_array",
    signature="Callable[[str], uint32 array]",
    arguments=lambda text: (text,),
    renew=with_fresh_text,
    oracle=Vocabulary.ids,
    difference=ids_array_difference,
    shared=share_memory,
)
BATCH = Form(
    task="bpe_encode_batch",
    signature="Callable[[list[str]], list[list[int]]]",
    arguments=lambda text: (documents_of(text),),
    renew=with_fresh_documents,
    oracle=batch_ids,
    difference=batch_difference,
    shared=lambda first, second: bool(first) and first is second,
)
TASKS: Sequence[Task] = (
    training(OWN),
    encoding(LIST, OWN),
    encoding(ARRAY, OWN),
    encoding(BATCH, OWN),
    training(OWN_8K),
    training(OWN_32K),
    encoding(LIST, OWN_8K),
    encoding(LIST, OWN_32K),
    encoding(LIST, R50K),
    encoding(LIST, CL100K),
    encoding(LIST, O200K),
    encoding(ARRAY, CL100K),
    encoding(BATCH, CL100K),
)
JOB = (TASKS[0], TASKS[2])
"""What a training run on tokens begins with: training a vocabulary, and encoding to an array."""
