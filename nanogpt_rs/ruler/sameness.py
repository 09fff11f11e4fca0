"""Whether two answers are the same: the same types, and the same content all the way down.

Equality alone is not enough. An object may call itself equal to everything, or compute only when
it is compared. So the types must be the same, and containers are compared item by item.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from nanogpt_rs.ruler.excerpts import excerpt, shown
from nanogpt_rs.ruler.plurals import counted

DEEPEST = 200
"""Levels of nested containers that are compared."""
PLAIN = {bool, int, str, bytes, float, type(None)}
"""Types whose own equality can be trusted, and is fast."""


def unread(answer: Any) -> str | None:
    """Return what an answer is that has computed nothing yet; ``None`` for any other.

    Such an answer would be timed without its work.
    """
    kind = type(answer)
    if isinstance(answer, Iterator) or hasattr(kind, "__await__") or hasattr(kind, "__anext__"):
        return f"a {kind.__name__}, which computes nothing before it is read: make a list of it"
    if hasattr(kind, "__dask_graph__") or kind.__name__ in {"LazyFrame", "LazyGroupBy"}:
        return f"a {kind.__name__}, which computes nothing before it is collected"
    return None


def difference(answer: Any, expected: Any, tolerance: float = 0.0, depth: int = 0) -> str | None:
    """Describe the first difference of an answer from the right one; ``None`` if there is none.

    Args:
        answer: The answer.
        expected: The right answer.
        tolerance: Relative difference up to which two floats count as the same.
        depth: Number of containers around them.
    """
    kind = type(expected)
    if type(answer) is not kind:
        return f"{excerpt(answer)} is {named(answer)}, not {named(expected)}"
    if depth > DEEPEST:
        return f"more than {DEEPEST} nested containers, which are not compared"
    if kind.__module__ == "numpy" and hasattr(kind, "dtype"):
        return array_difference(answer, expected, tolerance)
    return COMPARED.get(kind, plain_difference)(answer, expected, tolerance, depth)


def plain_difference(answer: Any, expected: Any, _tolerance: float, _depth: int) -> str | None:
    """Compare two objects as their type compares them."""
    kind = type(expected)
    try:
        if hasattr(kind, "equals"):  # the frames and series of pandas and polars
            return None if answer.equals(expected) is True else first_lines(answer, expected)
        if bool(answer == expected):
            return None
    except Exception as error:
        return f"{kind.__name__} objects cannot be compared: {shown(error)}"
    own_equality: Any = kind.__eq__
    if own_equality is object.__eq__:
        return (
            f"{kind.__name__} objects equal nothing but themselves, so answers of this type cannot "
            "be compared"
        )
    return f"{excerpt(answer)}, not {excerpt(expected)}"


def named(value: Any) -> str:
    """Return the name of an object's type, with its module where that is not Python's own."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def float_difference(
    answer: complex, expected: complex, tolerance: float, _depth: int
) -> str | None:
    """Compare two numbers; NaN is the same as NaN."""
    if answer == expected or (answer != answer and expected != expected):  # noqa: PLR0124 - NaN
        return None
    size = max(abs(answer), abs(expected))
    away = abs(answer - expected) / size if math.isfinite(size) else math.inf
    if away <= tolerance:
        return None
    return f"{answer!r}, not {expected!r}, a relative difference of {away:.1e}"


def sequence_difference(answer: Any, expected: Any, tolerance: float, depth: int) -> str | None:
    """Compare lengths, then each item."""
    if len(answer) != len(expected):
        return f"{len(answer)} items, not {len(expected)}"
    types = set(map(type, expected))
    plain = len(types) == 1 and types <= PLAIN and types == set(map(type, answer))
    if plain and answer == expected:
        return None
    for place, (one, other) in enumerate(zip(answer, expected, strict=True)):
        if one is other:
            continue
        if found := difference(one, other, tolerance, depth + 1):
            return f"at position {place}: {found}"
    return None


def dict_difference(
    answer: dict[Any, Any], expected: dict[Any, Any], tolerance: float, depth: int
) -> str | None:
    """Compare keys, then the values; the order of the keys does not matter."""
    if found := set_difference(set(answer), set(expected), tolerance, depth):
        return f"of the keys: {found}"
    for key, value in expected.items():
        if found := difference(answer[key], value, tolerance, depth + 1):
            return f"at key {excerpt(key)}: {found}"
    return None


def set_difference(answer: Any, expected: Any, _tolerance: float, _depth: int) -> str | None:
    """Compare what is missing and what is too much, then the types of equal items."""
    types = ({named(item) for item in items} for items in (answer, expected))
    theirs, right = (", ".join(sorted(names)) for names in types)
    if theirs != right and answer and expected:
        return f"items of type {theirs}, not {right}"
    if missing := expected - answer:
        return f"{excerpt(smallest(missing))} is missing ({len(missing)} in all)"
    if more := answer - expected:
        return f"{excerpt(smallest(more))} is too much ({len(more)} in all)"
    kinds = {item: type(item) for item in expected}
    for item in answer:
        if type(item) is not kinds[item]:
            return f"{excerpt(item)} is {named(item)}, not {kinds[item].__name__}"
    return None


def smallest(items: Any) -> Any:
    """Return the item with the shortest text, so that a message shows the same one each time."""
    return min(items, key=lambda item: (len(repr(item)), repr(item)))


def array_difference(answer: Any, expected: Any, tolerance: float) -> str | None:
    """Compare dtype, shape, and each element of two numpy arrays or scalars."""
    import numpy

    if answer.dtype != expected.dtype or answer.shape != expected.shape:
        return f"{answer.dtype} of shape {answer.shape}, not {expected.dtype} of {expected.shape}"
    if answer.dtype.hasobject:
        return difference(answer.tolist(), expected.tolist(), tolerance)
    inexact = answer.dtype.kind in "fc"
    same = numpy.array_equal(answer, expected, equal_nan=inexact)
    if not same and inexact and tolerance:
        same = numpy.allclose(answer, expected, rtol=tolerance, atol=0, equal_nan=True)
    if same:
        return None
    apart = answer != expected
    if inexact:
        apart &= ~(numpy.isnan(answer) & numpy.isnan(expected))
    place = tuple(map(int, numpy.argwhere(numpy.atleast_1d(apart))[0]))
    one, other = numpy.atleast_1d(answer)[place], numpy.atleast_1d(expected)[place]
    found = difference(one.item(), other.item(), tolerance)
    return f"at {list(place)}: {found} ({int(numpy.sum(apart)):,} elements differ)"


def text_difference(answer: Any, expected: Any, _tolerance: float, _depth: int) -> str | None:
    """Compare two texts, and show a little around the first place where they differ."""
    if answer == expected:
        return None
    if len(answer) != len(expected) and expected.startswith(answer[: len(expected)]):
        return f"{counted(len(answer), 'character')}, not {len(expected):,}"
    place = next(
        (
            index
            for index, pair in enumerate(zip(answer, expected, strict=False))
            if pair[0] != pair[1]
        ),
        min(len(answer), len(expected)),
    )
    around = slice(max(0, place - 10), place + 20)
    return f"at position {place}: {excerpt(answer[around])}, not {excerpt(expected[around])}"


def first_lines(answer: Any, expected: Any) -> str:
    """Return the first line in which the texts of two frames differ."""
    for one, other in zip(str(answer).splitlines(), str(expected).splitlines(), strict=False):
        if one != other:
            return f"{excerpt(one)}, not {excerpt(other)}"
    return f"the {type(expected).__name__} objects differ"


def shared(first: Any, second: Any) -> bool:
    """Return whether two answers are one object that can be changed, or share their memory."""
    if type(first).__module__ == "numpy" and hasattr(first, "__array_interface__"):
        import numpy

        return bool(numpy.shares_memory(first, second))
    return first is second and isinstance(first, list | dict | set | bytearray)


COMPARED: dict[type, Callable[[Any, Any, float, int], str | None]] = {
    float: float_difference,
    complex: float_difference,
    list: sequence_difference,
    tuple: sequence_difference,
    dict: dict_difference,
    set: set_difference,
    frozenset: set_difference,
    str: text_difference,
    bytes: text_difference,
    bytearray: text_difference,
}
"""How answers of built-in types are compared."""
