"""The tasks: what a contender is given, what it must answer, and how that is checked.

This is the only file of the ruler and the harness that knows a task by name. A task's contract
holds for every contender alike and is never changed once published, because HEAD's oracle meets
the wheels of old commits; where a result differs, it is another task.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.corpora import own_copy

Call = tuple[Callable[..., object], tuple[object, ...]]
"""A function and its arguments: what is timed, with nothing of ours in between."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An input that every contender must refuse.

    Attributes:
        case: what is wrong with the input.
        attempt: given the contender, makes the call.
        error: the exception's exact type.
        message: the exception's whole text, or ``""`` where the wording is left open.
    """

    case: str
    attempt: Callable[[Any], object]
    error: type[Exception]
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One contract.

    Attributes:
        name: as the registry and the measured rooms spell it.
        contract: the signature, in one line.
        call: the call to time, for a contender and a text.
        renew: the same call on a text object that no earlier call has seen.
        build: the call that comes before it once and is timed on its own, or ``None``.
        oracle: the right answer for a text, in one line, slow and plain.
        difference: what is wrong with an answer, given the right one; ``None`` if nothing is.
        shared: whether a change to one answer would change another.
        edges: small texts on which contenders go wrong.
        refusals: inputs that must be refused.
        largest_vocabulary: distinct characters that a result can tell apart; a corpus with more
            is not applicable.
    """

    name: str
    contract: str
    call: Callable[[Any, str], Call]
    renew: Callable[[Call], Call]
    build: Callable[[Any, str], Call] | None
    oracle: Callable[[str], Any]
    difference: Callable[[Any, Any], str | None]
    shared: Callable[[Any, Any], bool]
    edges: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    largest_vocabulary: int = sys.maxunicode + 1

    def problems(self, function: Any, text: str, *, refuses_surrogates: bool) -> Iterator[str]:
        """Yield each way in which ``function`` breaks this contract on ``text`` and the edges.

        Args:
            function: the contender.
            text: a corpus.
            refuses_surrogates: the registry says that it raises ``UnicodeEncodeError`` for a text
                with a lone surrogate.
        """
        for sample in (text, *self.edges):
            if len(set(sample)) > self.largest_vocabulary:
                continue
            try:
                problem = self.wrong(function, sample)
            except UnicodeEncodeError as error:
                if refuses_surrogates and has_surrogate(sample):
                    continue
                problem = f"raised {shown(error)}"
            except Exception as error:
                problem = f"raised {shown(error)}"
            if problem:
                yield f"on {excerpt(sample)}: {problem}"
        for refusal in self.refusals:
            if problem := broken(refusal, function):
                yield f"{refusal.case}: {problem}"

    def wrong(self, function: Any, text: str) -> str | None:
        """Return what is wrong with ``function``'s answers for ``text``, if anything.

        It is asked twice: the second answer must not depend on, or share memory with, the first.
        """
        expected = self.oracle(text)
        call, arguments = self.call(function, text)
        first = call(*arguments)
        if difference := self.difference(first, expected):
            return difference
        second = call(*arguments)
        if self.shared(first, second):
            return "gave two answers that share their memory"
        if difference := self.difference(second, expected):
            return f"right at first, then wrong: {difference}"
        if difference := self.difference(first, expected):
            return f"the second call changed the first answer: {difference}"
        return None


def broken(refusal: Refusal, function: Any) -> str | None:
    """Return how ``function`` falls short of ``refusal``, if it does."""
    wanted = refusal.error.__name__
    try:
        answer = refusal.attempt(function)
    except refusal.error as error:
        if type(error) is not refusal.error:
            return f"raised {shown(error)} where {wanted} belongs"
        if refusal.message and str(error) != refusal.message:
            return f"says {str(error)!r} where {refusal.message!r} belongs"
        return None
    except Exception as error:
        return f"raised {shown(error)} where {wanted} belongs"
    return f"returned {excerpt(answer)} where {wanted} belongs"


def has_surrogate(text: str) -> bool:
    """Return whether ``text`` holds a lone surrogate, which UTF-8 cannot express."""
    return any("\ud800" <= character <= "\udfff" for character in set(text))


def excerpt(value: object, limit: int = 60) -> str:
    """Return ``value`` as Python would write it in ASCII, cut short: safe to print anywhere."""
    whole = ascii(value[: limit + 1] if isinstance(value, str | list | bytes) else value)
    return whole if len(whole) <= limit else f"{whole[:limit]}... ({type(value).__name__})"


def shown(error: BaseException) -> str:
    """Return the type and text of ``error``, kept short."""
    return f"{type(error).__name__}: {excerpt(str(error), 200)}"


def vocabulary_of(text: str) -> list[str]:
    """Return the vocabulary that a text is encoded with: its characters in code-point order."""
    return sorted(set(text))


def ids_of(text: str) -> list[int]:
    """Return for each character its index in the vocabulary of ``text``."""
    index = {character: id for id, character in enumerate(vocabulary_of(text))}
    return [index[character] for character in text]


def charset_difference(answer: Any, expected: set[str]) -> str | None:
    """Compare exact types, then the characters."""
    if type(answer) is not set:
        return f"returned {type(answer).__name__}, not set"
    if strangers := {type(c).__name__ for c in answer if type(c) is not str}:
        return f"returned a set that holds {', '.join(sorted(strangers))}, not str"
    if answer != expected:
        missing, extra = sorted(expected - answer), sorted(answer - expected)
        return (
            f"lacks {excerpt(missing)} and has {excerpt(extra)} beyond the {len(expected)} expected"
        )
    return None


def list_difference(answer: Any, expected: list[int]) -> str | None:
    """Compare exact types, then length, then each id."""
    if type(answer) is not list:
        return f"returned {type(answer).__name__}, not list"
    if strangers := {kind.__name__ for kind in set(map(type, answer)) - {int}}:
        return f"returned a list that holds {', '.join(sorted(strangers))}, not int"
    return sequence_difference(answer, expected)


def array_difference(dtype: str) -> Callable[[Any, list[int]], str | None]:
    """Return a comparison of arrays of ``dtype``: type, layout, then each id."""

    def difference(answer: Any, expected: list[int]) -> str | None:
        import numpy

        if type(answer) is not numpy.ndarray:
            return f"returned {type(answer).__name__}, not numpy.ndarray"
        if answer.dtype != numpy.dtype(dtype) or answer.ndim != 1:
            return f"returned {answer.ndim}-dimensional {answer.dtype}, not 1-dimensional {dtype}"
        if not (answer.flags.c_contiguous and answer.flags.writeable):
            return "returned an array that is not contiguous and writable"
        return sequence_difference(answer.tolist(), expected)

    return difference


def share_memory(one: Any, other: Any) -> bool:
    """Return whether two arrays overlap."""
    import numpy

    return bool(numpy.shares_memory(one, other))


def sequence_difference(answer: list[int], expected: list[int]) -> str | None:
    """Return the first place where two lists differ."""
    if answer == expected:
        return None
    if len(answer) != len(expected):
        return f"returned {len(answer)} ids for {len(expected)} characters"
    position = next(
        p for p, pair in enumerate(zip(answer, expected, strict=True)) if pair[0] != pair[1]
    )
    return f"at position {position}: id {answer[position]}, not {expected[position]}"


EDGES = (
    "",
    "\0",
    "a\0b\0",
    "a",
    "aaaa",
    "\r\n\r\n",
    "\x7f\x80",  # the last of ASCII, the first of Latin-1
    "\xff\u0100",  # the last of one byte a character, the first of two
    "\uffff\U00010000",  # the last of two bytes, the first of four
    "\ud7ff\ue000\U0010ffff",
    "naïve Ωmega 漢字 😀",
    "e\u0301\u200d\ufe0f",  # combining characters stay characters of their own
    "".join(map(chr, range(128))),
    "".join(map(chr, range(256))),
    "".join(map(chr, range(0x3F0, 0x4510, 7))),
    "a" * 5000 + "z",
    "a" * 5000 + "\u0416",
    "a" * 5000 + "😀" + "b" * 5000,
    "a\ud800",
    "\udfff😀",
)


def encoding_refusals(task: str, largest: int) -> tuple[Refusal, ...]:
    """Return what every encoder refuses: bad vocabularies, and characters outside good ones."""

    def build(vocabulary: object) -> Callable[[Any], object]:
        return lambda contender: contender(vocabulary)

    def encode(vocabulary: object, text: object) -> Callable[[Any], object]:
        return lambda contender: contender(vocabulary)(text)

    refusals = [
        Refusal(
            case="a vocabulary out of order",
            attempt=build(["b", "a"]),
            error=ValueError,
            message="vocabulary is not in code-point order: "
            "'b' (U+0062) comes before 'a' (U+0061) at entry 1",
        ),
        Refusal(
            case="a character twice in the vocabulary",
            attempt=build("aab"),
            error=ValueError,
            message="vocabulary holds 'a' (U+0061) twice, at entries 0 and 1",
        ),
        Refusal(
            case="a vocabulary entry of two characters",
            attempt=build(["a", "b", "cd"]),
            error=ValueError,
            message="vocabulary entry 2 is 'cd', not a single character",
        ),
        Refusal(
            case="an empty vocabulary entry",
            attempt=build(["", "a"]),
            error=ValueError,
            message="vocabulary entry 0 is '', not a single character",
        ),
        Refusal(
            case="a vocabulary of ints",
            attempt=build([97, 98]),
            error=TypeError,
            message="vocabulary entry 0 is int, not str",
        ),
        Refusal(
            case="a vocabulary that is a set",
            attempt=build({"a"}),
            error=TypeError,
            message="vocabulary is set, not a sequence of str",
        ),
        Refusal(
            case="a character outside the vocabulary",
            attempt=encode("abc", "abcabcabcabcabcabé"),
            error=ValueError,
            message="character 'é' (U+00E9) at position 17 is not in the vocabulary",
        ),
        Refusal(
            case="two characters outside the vocabulary, after one beyond the BMP",
            attempt=encode("a😀", "😀" * 3000 + "a\nz"),
            error=ValueError,
            message=r"character '\n' (U+000A) at position 3001 is not in the vocabulary",
        ),
        Refusal(
            case="an empty vocabulary and a text",
            attempt=encode("", "a"),
            error=ValueError,
            message="character 'a' (U+0061) at position 0 is not in the vocabulary",
        ),
        Refusal(case="bytes for a text", attempt=encode("ab", b"ab"), error=TypeError),
        Refusal(case="a list for a text", attempt=encode("ab", ["a", "b"]), error=TypeError),
        Refusal(case="None for a text", attempt=encode("ab", None), error=TypeError),
    ]
    if largest <= 0x10000:
        refusals.append(
            Refusal(
                case="a vocabulary too large for the ids",
                attempt=lambda contender: contender(characters_in_order(largest + 1)),
                error=ValueError,
                message=f"vocabulary has {largest + 1} entries; {task} holds at most {largest}",
            )
        )
    return tuple(refusals)


def characters_in_order(count: int) -> list[str]:
    """Return the first ``count`` characters of Unicode that are no surrogates."""
    return [chr(code) for code in range(count + 0x800) if not 0xD800 <= code <= 0xDFFF][:count]


def call_on_text(function: Any, text: str) -> Call:
    """Return the contender itself, to be called on the text."""
    return function, (text,)


def call_encoder(function: Any, text: str) -> Call:
    """Return the encoder that the contender makes for the text's own vocabulary."""
    return function(vocabulary_of(text)), (text,)


def with_fresh_text(call: Call) -> Call:
    """Return the call on a new object that equals the text it was to be made on."""
    function, (text,) = call
    return function, (own_copy(str(text)),)


def build_encoder(function: Any, text: str) -> Call:
    """Return the contender, to be called on that vocabulary."""
    return function, (vocabulary_of(text),)


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="charset",
            contract="charset(text: str) -> set[str]",
            call=call_on_text,
            renew=with_fresh_text,
            build=None,
            oracle=set,
            difference=charset_difference,
            shared=operator.is_,
            edges=EDGES,
            refusals=(
                Refusal(case="bytes for a text", attempt=lambda f: f(b"ab"), error=TypeError),
                Refusal(case="a list for a text", attempt=lambda f: f(["a"]), error=TypeError),
                Refusal(case="None for a text", attempt=lambda f: f(None), error=TypeError),
            ),
        ),
        Task(
            name="encode",
            contract="encode(vocabulary: Sequence[str]) -> Callable[[str], list[int]]",
            call=call_encoder,
            renew=with_fresh_text,
            build=build_encoder,
            oracle=ids_of,
            difference=list_difference,
            shared=operator.is_,
            edges=EDGES,
            refusals=encoding_refusals("encode", sys.maxunicode + 1),
        ),
        Task(
            name="encode_array",
            contract="encode_array(vocabulary: Sequence[str]) -> Callable[[str], uint16 array]",
            call=call_encoder,
            renew=with_fresh_text,
            build=build_encoder,
            oracle=ids_of,
            difference=array_difference("uint16"),
            shared=share_memory,
            edges=EDGES,
            refusals=encoding_refusals("encode_array", 65_536),
            largest_vocabulary=65_536,
        ),
        Task(
            name="encode_uint8",
            contract="encode_uint8(vocabulary: Sequence[str]) -> Callable[[str], uint8 array]",
            call=call_encoder,
            renew=with_fresh_text,
            build=build_encoder,
            oracle=ids_of,
            difference=array_difference("uint8"),
            shared=share_memory,
            edges=EDGES,
            refusals=encoding_refusals("encode_uint8", 256),
            largest_vocabulary=256,
        ),
        Task(
            name="encode_int64",
            contract="encode_int64(vocabulary: Sequence[str]) -> Callable[[str], int64 array]",
            call=call_encoder,
            renew=with_fresh_text,
            build=build_encoder,
            oracle=ids_of,
            difference=array_difference("int64"),
            shared=share_memory,
            edges=EDGES,
            refusals=encoding_refusals("encode_int64", sys.maxunicode + 1),
        ),
    )
}
