"""Holds the answers of callables against the reference's, in a worker process, before any clock."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple, NotRequired, TypedDict

from nanogpt_rs.ruler import sameness
from nanogpt_rs.ruler.callables import (
    MOST_INPUTS,
    Description,
    Inputs,
    Loaded,
    LoadError,
    load,
    pickled,
)
from nanogpt_rs.ruler.excerpts import excerpt, shown
from nanogpt_rs.ruler.timing import marks
from nanogpt_rs.ruler.worker import NO_ARM

Difference = Callable[[Any, Any], str | None]
"""Describes how an answer differs from the right one; ``None`` if it does not."""
ENDS_PROCESS = (SystemExit, KeyboardInterrupt)


class Request(TypedDict):
    """What is called, on what, and how answers are compared.

    Attributes:
        callables: The callables, the reference first.
        input: What makes their arguments; ``None`` for calls without any.
        check: A function ``check(answer, expected)``; ``None`` for the comparison of this module.
        compared: Whether answers are compared at all.
        tolerance: Relative difference up to which two floats count as the same.
        told: Whether it is told how answers differ that are not compared, because each callable is
            a test that asserts for itself (default: no).
        path: The import path to load them with (default: the worker's own).
    """

    callables: Sequence[Description]
    input: Description | None
    check: Description | None
    compared: bool
    tolerance: float
    told: NotRequired[bool]
    path: NotRequired[Sequence[str]]


class Order(Request):
    """An order to compare answers.

    Attributes:
        mark: The path of the file whose byte says which callable is being called; ``run_worker``
            adds it.
    """

    mark: str


class Answer(TypedDict):
    """What was found.

    Attributes:
        problem: Why nothing can be compared at all: a fault of the reference, of the input or of
            the check. ``None`` if there is none.
        wrong: By index, in digits, what is wrong with a callable.
        differs: By index, in digits, how a callable's answer differs from the reference's, where
            that is only told.
        inputs: Number of inputs on which answers were compared.
        sha256: SHA-256 of the first input, pickled, in hexadecimal; ``None`` where it cannot be
            pickled.
        shown: The first input, shortened.
    """

    problem: str | None
    wrong: dict[str, str]
    differs: NotRequired[dict[str, str]]
    inputs: int
    sha256: str | None
    shown: str


class UnusableError(Exception):
    """Nothing can be compared; the message says why."""


def take_path(request: Request) -> None:
    """Give this process the import path that the request asks for."""
    if "path" in request:
        sys.path[:] = request["path"]


def answer(order: Order) -> Answer:
    """Compare the answers of all callables with the reference's, on each input twice."""
    take_path(order)
    mark = marks(order["mark"])
    found: Answer = {"problem": None, "wrong": {}, "inputs": 0, "sha256": None, "shown": ""}
    try:
        inputs = made_twice(order, found)
        difference = difference_of(order)
        mark[0] = 0
        reference = load_or_say(order["callables"][0])
        for index, description in enumerate(order["callables"][1:], 1):
            mark[0], wrong = index, None
            try:
                contender = load_or_say(description)
                if order.get("told"):
                    mark[0] = 0
                    told(called(reference, (), "the reference"), contender, index, mark, found)
                    continue
                for number, make in enumerate(inputs, 1):
                    mark[0] = 0
                    expected = expected_of(reference, make(), difference)
                    mark[0] = index
                    wrong = next(faults(contender, make(), expected, difference), None)
                    if wrong is not None and len(inputs) > 1:
                        wrong = f"on input {number} of {len(inputs)}: {wrong}"
                    if wrong is not None:
                        break
            except WrongError as error:
                wrong = str(error)
            if wrong:
                found["wrong"][str(index)] = wrong
    except UnusableError as error:
        found["problem"] = str(error)
    mark[0] = NO_ARM
    return found


def told(expected: Any, contender: Loaded, index: int, mark: Any, found: Answer) -> None:
    """Note how a callable's answer differs from the reference's.

    Args:
        expected: The reference's answer.
        contender: The callable.
        index: Its place.
        mark: Its byte is set to the callable's place.
        found: What was found so far.

    Raises:
        WrongError: The call failed.
    """
    mark[0] = index
    answer = called(contender, ())
    if differs := sameness.unread(answer) or sameness.difference(answer, expected):
        found.setdefault("differs", {})[str(index)] = differs


def load_or_say(description: Description) -> Loaded:
    """Load a callable.

    Raises:
        UnusableError: It cannot be loaded.
    """
    try:
        return load(description)
    except (Exception, *ENDS_PROCESS) as error:
        reason = str(error) if isinstance(error, LoadError) else f"raised {shown(error)}"
        where = "" if description["kind"] == "statement" else " while it was imported"
        where = "" if isinstance(error, LoadError) else where
        raise UnusableError(f"{name_of(description)}: {reason}{where}") from None


def name_of(description: Description) -> str:
    """Return a callable's name, without the path of the folder that its file is in."""
    if description["kind"] == "pickle":
        return "the function"
    if description["kind"] == "test":
        path, _, name = description["target"].partition("::")
        return f"{path.replace(chr(92), '/').rpartition('/')[2]}::{name}"
    if description["kind"] == "file":
        path, _, name = description["target"].rpartition(":")
        return f"{path.replace(chr(92), '/').rpartition('/')[2]}:{name}"
    return excerpt(description["target"])[1:-1]


class WrongError(Exception):
    """A callable is wrong; the message says how."""


def made_twice(order: Order, found: Answer) -> list[Callable[[], tuple[Any, ...]]]:
    """Return what makes each input on which answers are compared.

    Raises:
        UnusableError: The input cannot be made, or is another one each time.
    """
    description = order["input"]
    try:
        inputs = Inputs(description)
        first = inputs.arguments()
    except (Exception, *ENDS_PROCESS) as error:
        assert description is not None
        reason = str(error) if isinstance(error, LoadError) else f"raised {shown(error)}"
        raise UnusableError(f"the input, {name_of(description)}: {reason}") from None
    if description is None:
        found["inputs"] = 1
        return [lambda: ()]
    if first is None:
        raise UnusableError(f"the input, {name_of(description)}: it yields nothing")
    before = pickled(first)
    if before is not None and before != pickled(inputs.arguments()):
        raise UnusableError(
            f"the input, {name_of(description)}: it makes another input each time, although "
            "Python's and numpy's global generators were seeded; seed the one that it draws from"
        )
    contents = [before]
    makers = [lambda: arguments_of(inputs, 0)]
    for number in range(1, MOST_INPUTS):
        try:
            other = inputs.arguments(number)
        except Exception:
            break
        if other is None or (content := pickled(other)) is None or content in contents:
            break
        contents.append(content)
        makers.append(lambda number=number: arguments_of(inputs, number))  # type: ignore[misc]
    found["inputs"] = len(makers)
    found["sha256"] = None if before is None else sha256(before).hexdigest()
    found["shown"] = ", ".join(map(excerpt, first))[:200]
    return makers


def arguments_of(inputs: Inputs, number: int) -> tuple[Any, ...]:
    """Return the arguments of a number that there is."""
    arguments = inputs.arguments(number)
    assert arguments is not None
    return arguments


def difference_of(request: Request) -> Difference | None:
    """Return what compares two answers; ``None`` where none are compared.

    Raises:
        UnusableError: The check cannot be loaded.
    """
    if not request["compared"]:
        return None
    if request["check"] is None:
        tolerance = request["tolerance"]
        return lambda answer, expected: sameness.difference(answer, expected, tolerance)
    check, name = load_or_say(request["check"]).function, name_of(request["check"])

    def difference(answer: Any, expected: Any) -> str | None:
        try:
            passed = check(answer, expected)
        except AssertionError as error:
            return f"{name} refuses {excerpt(answer)}: {error or 'an assertion failed'}"
        except Exception as error:
            return f"{name} raised {shown(error)}"
        if passed is None or isinstance(passed, str):  # it asserts, or says what is wrong
            return passed or None
        return None if passed else f"{name} refuses {excerpt(answer)} for {excerpt(expected)}"

    return difference


class Expected(NamedTuple):
    """What is expected of an answer.

    Attributes:
        answer: The reference's answer.
        shared: Whether the reference gives the same object twice.
    """

    answer: Any
    shared: bool


def expected_of(
    reference: Loaded, arguments: tuple[Any, ...], difference: Difference | None
) -> Expected:
    """Return what the reference answers, called twice on the same arguments.

    Raises:
        UnusableError: It cannot be used.
    """
    before, names_before = pickled(arguments), contents(reference.names)
    first = called(reference, arguments, "the reference")
    if difference is None:
        return Expected(first, False)
    if reason := sameness.unread(first) or uncalled(reference, first):
        raise UnusableError(f"the reference gives {reason}")
    if pickled(arguments) != before or contents(reference.names) != names_before:
        raise UnusableError(
            "the reference changes its input, so that each later call would find another one; have "
            "it work on a copy"
        )
    second = called(reference, arguments, "the reference")
    if found := difference(second, first):
        raise UnusableError(f"the reference gives another answer when it is called again: {found}")
    return Expected(first, sameness.shared(first, second))


def contents(names: Mapping[str, Any]) -> dict[str, bytes | None]:
    """Return what a statement's setup has bound, as bytes."""
    return {
        name: pickled(value)
        for name, value in names.items()
        if not (name.startswith("__") or callable(value))
    }


def faults(
    contender: Loaded,
    arguments: tuple[Any, ...],
    expected: Expected,
    difference: Difference | None,
) -> Iterator[str]:
    """Yield what is wrong with a callable's answers to two calls on the same arguments.

    Args:
        contender: The callable.
        arguments: Its own arguments.
        expected: What is expected of its answers.
        difference: Compares two answers; ``None`` where none are compared.

    Raises:
        WrongError: A call failed.
    """
    before, names_before = pickled(arguments), contents(contender.names)
    first = called(contender, arguments)
    if difference is None:
        return
    if reason := sameness.unread(first) or uncalled(contender, first):
        yield f"gives {reason}"
    if found := difference(first, expected.answer):
        yield f"gives another answer: {found}"
    if pickled(arguments) != before or contents(contender.names) != names_before:
        yield "changes its input, so that each later call would find another one"
    second = called(contender, arguments)
    if found := difference(second, expected.answer):
        yield f"right at first, then wrong: {found}"
    if sameness.shared(first, second) and not expected.shared:
        yield "gives the same object twice: whoever changes one answer changes the other"
    if found := difference(first, expected.answer):
        yield f"the second call changed the first answer: {found}"


def uncalled(loaded: Loaded, answer: Any) -> str | None:
    """Return what a statement names without calling it; ``None`` for all others."""
    if loaded.loop is None or not callable(answer) or isinstance(answer, type):
        return None
    return (
        f"the function {getattr(answer, '__name__', '')} and does not call it: call it, or name it "
        "as module:function"
    )


def called(loaded: Loaded, arguments: tuple[Any, ...], who: str = "") -> Any:
    """Return a call's answer.

    Raises:
        UnusableError: The call of the reference failed.
        WrongError: Another call failed.
    """
    try:
        return loaded.function(*arguments)
    except (Exception, *ENDS_PROCESS) as error:
        hint = ""
        if isinstance(error, TypeError) and not arguments and "argument" in str(error):
            hint = ". Give it arguments with --input file.py:function"
        if who:
            raise UnusableError(f"{who} raised {shown(error)}{hint}") from None
        raise WrongError(f"raised {shown(error)}{hint}") from None
