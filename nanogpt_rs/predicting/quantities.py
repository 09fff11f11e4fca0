"""Sizes and times as users type them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from nanogpt_rs.ruler.errors import USAGE, UserError
from nanogpt_rs.words import TIMES

NUMBER_AND_UNIT = r"\s*([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)\s*([A-Za-z]*)\s*"


class QuantityError(UserError):
    """A user typed something that is not a size, time or speed; the message gives examples."""

    exit_status = USAGE


def parse_size(text: str) -> float:
    """Return a size such as ``100GB``, ``1.1 MB`` or ``64MiB`` in bytes.

    Raises:
        QuantityError: The text is not a size, or the size is not above 0.
    """
    return parse(text, bytes_of, "a size", "100GB, 1.1MB or 64MiB")


def parse_time(text: str) -> float:
    """Return a time such as ``20ms``, ``1.5s`` or ``300us`` in seconds.

    Raises:
        QuantityError: The text is not a time, or the time is not above 0.
    """
    return parse(text, TIMES.__getitem__, "a time", "20ms, 1.5s or 300us")


def parse_speed(text: str) -> float:
    """Return a speed such as ``2GB/s`` in bytes per second.

    Raises:
        QuantityError: The text is not a speed, or the speed is not above 0.
    """
    if not text.endswith("/s"):
        raise QuantityError(f"{text!r} is not a speed, such as 2GB/s")
    return parse_size(text.removesuffix("/s"))


def parse(text: str, scale_of: Callable[[str], float], kind: str, examples: str) -> float:
    """Return a number with a unit, in the base unit.

    Args:
        text: The number and its unit.
        scale_of: Function from a unit to its size in the base unit; it raises ``KeyError`` for
            anything else.
        kind: What the text should be, for the error message.
        examples: Examples of it, for the error message.

    Raises:
        QuantityError: The text is not such a number, or the number is not above 0.
    """
    match = re.fullmatch(NUMBER_AND_UNIT, text)
    try:
        if match is None:
            raise KeyError(text)
        value = float(match[1]) * scale_of(match[2])
    except KeyError:
        raise QuantityError(f"{text!r} is not {kind}, such as {examples}") from None
    if not 0 < value < math.inf:
        raise QuantityError(f"{text!r} is not {kind} above 0, such as {examples}")
    return value


def bytes_of(unit: str) -> float:
    """Return the size of a unit in bytes; a number without a unit is in bytes.

    Raises:
        KeyError: There is no such unit.
    """
    from pydantic import ByteSize, TypeAdapter, ValidationError

    # Only the unit is left to pydantic: it ignores what follows it, and takes no exponent.
    try:
        return TypeAdapter(ByteSize).validate_python(f"1{unit}")
    except ValidationError:
        raise KeyError(unit) from None
