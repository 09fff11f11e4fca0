"""The Python API: compare two functions of a program, of a notebook or of a test."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nanogpt_rs.commands.comparison import lines_below, table_of
from nanogpt_rs.commands.layout import lines_of
from nanogpt_rs.measuring.anything import compare as compare_callables
from nanogpt_rs.measuring.comparing import Comparing, Step
from nanogpt_rs.measuring.readings import Choices, Reading, called_of, read_word
from nanogpt_rs.records.schema import Clock, Verdict
from nanogpt_rs.records.schema import Comparison as Recorded
from nanogpt_rs.ruler.callables import Description
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.statistics.faster import decided, needs_more

if TYPE_CHECKING:
    import pandas

    from nanogpt_rs.measuring.callables import Compared
    from nanogpt_rs.records.callables import Called
    from nanogpt_rs.records.schema import Cell

Thing = Callable[..., Any] | str
"""A function, or what ``nanogpt-rs compare`` takes: ``file.py:function``,
``package.module:function``, or a statement."""


class NotComparableError(UserError):
    """Two things cannot be compared; the message says why."""


class AnswersDifferError(NotComparableError):
    """The answers differ, or another fault of the second function shows; nothing was timed."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """Two functions compared. It prints as a table.

    Attributes:
        compared: All that was measured.
    """

    compared: Compared

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of the reference and of the other function."""
        return self.compared.adjusted

    @property
    def called(self) -> tuple[Called, ...]:
        """What was called, and what each takes alone."""
        return self.compared.called

    @property
    def comparison(self) -> Recorded:
        """The comparison as records keep it, with its controls and the spread of its processes."""
        return self.cells[1].against[0].comparison

    @property
    def verdict(self) -> Verdict:
        """What the measurements allow: faster, slower, equivalent, inconclusive or invalid."""
        return self.comparison.verdict

    @property
    def reason(self) -> str:
        """The reason for the verdict, in one sentence."""
        return self.comparison.reason

    @property
    def faster(self) -> bool:
        """Whether the second function is faster, beyond doubt and by more than the margin."""
        return self.verdict == "faster"

    @property
    def ratio(self) -> float | None:
        """The first function's time over the second's; ``None`` where no clock can judge."""
        return self.comparison.ratio

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the ratio; it holds the true ratio in 95 % of comparisons."""
        return self.comparison.interval

    @property
    def clock(self) -> Clock:
        """The clock that the ratio was read from."""
        return self.comparison.clock

    @property
    def seconds(self) -> tuple[float, float]:
        """Median seconds of one call of the first and of the second function."""
        first, second = (cell.seconds for cell in self.cells)
        assert first is not None
        assert second is not None
        return first, second

    def __str__(self) -> str:
        """Return the table, and the sentences below it."""
        table = lines_of(table_of(self.cells, self.called), None)
        return "\n".join((*(line.words for line in table), *lines_below(self.cells, self.called)))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the table as notebooks show it."""

        def row(words: Iterable[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(word)}</{tag}>" for word in words) + "</tr>"

        table = table_of(self.cells, self.called)
        head = row((column.head for column in table.columns), "th")
        rows = "".join(row(words, "td") for words in table.rows)
        below = "<br>".join(map(escape, lines_below(self.cells, self.called)))
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table><p>{below}</p>"

    def to_pandas(self) -> pandas.DataFrame:
        """Return a frame with a row for each function. It needs pandas."""
        import pandas

        rows = []
        for cell, one in zip(self.cells, self.called, strict=True):
            comparison = cell.against[0].comparison if cell.against else None
            low, high = (comparison and comparison.interval) or (None, None)
            rows.append(
                {
                    "function": cell.id,
                    "seconds": cell.seconds,
                    "verdict": comparison.verdict if comparison else "reference",
                    "ratio": comparison.ratio if comparison else 1.0,
                    "low": low,
                    "high": high,
                    "first_seconds": one.first_seconds,
                    "peak_bytes": one.peak,
                }
            )
        return pandas.DataFrame(rows)

    def save(self, results: Path | str = "results/local") -> Path:
        """Keep the comparison as a record, which ``nanogpt-rs show`` and the page can show.

        Args:
            results: Folder of results.

        Returns:
            The path of the file.
        """
        from nanogpt_rs.measuring.callables import keep

        return keep(self.compared, Path(results))


def compare(
    slow: Thing,
    fast: Thing,
    *args: Any,
    input: Thing | None = None,
    check: Thing | bool = True,
    setup: str = "",
    tolerance: float = 0.0,
    seconds: float | None = None,
    precise: bool = False,
    step: Step = lambda _: None,
) -> Comparison:
    """Find out whether a function is faster than another, and by how much.

    Fresh processes call both in paired rounds, in random order. The answers are compared first.
    Functions of a notebook or of the main program are sent there as they are; functions of modules
    are imported there.

    Args:
        slow: The reference.
        fast: The function that is compared with it.
        args: Arguments of both, which each process gets a copy of.
        input: Function that makes the arguments instead. A tuple is all of them, anything else the
            only one. If it yields several inputs, or draws from ``random`` or numpy, the answers
            are compared on several.
        check: Function ``check(answer, expected)`` that compares two answers: it returns whether
            they agree, or asserts it. ``True``: they must be of the same types and equal.
            ``False``: they are not compared.
        setup: Text that is run once before statements.
        tolerance: Relative difference up to which two floats count as the same.
        seconds: Seconds to measure at most (default: from the length of a call).
        precise: Whether to go on to the planned precision where a verdict is certain earlier.
        step: Called with a description of each step.

    Raises:
        AnswersDifferError: The answers differ; the message shows where.
        NotComparableError: A function cannot be sent to a fresh process, or the arguments are
            wrong.
        UserError: A function fails, or a word names nothing.
    """
    choices = Choices(setup, tolerance=tolerance, seconds=seconds, precise=precise)
    try:
        return Comparison(compared_things(slow, fast, args, input, check, choices, step))
    except UserError as error:
        if error.hint:
            error.add_note(f"hint: {error.hint}")
        raise


def assert_faster(
    fast: Thing,
    *args: Any,
    than: Thing,
    by: float = 1.0,
    inconclusive: Literal["fail", "skip"] = "fail",
    **options: Any,
) -> Comparison:
    """Assert that a function is faster than another, by a factor at least.

    It passes only where the whole interval of the ratio lies above ``by``, and fails where it lies
    below. Where it holds ``by``, more is measured, up to the planned precision. What is undecided
    even then is inconclusive.

    A function that is exactly ``by`` times as fast passes in at most 5 % of tests: in 2.5 % over
    all looks at the first measuring, and in 2.5 % at the second. It fails in as many.

    Args:
        fast: The function that must be faster.
        args: Arguments of both.
        than: The reference.
        by: Factor by which it must be faster.
        inconclusive: What an inconclusive comparison does: ``fail`` raises AssertionError,
            ``skip`` raises unittest.SkipTest, which pytest takes for a skip.
        options: As those of ``compare``.

    Raises:
        AssertionError: It is not; the message holds the table.
        AnswersDifferError: The answers differ.
    """
    if by <= 0 or inconclusive not in {"fail", "skip"}:
        raise NotComparableError(
            f"by={by!r}, inconclusive={inconclusive!r}",
            hint='by is above 0, and inconclusive is "fail" or "skip"',
        )
    found = compare(than, fast, *args, **options)
    if needs_more(found.comparison, by) and not options.get("precise"):
        found = compare(than, fast, *args, **{**options, "precise": True})
    decision = decided(found.comparison, by)
    if decision:
        return found
    name, reference = found.cells[1].id, found.cells[0].id
    if decision is False:
        raise AssertionError(f"{name} is not {by:g} times as fast as {reference}\n{found}")
    message = f"whether {name} is {by:g} times as fast as {reference} is not certain\n{found}"
    if inconclusive == "skip":
        from unittest import SkipTest

        raise SkipTest(message)
    raise AssertionError(message)


def compared_things(
    slow: Thing,
    fast: Thing,
    args: tuple[Any, ...],
    input: Thing | None,
    check: Thing | bool,
    choices: Choices,
    step: Step,
) -> Compared:
    """Return what was measured of two things that can be called; the arguments are ``compare``'s.

    Raises:
        UserError: They cannot be compared, or their answers differ.
    """
    if args and input is not None:
        raise NotComparableError("arguments and an input that makes them: give one of them")
    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-") as folder:
        sender = Sender(Path(folder))
        readings = [sender.reading(thing, choices.setup) for thing in (slow, fast)]
        made = sender.arguments(args) if args else sender.reading(input) if input else None
        by = sender.reading(check) if not isinstance(check, bool) else None
        how = by.name if by else "same" if check else "none"
        called = called_of(
            readings, input=made.name if made else None, check=how, tolerance=choices.tolerance
        )
        comparing = Comparing(
            {
                "callables": [reading.description for reading in readings],
                "input": made.description if made else None,
                "check": by.description if by else None,
                "compared": bool(check),
                "tolerance": choices.tolerance,
                "path": import_path(),
            },
            tuple(one.id for one in called),
            called,
            choices.seconds,
            choices.precise,
        )
        compared = compare_callables(comparing, step)
    wrong = next((cell for cell in compared.cells if cell.status != "right"), None)
    if wrong is not None:
        raise AnswersDifferError(f"{wrong.id}: {'; '.join(wrong.details)}")
    return compared


def import_path() -> list[str]:
    """Return the import path of this process, with the working folder spelled out."""
    return [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109 - a string is wanted


@dataclass
class Sender:
    """Writes objects of this process into files that fresh processes read.

    Attributes:
        folder: Folder of the files.
        count: Number of files so far.
    """

    folder: Path
    count: int = 0

    def reading(self, thing: Thing | bool, setup: str = "") -> Reading:
        """Return what a function or a word names.

        Raises:
            NotComparableError: A function cannot be sent.
            ReadingError: A word names nothing, or two things.
        """
        if isinstance(thing, str):
            return read_word(thing, Path.cwd(), setup)
        if not callable(thing):
            raise NotComparableError(
                f"{type(thing).__name__} objects cannot be called",
                hint="give a function, or a text that names one",
            )
        name = getattr(thing, "__qualname__", type(thing).__name__).rpartition(".<locals>.")[2]
        digest, description = self.send(thing, f"{name} cannot be sent to a fresh process")
        return Reading(description, name, digest, "an object of a program")

    def arguments(self, args: tuple[Any, ...]) -> Reading:
        """Return what makes copies of arguments.

        Raises:
            NotComparableError: They cannot be sent.
        """
        digest, description = self.send(args, "the arguments cannot be sent to a fresh process")
        return Reading(
            {**description, "setup": "arguments"}, "arguments", digest, "an object of a program"
        )

    def send(self, value: object, failure: str) -> tuple[str, Description]:
        """Write an object into a file, and return its SHA-256 and what workers are told.

        Raises:
            NotComparableError: It cannot be pickled; the message begins with ``failure``.
        """
        import cloudpickle

        try:
            with by_value(value):
                data = cloudpickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise NotComparableError(
                f"{failure}: {error}{culprit(value)}",
                hint="make such objects inside the function, or in an input function",
            ) from None
        self.count += 1
        path = self.folder / f"{self.count}.pickle"
        path.write_bytes(data)
        return hashlib.sha256(data).hexdigest(), {"kind": "pickle", "target": str(path)}


@contextmanager
def by_value(value: object) -> Iterator[None]:
    """Have a function sent as it is if a fresh process could not import its module.

    Such modules are those that a test runner has imported from files which are on no import path.
    """
    import cloudpickle

    name = getattr(value, "__module__", None) or "builtins"
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if name == "__main__" or module is None or file is None or importable(name, file):
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def importable(name: str, file: str) -> bool:
    """Return whether a fresh process would import this module from this file."""
    path: list[str] | None = import_path()
    spec = None
    names = name.split(".")
    for count in range(1, len(names) + 1):
        spec = PathFinder.find_spec(".".join(names[:count]), path)
        if spec is None:
            return False
        path = list(spec.submodule_search_locations or ())
    return spec is not None and spec.origin == file


def culprit(value: object) -> str:
    """Return which global or enclosing variable of a function cannot be sent, in words."""
    import inspect

    import cloudpickle

    if not inspect.isfunction(value):
        return ""
    used = inspect.getclosurevars(value)
    for kind, names in (("enclosing", used.nonlocals), ("global", used.globals)):
        for name, used_value in names.items():
            try:
                cloudpickle.dumps(used_value)
            except Exception:
                return f"; the {kind} variable {name!r} is a {type(used_value).__name__}"
    return ""
