"""What a task is: the call that is measured, the right answer, and how answers are checked.

A task's contract holds for every contender alike, and is never changed once it is published,
because HEAD's oracle meets the wheels of old commits. What returns something else is another task.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from nanogpt_rs.ruler.excerpts import excerpt, shown
from nanogpt_rs.ruler.new_text import UsedEncoder
from nanogpt_rs.ruler.smallest import in_words, smallest
from nanogpt_rs.ruler.surroundings import DisturbedError, Surroundings
from nanogpt_rs.ruler.timing import Call

LONG_EDGE = 2_000
"""Length in characters of small texts beyond which contenders that take no long pieces are not
tried."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An input that every contender must refuse.

    Attributes:
        case: The input's fault, in words.
        attempt: A function that makes the call with a given contender.
        error: The exact type of the exception.
        message: The whole text of the exception, or ``""`` if the wording is left open.
    """

    case: str
    attempt: Callable[[Any], object]
    error: type[Exception]
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A call that cannot be derived from a text alone, with its right answer.

    Attributes:
        case: What is special about the call, in words.
        attempt: A function that makes the call with a given contender.
        answer: The right answer, or a ``Later`` that computes it.
        long_pieces: Whether it takes far too long in time that grows with a piece's square.
    """

    case: str
    attempt: Callable[[Any], object]
    answer: Any
    long_pieces: bool = False


class Later(NamedTuple):
    """An answer that is computed when it is needed, because computing it takes long.

    Attributes:
        compute: Computes the answer.
    """

    compute: Callable[[], Any]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One contract.

    Attributes:
        name: The name that the registry and the measured packages use.
        contract: The signature, in one line.
        call: Makes the call to time from a contender and a text: on the text, or on its ids.
        renew: Makes the same call on an equal object that no earlier call has seen.
        build: Makes the call that comes once before the others and is timed on its own. ``None`` if
            there is none.
        oracle: Computes the right answer for a text, in one line, slowly and plainly.
        difference: Describes what is wrong with an answer, given the right one. ``None`` if nothing
            is.
        shared: Whether a change to one answer would change another.
        edges: Small texts on which contenders go wrong.
        refusals: Inputs that must be refused.
        examples: Calls that the texts leave untried.
        largest_vocabulary: Number of distinct characters that a result can tell apart. The task is
            not applicable to a corpus with more.
        files: Lists the files that a call reads. ``None`` for a task that is given no paths.
        outcome: Makes what is compared with the oracle from a call and its answer: the answer, and
            what the call has written.
        by_default: Whether the task is measured when no tasks are named.
        variant_of: The name of the task whose contenders this one shares, because it differs in
            what they are made for alone, such as the vocabulary. Empty for a task of its own.
        as_array: The name of the task that differs from this one in its result alone, which is an
            array instead of a list. Empty if there is none.
        inapplicable: Describes why the task cannot be measured on a text. ``None`` if it can.
        longest_piece: Returns the length in characters of the longest piece of a text, for tasks
            that cut it into pieces. 0 for others.
        used: Makes an encoder from a contender, and has it encode the first half of a text, so that
            the second half is new to it. ``None`` for a task whose functions keep nothing of what
            they are called on.
        disagreement: Makes, from a contender and a text that it is wrong on, a function that
            describes what is wrong on another text, made for the same vocabulary. ``None`` if no
            smaller text is looked for.
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
    variant_of: str = ""
    as_array: str = ""
    inapplicable: Callable[[str], str | None] = lambda _text: None
    longest_piece: Callable[[str], int] = lambda _text: 0
    used: Callable[[Any, str], UsedEncoder] | None = None
    disagreement: Callable[[Any, str], Callable[[str], str | None]] | None = None

    def problems(
        self,
        function: Any,
        text: str,
        *,
        refuses_surrogates: bool,
        takes_long_pieces: bool = True,
    ) -> Iterator[str]:
        """Yield each way in which ``function`` breaks this contract on ``text`` and the edges.

        Args:
            function: The contender.
            text: The text of a corpus.
            refuses_surrogates: Whether the contender may raise ``UnicodeEncodeError`` for a text
                with a lone surrogate, as its marks in the registry say.
            takes_long_pieces: Whether the contender is tried on texts whose pieces are long, as its
                marks in the registry say.

        Raises:
            NotImplementedError: The contender cannot be made for what the text asks for.
        """
        for sample in (text, *self.edges):
            if len(set(sample)) > self.largest_vocabulary:
                continue
            if not takes_long_pieces and sample is not text and len(sample) > LONG_EDGE:
                continue
            problem, last = self.problem_on(sample, function, refuses_surrogates)
            if problem:
                yield f"on {excerpt(sample)}: {problem}{self.smaller(function, sample)}"
            if last:
                return
        for example in self.examples:
            if example.long_pieces and not takes_long_pieces:
                continue
            if difference := self.wrong_example(function, example):
                yield f"{example.case}: {difference}"
        for refusal in self.refusals:
            if problem := broken(refusal, function):
                yield f"{refusal.case}: {problem}"

    def problem_on(
        self, sample: str, function: Any, refuses_surrogates: bool
    ) -> tuple[str | None, bool]:
        """Describe how a contender breaks the contract on a text, and whether to try no other.

        Raises:
            NotImplementedError: The contender cannot be made for what the text asks for.
        """
        try:
            return self.wrong(function, sample), False
        except UnicodeEncodeError as error:
            refused = refuses_surrogates and has_surrogate(sample)
            return (None if refused else f"raised {shown(error)}"), False
        except NotImplementedError:
            raise
        except DisturbedError as disturbed:  # and so it would on every other text
            return str(disturbed), True
        except Exception as error:  # filling the memory takes long: once is enough
            return f"raised {shown(error)}", isinstance(error, MemoryError)
        except BaseException as error:
            if not is_panic(error):
                raise
            return f"panicked: {shown(error)}", False

    def smaller(self, function: Any, text: str) -> str:
        """Return the end of a sentence: the smallest text that shows what is wrong on a text.

        Returns:
            "" if no smaller text shows it.
        """
        if self.disagreement is None:
            return ""

        def is_wrong(other: str) -> bool:
            assert difference_on is not None
            try:
                return difference_on(other) is not None
            except (UnicodeEncodeError, NotImplementedError):
                return False
            except Exception:
                return True
            except BaseException as error:
                if not is_panic(error):
                    raise
                return True

        difference_on: Callable[[str], str | None] | None = None
        try:
            difference_on = self.disagreement(function, text)
        except Exception:  # it cannot even be made for this text
            return ""
        if not is_wrong(text):  # what is wrong is not the answer to a first call
            return ""
        found = smallest(text, is_wrong)
        return "" if found == text else f"; smallest text that shows it: {in_words(found)}"

    def wrong_example(self, function: Any, example: Example) -> str | None:
        """Describe what is wrong with ``function``'s answer to an example; ``None`` if nothing."""
        answer = example.answer
        right = answer.compute() if isinstance(answer, Later) else answer
        try:
            return self.difference(example.attempt(function), right)
        except NotImplementedError:  # it was right on the corpus, with what that asks for
            return None
        except Exception as error:
            return f"raised {shown(error)}"
        except BaseException as error:
            if not is_panic(error):
                raise
            return f"panicked: {shown(error)}"

    def wrong(self, function: Any, text: str) -> str | None:
        """Describe what is wrong with ``function``'s answers for ``text``; ``None`` if nothing.

        It is called twice: the second answer must neither depend on the first nor share its memory.

        Raises:
            DisturbedError: it changed the surroundings of its process.
        """
        surroundings = Surroundings()
        expected = self.oracle(text)
        call = self.call(function, text)
        given = self.given(call)
        first = self.answer(call)
        if difference := self.difference(first, expected):
            return difference
        if self.given(call) != given:
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

    def given(self, call: Call) -> list[bytes]:
        """Return all that a call is given, files included, in a form that can be compared."""
        given = [pickle.dumps(call[1])]
        for path in self.files(call) if self.files else ():
            with suppress(FileNotFoundError), Path(path).open("rb") as file:
                given.append(hashlib.file_digest(file, "sha256").digest())
        return given

    def answer(self, call: Call) -> Any:
        """Make a call, and return what is compared with the oracle."""
        function, arguments = call
        return self.outcome(call, function(*arguments))


def is_panic(error: BaseException) -> bool:
    """Return whether an error is a panic of Rust, which no ``except Exception`` catches."""
    return type(error).__name__ == "PanicException"


def broken(refusal: Refusal, function: Any) -> str | None:
    """Describe how ``function`` fails to refuse an input; ``None`` if it refuses it rightly."""
    wanted = refusal.error.__name__
    try:
        answer = refusal.attempt(function)
    except NotImplementedError:  # it was right on the corpus, with what that asks for
        return None
    except refusal.error as error:
        if type(error) is not refusal.error:
            return f"raised {shown(error)} where {wanted} belongs"
        if refusal.message and str(error) != refusal.message:
            return f"says {str(error)!r} where {refusal.message!r} belongs"
        return None
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        return f"raised {shown(error)} where {wanted} belongs"
    return f"returned {excerpt(answer)} where {wanted} belongs"


def has_surrogate(text: str) -> bool:
    """Return whether ``text`` holds a lone surrogate, which UTF-8 cannot express."""
    return any("\ud800" <= character <= "\udfff" for character in set(text))
