"""Writes numbers the way people read them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def duration(seconds: float) -> str:
    """Return a time in a unit that suits its size, such as ``1.5 ms``."""
    return in_unit(seconds, (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)))


def builds_in_words(count: int, seconds: tuple[float, float] | None) -> str:
    """Return ``one build``, or what a call took in the fastest and in the slowest of several.

    Args:
        count: Number of builds.
        seconds: Median seconds of one call in the fastest and in the slowest build, if known.
    """
    if seconds is None:
        return counted_builds(count, count)
    return f"{duration_range(*seconds)} in {count} builds"


def counted_builds(least: int, most: int, profile: str = "") -> str:
    """Return a number of builds or its range: ``one build``, ``8 to 16 release builds``."""
    number = "one" if most == 1 else str(most) if least == most else f"{least} to {most}"
    noun = "build" if most == 1 else "builds"
    return " ".join(filter(None, (number, profile, noun)))


def duration_range(shortest: float, longest: float) -> str:
    """Return a range of times, such as ``1.5 to 2 ms``, with one unit where both have the same."""
    first, last = duration(shortest), duration(longest)
    number, _, unit = first.partition(" ")
    return f"{number if last.endswith(f' {unit}') else first} to {last}"


def rate(per_second: float) -> str:
    """Return a number per second with a prefix that suits its size, such as ``18.2 G``."""
    return in_unit(per_second, (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0))).rstrip()


def in_unit(number: float, units: Sequence[tuple[str, float]]) -> str:
    """Return a number to three digits, in the first of these units that it reaches.

    A number that reaches none of them is given in the last.
    """
    number = float(f"{number:.3g}")  # rounded first, or 999.7 ms would become 1,000 ms
    unit, scale = next((pair for pair in units if abs(number) >= pair[1]), units[-1])
    return f"{digits(number / scale)} {unit}"


def digits(number: float, most: int = 3) -> str:
    """Return a number to this many significant digits, without an exponent."""
    return f"{Decimal(f'{number:.{most}g}'):,f}"


def times(ratio: float) -> str:
    """Return a ratio with as many digits as a reader needs."""
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.3g}" if ratio >= 2 else f"{ratio:.3f}"


def share(number: float | None) -> str:
    """Return a share in per cent, or ``unknown`` where this system does not report it."""
    return "unknown" if number is None else f"{number:.1%}"


SIZES = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0))
"""Units of a size and their bytes, the largest first."""
TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
"""Units of a time and their seconds."""
FEW = 2
"""Number of minutes or hours below which a smaller unit says it better."""


def size_in_words(size: float) -> str:
    """Return a number of bytes in a unit that suits its size, such as ``1.12 MB``."""
    return in_unit(size, SIZES)


def seconds_in_words(seconds: float) -> str:
    """Return a time of any length in a unit that suits it, such as ``2.5 h`` or ``20 ms``."""
    for unit in ("h", "min"):
        if abs(seconds) >= FEW * TIMES[unit]:
            return f"{digits(seconds / TIMES[unit])} {unit}"
    return in_unit(seconds, [(unit, TIMES[unit]) for unit in ("s", "ms", "us")])


def meanwhile_line(
    seconds: float, load: tuple[float, float] | None, steal: float | None, busy: float | None
) -> str:
    """Return a sentence about how busy the machine was during a run.

    The arguments are the fields of ``nanogpt_rs.records.schema.Meanwhile``.
    """
    load_words = "unknown" if load is None else "{:.2f} to {:.2f}".format(*load)
    return (
        f"{seconds:.0f} s; load {load_words}, steal {share(steal)}, processors busy {share(busy)}."
    )
