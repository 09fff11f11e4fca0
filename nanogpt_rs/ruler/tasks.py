"""The tasks: what a contender is given, what it must answer, and how that is checked.

This is the only file of the ruler and the harness that knows a task by name, but for the cases of
the self-test. A task's contract holds for every contender alike and is never changed once
published, because HEAD's oracle meets the wheels of old commits; where a result differs, it is
another task.
"""

from __future__ import annotations

import operator
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler import files
from nanogpt_rs.ruler.corpora import own_copy
from nanogpt_rs.ruler.surroundings import DisturbedError, Surroundings

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
class Example:
    """A call that no text alone leads to, with its right answer.

    Attributes:
        case: what is special about it.
        attempt: given the contender, makes the call.
        answer: as the oracle would give it.
    """

    case: str
    attempt: Callable[[Any], object]
    answer: Any


@dataclass(frozen=True, kw_only=True)
class Task:
    """One contract.

    Attributes:
        name: as the registry and the measured rooms spell it.
        contract: the signature, in one line.
        call: the call to time, for a contender and a text: on the text, or on its ids.
        renew: the same call on an equal object that no earlier call has seen.
        build: the call that comes before it once and is timed on its own, or ``None``.
        oracle: the right answer for a text, in one line, slow and plain.
        difference: what is wrong with an answer, given the right one; ``None`` if nothing is.
        shared: whether a change to one answer would change another.
        edges: small texts on which contenders go wrong.
        refusals: inputs that must be refused.
        examples: what the texts leave untried.
        largest_vocabulary: distinct characters that a result can tell apart; a corpus with more
            is not applicable.
        files: the files that a call reads; ``None`` where it is given no paths.
        outcome: what is held against the oracle, of a call that has returned: its answer, and what
            it has written.
        by_default: whether it is measured unless tasks are named.
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
    examples: tuple[Example, ...] = ()
    largest_vocabulary: int = sys.maxunicode + 1
    by_default: bool = False
    files: Callable[[Call], list[str]] | None = None
    outcome: Callable[[Call, Any], Any] = lambda _call, answer: answer

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
                refused = refuses_surrogates and has_surrogate(sample)
                problem = None if refused else f"raised {shown(error)}"
            except DisturbedError as disturbed:
                problem = str(disturbed)
            except Exception as error:
                problem = f"raised {shown(error)}"
                if isinstance(error, MemoryError):  # it takes long to take it all
                    yield f"on {excerpt(sample)}: {problem}"
                    return
            if problem:
                yield f"on {excerpt(sample)}: {problem}"
        for example in self.examples:
            if difference := self.wrong_example(function, example):
                yield f"{example.case}: {difference}"
        for refusal in self.refusals:
            if problem := broken(refusal, function):
                yield f"{refusal.case}: {problem}"

    def wrong_example(self, function: Any, example: Example) -> str | None:
        """Return what is wrong with ``function``'s answer to an example, if anything."""
        try:
            return self.difference(example.attempt(function), example.answer)
        except Exception as error:
            return f"raised {shown(error)}"

    def wrong(self, function: Any, text: str) -> str | None:
        """Return what is wrong with ``function``'s answers for ``text``, if anything.

        It is asked twice: the second answer must not depend on, or share memory with, the first.

        Raises:
            DisturbedError: it changed what others stand on.
        """
        surroundings = Surroundings()
        expected = self.oracle(text)
        call = self.call(function, text)
        given = pickle.dumps(call[1])
        first = self.answer(call)
        if difference := self.difference(first, expected):
            return difference
        if pickle.dumps(call[1]) != given:
            return "changed its input"
        second = self.answer(call)
        if self.shared(first, second):
            return "gave two answers that share their memory"
        if difference := self.difference(second, expected):
            return f"right at first, then wrong: {difference}"
        if difference := self.difference(first, expected):
            return f"the second call changed the first answer: {difference}"
        surroundings.check()
        return None

    def answer(self, call: Call) -> Any:
        """Make a call, and return what is held against the oracle."""
        function, arguments = call
        return self.outcome(call, function(*arguments))


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


def text_difference(answer: Any, expected: str) -> str | None:
    """Compare exact types, then the characters, then how CPython stores them (PEP 393).

    A ``str`` in a wider form than its widest character needs is broken: ``==`` and ``hash`` take
    it to be another one.
    """
    if type(answer) is not str:
        return f"returned {type(answer).__name__}, not str"
    if len(answer) != len(expected):
        return f"returned {len(answer)} characters, not {len(expected)}"
    if answer != expected:
        for position, (one, other) in enumerate(zip(answer, expected, strict=True)):
            if one != other:
                return f"at position {position}: {one!a}, not {other!a}"
    stored = (answer.isascii(), sys.getsizeof(answer))
    if stored != (expected.isascii(), sys.getsizeof(own_copy(expected))):
        return "returned the right characters, not stored as CPython stores them"
    return None


def count_difference(answer: Any, expected: dict[str, int]) -> str | None:
    """Compare exact types, then each character's count; order is open, as ``==`` is blind to it."""
    if type(answer) is not dict:
        return f"returned {type(answer).__name__}, not dict"
    for what, wanted, found in (
        ("keys", str, set(map(type, answer))),
        ("values", int, set(map(type, answer.values()))),
    ):
        if strangers := {kind.__name__ for kind in found - {wanted}}:
            return f"returned a dict with {what} of {', '.join(sorted(strangers))}"
    for character in sorted(expected.keys() | answer.keys()):
        counted = answer.get(character, 0)
        if character not in answer or counted != expected.get(character):
            return f"counts {character!a} {counted} times, not {expected.get(character, 0)}"
    return None


def vocabulary_and_ids_difference(answer: Any, expected: tuple[str, list[int]]) -> str | None:
    """Compare exact types, then the vocabulary, then the ids."""
    if type(answer) is not tuple or len(answer) != 2:
        return f"returned {excerpt(answer)}, not a tuple of two"
    if problem := text_difference(answer[0], expected[0]):
        return f"vocabulary: {problem}"
    return array_difference("uint16")(answer[1], expected[1])


def share_memory(one: Any, other: Any) -> bool:
    """Return whether two arrays overlap."""
    import numpy

    return bool(numpy.shares_memory(one, other))


def same_text(one: str, other: str) -> bool:
    """Return whether two texts are one object; CPython shares those of one character itself."""
    return one is other and len(one) > 1


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


def building(vocabulary: object) -> Callable[[Any], object]:
    """Return the attempt to make an encoder or a decoder."""
    return lambda contender: contender(vocabulary)


def using(vocabulary: object, argument: object) -> Callable[[Any], object]:
    """Return the attempt to make an encoder or a decoder and call it."""
    return lambda contender: contender(vocabulary)(argument)


def vocabulary_refusals(task: str, largest: int) -> tuple[Refusal, ...]:
    """Return the vocabularies that every encoder and decoder refuses."""
    refusals = [
        Refusal(
            case="a vocabulary out of order",
            attempt=building(["b", "a"]),
            error=ValueError,
            message="vocabulary is not in code-point order: "
            "'b' (U+0062) comes before 'a' (U+0061) at entry 1",
        ),
        Refusal(
            case="a character twice in the vocabulary",
            attempt=building("aab"),
            error=ValueError,
            message="vocabulary holds 'a' (U+0061) twice, at entries 0 and 1",
        ),
        Refusal(
            case="a vocabulary entry of two characters",
            attempt=building(["a", "b", "cd"]),
            error=ValueError,
            message="vocabulary entry 2 is 'cd', not a single character",
        ),
        Refusal(
            case="an empty vocabulary entry",
            attempt=building(["", "a"]),
            error=ValueError,
            message="vocabulary entry 0 is '', not a single character",
        ),
        Refusal(
            case="a vocabulary of ints",
            attempt=building([97, 98]),
            error=TypeError,
            message="vocabulary entry 0 is int, not str",
        ),
        Refusal(
            case="a vocabulary that is a set",
            attempt=building({"a"}),
            error=TypeError,
            message="vocabulary is set, not a sequence of str",
        ),
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


def encoding_refusals(task: str, largest: int) -> tuple[Refusal, ...]:
    """Return what every encoder refuses: bad vocabularies, and characters outside good ones."""
    return (
        *vocabulary_refusals(task, largest),
        Refusal(
            case="a character outside the vocabulary",
            attempt=using("abc", "abcabcabcabcabcabé"),
            error=ValueError,
            message="character 'é' (U+00E9) at position 17 is not in the vocabulary",
        ),
        Refusal(
            case="two characters outside the vocabulary, after one beyond the BMP",
            attempt=using("a😀", "😀" * 3000 + "a\nz"),
            error=ValueError,
            message=r"character '\n' (U+000A) at position 3001 is not in the vocabulary",
        ),
        Refusal(
            case="an empty vocabulary and a text",
            attempt=using("", "a"),
            error=ValueError,
            message="character 'a' (U+0061) at position 0 is not in the vocabulary",
        ),
        Refusal(case="bytes for a text", attempt=using("ab", b"ab"), error=TypeError),
        Refusal(case="a list for a text", attempt=using("ab", ["a", "b"]), error=TypeError),
        Refusal(case="None for a text", attempt=using("ab", None), error=TypeError),
    )


def list_decoding_refusals() -> tuple[Refusal, ...]:
    """Return what every decoder of lists refuses.

    What is no ``int`` and yet equals one, such as 1.0, is left open: a ``dict`` does not tell.
    """
    letters = "".join(map(chr, range(0x30, 0x30 + 65)))

    def refusal(case: str, ids: Sequence[object], error: type[Exception], message: str) -> Refusal:
        return Refusal(case=case, attempt=using(letters, ids), error=error, message=message)

    def outside(case: str, ids: Sequence[object], id: int, position: int) -> Refusal:
        message = f"id {id} at position {position} is not in the vocabulary of 65"
        return refusal(case, ids, ValueError, message)

    return (
        *vocabulary_refusals("decode_list", sys.maxunicode + 1),
        outside("an id outside the vocabulary", [*range(17), 70, 70], 70, 17),
        outside("the first id outside the vocabulary", [65], 65, 0),
        outside("a negative id, then others outside", [0, -1, 300, 70], -1, 1),
        outside("an id at the end that a byte would cut short", [1] * 5000 + [256], 256, 5000),
        outside("an id that 32 bits would cut short", [0, 2**32], 2**32, 1),
        outside("an id that 64 bits would cut short", [0, 0, 2**64, 70], 2**64, 2),
        outside("a very negative id", [0, -(2**70)], -(2**70), 1),
        Refusal(
            case="an empty vocabulary and an id",
            attempt=using("", [0]),
            error=ValueError,
            message="id 0 at position 0 is not in the vocabulary of 0",
        ),
        refusal("a float", [0, 1.5], TypeError, "id at position 1 is float, not int"),
        refusal(
            "a str, then an id outside", ["a", 70], TypeError, "id at position 0 is str, not int"
        ),
        refusal("None", [3, 2, None], TypeError, "id at position 2 is NoneType, not int"),
        Refusal(case="a str for a list", attempt=using("ab", "ab"), error=TypeError),
        Refusal(case="bytes for a list", attempt=using("ab", b"\0\1"), error=TypeError),
        Refusal(case="a tuple for a list", attempt=using("ab", (0, 1)), error=TypeError),
        Refusal(case="None for a list", attempt=using("ab", None), error=TypeError),
    )


OTHER_BYTE_ORDER = ">u2" if sys.byteorder == "little" else "<u2"


def array_decoding_refusals() -> tuple[Refusal, ...]:
    """Return what every decoder of arrays refuses."""

    def decode(vocabulary: str, make: Callable[[Any], object]) -> Callable[[Any], object]:
        def attempt(contender: Any) -> object:
            import numpy

            return contender(vocabulary)(make(numpy))

        return attempt

    letters = "".join(map(chr, range(0x30, 0x30 + 65)))

    def outside(case: str, ids: list[int], id: int, position: int) -> Refusal:
        return Refusal(
            case=case,
            attempt=decode(letters, lambda numpy: numpy.array(ids, numpy.uint16)),
            error=ValueError,
            message=f"id {id} at position {position} is not in the vocabulary of 65",
        )

    return (
        *vocabulary_refusals("decode_array", 65_536),
        outside("an id outside the vocabulary", [*range(17), 70, 71], 70, 17),
        outside("an id at the end that a byte would cut short", [1] * 5000 + [256], 256, 5000),
        outside("the first and the last id outside", [0, 65, 65535], 65, 1),
        outside("an id with its highest bit set", [0, 0, 0x8000, 70], 0x8000, 2),
        Refusal(
            case="an empty vocabulary and an id",
            attempt=decode("", lambda numpy: numpy.zeros(1, numpy.uint16)),
            error=ValueError,
            message="id 0 at position 0 is not in the vocabulary of 0",
        ),
        Refusal(
            case="ids of 64 bits",
            attempt=decode("ab", lambda numpy: numpy.array([0, 1])),
            error=TypeError,
            message="ids are a 1-dimensional array of int64, not of uint16",
        ),
        Refusal(
            case="ids of the other byte order",
            attempt=decode(
                "ab", lambda numpy: numpy.array([0, 1], numpy.dtype(numpy.uint16).newbyteorder())
            ),
            error=TypeError,
        ),
        Refusal(
            case="ids in two dimensions",
            attempt=decode("ab", lambda numpy: numpy.zeros((2, 2), numpy.uint16)),
            error=TypeError,
            message="ids are a 2-dimensional array of uint16, not 1-dimensional",
        ),
        Refusal(case="a list for an array", attempt=using("ab", [0, 1]), error=TypeError),
        Refusal(case="None for an array", attempt=using("ab", None), error=TypeError),
    )


MIXED = "".join([*map(chr, range(0x41, 0x5B)), "é", "Ж", "漢", "😀"])
"""A vocabulary of every width: 26 letters of ASCII, then one character of each wider kind."""
NARROW_IDS = {
    "ids of ASCII only, of a wider vocabulary": [25, 0, 7] * 100,
    "ids up to Latin-1, of a wider vocabulary": [0, 26] * 100,
    "ids up to two bytes a character, of a wider vocabulary": [1, 28, 27] * 100,
    "ids of every width": [0, 26, 27, 28, 29] * 100,
    "a long run of ASCII, then one wide character": [3] * 5000 + [29],
}
"""The result must be stored as its own widest character asks, not as the vocabulary's does."""


def list_examples() -> tuple[Example, ...]:
    """Return lists of ids that no text's own vocabulary leads to, with their texts."""
    return (
        *(
            Example(case=case, attempt=using(MIXED, ids), answer="".join(MIXED[id] for id in ids))
            for case, ids in NARROW_IDS.items()
        ),
        Example(case="bools, which are ints", attempt=using("ab", [True, False]), answer="ba"),
    )


def encoding_examples() -> tuple[Example, ...]:
    """Return texts that have few of a vocabulary's characters, with their ids.

    Every other text is encoded by its own vocabulary, which is no proof that the one given is used.
    """
    return tuple(
        Example(
            case=f"{case}, from their text",
            attempt=using(MIXED, "".join(MIXED[id] for id in ids)),
            answer=ids,
        )
        for case, ids in NARROW_IDS.items()
    )


def array_examples() -> tuple[Example, ...]:
    """Return arrays of ids that no text's own vocabulary leads to, with their texts."""

    def decode(ids: list[int], step: int = 1, *, writeable: bool = True) -> Callable[[Any], object]:
        def attempt(contender: Any) -> object:
            import numpy

            array = numpy.repeat(numpy.array(ids, numpy.uint16), step)[::step]
            array.flags.writeable = writeable
            return contender(MIXED)(array)

        return attempt

    return (
        *(
            Example(case=case, attempt=decode(ids), answer="".join(MIXED[id] for id in ids))
            for case, ids in NARROW_IDS.items()
        ),
        Example(
            case="an array that is not contiguous", attempt=decode([5, 26, 0], 3), answer="FéA"
        ),
        Example(
            case="an array that is read-only",
            attempt=decode([5, 26, 0], writeable=False),
            answer="FéA",
        ),
    )


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


def call_list_decoder(function: Any, text: str) -> Call:
    """Return the decoder that the contender makes for the text's vocabulary, and the text's ids."""
    return function(vocabulary_of(text)), (ids_of(text),)


def call_array_decoder(function: Any, text: str) -> Call:
    """Return the decoder that the contender makes for the text's vocabulary, and the text's ids."""
    import numpy

    return function(vocabulary_of(text)), (numpy.array(ids_of(text), numpy.uint16),)


def with_fresh_ids(call: Call) -> Call:
    """Return the call on a new object that equals the list or array it was to be made on."""
    function, (ids,) = call
    return function, (ids.copy(),)  # type: ignore[attr-defined]


def vocabulary_and_ids_of(text: str) -> tuple[str, list[int]]:
    """Return the vocabulary of ``text`` as one ``str``, and the ids."""
    return "".join(vocabulary_of(text)), ids_of(text)


def build_encoder(function: Any, text: str) -> Call:
    """Return the contender, to be called on that vocabulary."""
    return function, (vocabulary_of(text),)


TEXT_REFUSALS = (
    Refusal(case="bytes for a text", attempt=lambda f: f(b"ab"), error=TypeError),
    Refusal(case="a list for a text", attempt=lambda f: f(["a"]), error=TypeError),
    Refusal(case="None for a text", attempt=lambda f: f(None), error=TypeError),
)
"""What is refused by whatever takes nothing but a text."""
EDGES_IN_FILES = tuple(text for text in EDGES if not has_surrogate(text))
"""UTF-8 cannot express a lone surrogate, so that no file holds one."""


def call_on_file(function: Any, text: str) -> Call:
    """Return the contender, to be called on the path of a file that holds the text."""
    return function, ([files.path_of(text)],)


def call_on_file_and_folder(function: Any, text: str) -> Call:
    """Return the contender, to be called on that path and on a folder for what it writes."""
    return function, ([files.path_of(text)], str(files.process_folder()))


def files_read(call: Call) -> list[str]:
    """Return the paths that a call is given."""
    paths: Any = call[1][0]
    return list(paths)


def tensor_difference(answer: Any, expected: tuple[str, list[int]]) -> str | None:
    """Compare exact types, then the vocabulary, then the tensor: kind, layout, each id."""
    import torch

    if type(answer) is not tuple or len(answer) != 2:
        return f"returned {excerpt(answer)}, not a tuple of two"
    if problem := text_difference(answer[0], expected[0]):
        return f"vocabulary: {problem}"
    tensor = answer[1]
    if type(tensor) is not torch.Tensor:
        return f"returned {type(tensor).__name__}, not torch.Tensor"
    if tensor.dtype != torch.int64 or tensor.ndim != 1:
        return f"returned {tensor.ndim}-dimensional {tensor.dtype}, not 1-dimensional torch.int64"
    if not tensor.is_contiguous() or tensor.device.type != "cpu" or tensor.requires_grad:
        return "returned a tensor that is not a contiguous one of the CPU without a gradient"
    return sequence_difference(tensor.tolist(), expected[1])


def share_tensor(one: Any, other: Any) -> bool:
    """Return whether the tensors of two answers overlap; numpy knows their memory too."""
    return share_memory(one[1].numpy(), other[1].numpy())


Shards = tuple[Any, list[int], list[int]]
"""What shards hold: the vocabulary, and the ids that are trained on and those that validate."""


def shards_of(text: str) -> Shards:
    """Return the vocabulary of ``text``, and its ids: nine tenths, and the others."""
    ids = ids_of(text)
    return "".join(vocabulary_of(text)), ids[: 9 * len(ids) // 10], ids[9 * len(ids) // 10 :]


def written_shards(call: Call, answer: Any) -> Shards:
    """Return what a call of ``shards`` returned and wrote; its files go, so none is taken twice."""
    import numpy

    folder = Path(str(call[1][1]))
    found = []
    for name in ("train.bin", "val.bin"):
        found.append(numpy.fromfile(folder / name, "<u2").tolist())
        (folder / name).unlink()
    return answer, found[0], found[1]


def shards_difference(answer: Any, expected: Shards) -> str | None:
    """Compare the vocabulary, then what each file holds."""
    if problem := text_difference(answer[0], expected[0]):
        return f"vocabulary: {problem}"
    for name, found, wanted in zip(("train", "val"), answer[1:], expected[1:], strict=True):
        if problem := sequence_difference(found, wanted):
            return f"{name}.bin: {problem}"
    return None


def file_refusals(*more: Callable[[], object], gzip: bool = False) -> tuple[Refusal, ...]:
    """Return what is refused by whatever reads files.

    Args:
        more: makes each argument after the paths.
        gzip: what it has compressed is called so: older tasks say no more than that it is no UTF-8.
    """

    def on(paths: object) -> Callable[[Any], object]:
        return lambda contender: contender(paths, *(make() for make in more))

    def on_bytes(*contents: bytes) -> Callable[[Any], object]:
        def attempt(contender: Any) -> object:
            paths = [files.path_of(each) for each in contents]
            try:
                return on(paths)(contender)
            except ValueError as error:  # which names a path that differs from run to run
                if type(error) is not ValueError:
                    raise
                raise ValueError(str(error).replace(paths[-1], "FILE")) from None

        return attempt

    def not_utf8(case: str, at: int, *contents: bytes, what: str = "") -> Refusal:
        message = f"FILE: not UTF-8 at byte {at}{what}"
        return Refusal(case=case, attempt=on_bytes(*contents), error=ValueError, message=message)

    missing = "no/such/file.txt"
    refusals = [
        Refusal(
            case="a file that is not there",
            attempt=on([missing]),
            error=FileNotFoundError,
            message=f"[Errno 2] No such file or directory: {missing!r}",
        ),
        not_utf8("Latin-1", 3, b"caf\xe9 au lait"),
        not_utf8("a character cut short at the end", 2, "ab漢".encode()[:-1]),
        not_utf8("a lone surrogate", 1, b"a\xed\xa0\x80"),
        not_utf8("an overlong form", 0, b"\xc0\x80"),
        not_utf8("beyond Unicode", 5000, b"a" * 5000 + b"\xf4\x90\x80\x80"),
        not_utf8("far into the second file", 600_001, b"ab", b"ab\n" * 200_000 + b"c\xff"),
        not_utf8("a character across two files", 1, b"ab", b"a\xc3"),
        Refusal(case="a path for paths", attempt=on("input.txt"), error=TypeError),
        Refusal(case="None for paths", attempt=on(None), error=TypeError),
        Refusal(case="a file's number for a path", attempt=on([0]), error=TypeError),
    ]
    if gzip:
        what = ": it is compressed by gzip, as 1f 8b at its start says"
        refusals.append(not_utf8("a gzip file", 1, b"\x1f\x8b\x08\0\0\0\0\0", what=what))
    if sys.platform != "win32":  # which denies the permission instead
        folder = str(Path(__file__).parent)
        refusals.append(
            Refusal(
                case="a folder",
                attempt=on([folder]),
                error=IsADirectoryError,
                message=f"[Errno 21] Is a directory: {folder!r}",
            )
        )
    return tuple(refusals)


def file_examples(
    oracle: Callable[[str], Any], call: Callable[[Any, Any], Any]
) -> tuple[Example, ...]:
    """Return calls on other than one file, with their right answers.

    Args:
        oracle: of the task.
        call: calls a contender on paths, and returns what is held against the oracle.
    """

    def example(case: str, text: str, paths: Callable[[], Sequence[object]]) -> Example:
        return Example(case=case, attempt=lambda f: call(f, paths()), answer=oracle(text))

    def each(*texts: str) -> Callable[[], list[str]]:
        return lambda: list(map(files.path_of, texts))

    long, wide = "ab\n" * 100_000, "Ωж漢😀" * 70_000
    return (
        example("no file", "", list),
        example("several files, in their order", "bacabé", each("ba", "", "ca", "bé")),
        example("the same file twice", "abab", each("ab", "ab")),
        example("a tuple", "ab", lambda: tuple(each("ab")())),
        example("a path object", "ab", lambda: [Path(files.path_of("ab"))]),
        example("a byte order mark, which is a character", "\ufeffab", each("\ufeffab")),
        example("newlines of every kind, which stay", "a\r\nb\rc\n", each("a\r\nb\rc\n")),
        example("files longer than a block", long + wide + "z", each(long, wide, "z")),
    )


def call_on_paths(function: Any, paths: Sequence[object]) -> Any:
    """Return what a contender that is given nothing but paths answers."""
    return function(paths)


def call_shards(function: Any, paths: Sequence[object]) -> Shards:
    """Return what a contender for ``shards`` answers and writes."""
    call = (function, (paths, str(files.process_folder())))
    return written_shards(call, function(*call[1]))


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="charset",
            contract="charset(text: str) -> set[str]",
            by_default=True,
            call=call_on_text,
            renew=with_fresh_text,
            build=None,
            oracle=set,
            difference=charset_difference,
            shared=operator.is_,
            edges=EDGES,
            refusals=TEXT_REFUSALS,
        ),
        Task(
            name="encode",
            contract="encode(vocabulary: Sequence[str]) -> Callable[[str], list[int]]",
            by_default=True,
            call=call_encoder,
            renew=with_fresh_text,
            build=build_encoder,
            oracle=ids_of,
            difference=list_difference,
            shared=operator.is_,
            edges=EDGES,
            refusals=encoding_refusals("encode", sys.maxunicode + 1),
            examples=encoding_examples(),
        ),
        Task(
            name="encode_array",
            contract="encode_array(vocabulary: Sequence[str]) -> Callable[[str], uint16 array]",
            by_default=True,
            call=call_encoder,
            renew=with_fresh_text,
            build=build_encoder,
            oracle=ids_of,
            difference=array_difference("uint16"),
            shared=share_memory,
            edges=EDGES,
            refusals=encoding_refusals("encode_array", 65_536),
            examples=encoding_examples(),
            largest_vocabulary=65_536,
        ),
        Task(
            name="count",
            contract="count(text: str) -> dict[str, int]",
            call=call_on_text,
            renew=with_fresh_text,
            build=None,
            oracle=Counter,
            difference=count_difference,
            shared=operator.is_,
            edges=EDGES,
            refusals=TEXT_REFUSALS,
        ),
        Task(
            name="charset_encode",
            contract="charset_encode(text: str) -> tuple[str, uint16 array]",
            call=call_on_text,
            renew=with_fresh_text,
            build=None,
            oracle=vocabulary_and_ids_of,
            difference=vocabulary_and_ids_difference,
            shared=lambda one, other: share_memory(one[1], other[1]),
            edges=EDGES,
            refusals=(
                *TEXT_REFUSALS,
                Refusal(
                    case="a text with more distinct characters than there are ids",
                    attempt=lambda f: f("".join(characters_in_order(65_537))),
                    error=ValueError,
                    message="text has 65537 distinct characters; "
                    "charset_encode holds at most 65536",
                ),
            ),
            largest_vocabulary=65_536,
        ),
        Task(
            name="decode_list",
            contract="decode_list(vocabulary: Sequence[str]) -> Callable[[list[int]], str]",
            call=call_list_decoder,
            renew=with_fresh_ids,
            build=build_encoder,
            oracle=str,
            difference=text_difference,
            shared=same_text,
            edges=EDGES,
            refusals=list_decoding_refusals(),
            examples=list_examples(),
        ),
        Task(
            name="decode_array",
            contract="decode_array(vocabulary: Sequence[str]) -> Callable[[uint16 array], str]",
            call=call_array_decoder,
            renew=with_fresh_ids,
            build=build_encoder,
            oracle=str,
            difference=text_difference,
            shared=same_text,
            edges=EDGES,
            refusals=array_decoding_refusals(),
            examples=array_examples(),
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
            examples=encoding_examples(),
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
            examples=encoding_examples(),
        ),
        Task(
            name="prepare",
            # A file is UTF-8 and is its characters, as by open(path, encoding="utf-8", newline=""):
            # newlines are not translated, so that decoding gives back the file, byte for byte.
            contract="prepare(paths) -> tuple[str, torch.int64 tensor]",
            call=call_on_file,
            renew=lambda call: call,
            build=None,
            oracle=vocabulary_and_ids_of,
            difference=tensor_difference,
            shared=share_tensor,
            edges=EDGES_IN_FILES,
            refusals=file_refusals(),
            examples=file_examples(vocabulary_and_ids_of, call_on_paths),
            largest_vocabulary=65_536,  # beyond, what is made by way of uint16 ids may refuse
            files=files_read,
        ),
        Task(
            name="shards",
            contract="shards(paths, out) -> str, having written train.bin and val.bin",
            call=call_on_file_and_folder,
            renew=lambda call: call,
            build=None,
            oracle=shards_of,
            difference=shards_difference,
            shared=lambda _one, _other: False,  # they have been read from files
            edges=EDGES_IN_FILES,
            refusals=(
                *file_refusals(files.process_folder),
                Refusal(
                    case="texts with more distinct characters than there are ids",
                    attempt=lambda f: f(
                        [files.path_of("".join(characters_in_order(65_537)))],
                        files.process_folder(),
                    ),
                    error=ValueError,
                    message="text has 65537 distinct characters; shards holds at most 65536",
                ),
                Refusal(
                    case="a folder that is not there, to write into",
                    attempt=lambda f: f([files.path_of("ab")], "no/such/folder"),
                    error=FileNotFoundError,
                ),
            ),
            examples=file_examples(shards_of, call_shards),
            largest_vocabulary=65_536,
            files=files_read,
            outcome=written_shards,
        ),
        Task(
            name="file_charset",
            contract="file_charset(paths) -> set[str]",
            call=call_on_file,
            renew=lambda call: call,
            build=None,
            oracle=set,
            difference=charset_difference,
            shared=operator.is_,
            edges=EDGES_IN_FILES,
            refusals=file_refusals(gzip=True),
            examples=file_examples(set, call_on_paths),
            files=files_read,
        ),
    )
}

PREPARATION = "prepare"
"""The task whose contenders prepare files for training."""
SHARDS = "shards"
"""The task whose contenders prepare files for training from a disk."""
