"""Writes numbers the way people read them: in the terminal, in README and in exported tables.

The page has the same rules in ``nanogpt_rs/reporting/page/script/words.js``, and a test compares
the two on many numbers:

- A measured time has three significant digits, such as ``1.50 ms``.
- A ratio has three as well, and four where it is between 1 and 2, such as ``1.623``.
- An interval has the unit and the decimal places of the number that it is about, such as
  ``2.19 [2.00, 2.39]`` or ``3.29 ms [2.90, 3.69]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

Interval = tuple[float, float]
"""The lower and the upper bound of a number."""
Units = Sequence[tuple[str, float]]
"""Units and their sizes, the largest first."""
EXACT = Context(prec=800, rounding=ROUND_HALF_UP)
"""Rounds halves up, as a browser does, and knows every digit of any float."""
FINE_BELOW, FINE_FROM = 2.0, 0.1
"""A ratio below the one and from the other on has three decimal places."""
FAR = 1000.0
"""By how much a bound may exceed the number before the unit suits the bound rather than it."""


def rounded(number: float, significant: int) -> Decimal:
    """Return a number rounded to significant digits."""
    exact = Decimal(number)
    if not exact:
        return exact
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - significant + 1), context=EXACT)


def fixed(number: float | Decimal, places: int) -> str:
    """Return a number with decimal places and thousands separators, and never a minus zero."""
    words = f"{Decimal(number).quantize(Decimal(1).scaleb(-places), context=EXACT):,f}"
    return words.removeprefix("-") if not words.strip("-0.") else words


def significant_places(number: float, significant: int = 3) -> int:
    """Return how many decimal places give a number this many significant digits."""
    exact = rounded(number, significant)
    return max(0, significant - 1 - exact.adjusted()) if exact else 0


def significant(number: float, most: int = 3) -> str:
    """Return a number with so many significant digits, zeros at its end included."""
    return fixed(rounded(number, most), significant_places(number, most))


def unit_of(number: float, units: Units) -> tuple[str, float]:
    """Return the first of these units that a number reaches, or the last."""
    # Rounded first, or 999.7 ms would become 1,000 ms.
    size = abs(float(rounded(number, 3)))
    return next((pair for pair in units if size >= pair[1]), units[-1])


DURATIONS: Units = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
"""Units of a measured time and their seconds."""


def duration(seconds: float, interval: Interval | None = None) -> str:
    """Return a time in a unit that suits its size, such as ``1.50 ms``.

    Args:
        seconds: The time.
        interval: Its bounds, which are shown in its unit: ``1.50 ms [1.46, 1.53]``.
    """
    return with_interval(seconds, interval, DURATIONS)


def with_interval(number: float, interval: Interval | None, units: Units, most: int = 3) -> str:
    """Return a number and its interval in one unit, such as ``3.29 ms [2.90, 3.69]``.

    The bounds have the decimal places of the number. Where a bound is more than a thousand times
    as large as the number, unit and decimal places suit the bound.

    Args:
        number: The number, in units of the size 1.
        interval: Its bounds, if it has any.
        units: The units.
        most: Significant digits of the number.
    """
    if interval is None:
        unit, scale = unit_of(number, units)
        return f"{significant(number / scale, most)} {unit}"
    size = max(abs(number), *(abs(bound) / FAR for bound in interval))
    unit, scale = unit_of(size, units)
    places = significant_places(size / scale, most)
    bounds = ", ".join(fixed(bound / scale, places) for bound in interval)
    return f"{fixed(number / scale, places)} {unit} [{bounds}]"


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
    """Return a range of times, such as ``1.50 to 2.00 ms``, with one unit if both have the same."""
    first, last = duration(shortest), duration(longest)
    number, _, unit = first.partition(" ")
    return f"{number if last.endswith(f' {unit}') else first} to {last}"


def rate(per_second: float) -> str:
    """Return a number per second with a prefix that suits its size, such as ``18.2 G``."""
    prefixes = (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0))
    return with_interval(per_second, None, prefixes).rstrip()


def digits(number: float, most: int = 3) -> str:
    """Return a number to this many significant digits, without an exponent or zeros at its end."""
    words = significant(number, most)
    return words.rstrip("0").rstrip(".") if "." in words else words


def ratio_places(ratio: float) -> int:
    """Return how many decimal places a ratio has: three from 0.1 up to 2, else three digits."""
    size = abs(float(rounded(ratio, 3)))
    if size == 0 or FINE_FROM <= size < FINE_BELOW:
        return 3
    return significant_places(size)


def times(ratio: float, interval: Interval | None = None) -> str:
    """Return a ratio with as many digits as a reader needs.

    Args:
        ratio: The ratio.
        interval: Its bounds, which have its decimal places: ``2.19 [2.00, 2.39]``.
    """
    places = ratio_places(ratio)
    words = fixed(ratio, places)
    if interval is None:
        return words
    return "{} [{}, {}]".format(words, *(fixed(bound, places) for bound in interval))


def percent(share: float, interval: Interval | None = None) -> str:
    """Return a share in per cent, to two digits, such as ``0.31 % [0.29, 0.33]``.

    Args:
        share: The share.
        interval: Its bounds, which have its decimal places.
    """
    return with_interval(share, interval, [("%", 0.01)], 2)


def share(number: float | None) -> str:
    """Return a share in per cent, or ``unknown`` where this system does not report it."""
    return "unknown" if number is None else f"{number:.1%}"


SIZES: Units = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0))
"""Units of a size and their bytes, the largest first."""
TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
"""Units of a time and their seconds."""
FEW = 2
"""Number of minutes or hours below which a smaller unit says it better."""


def size_in_words(size: float) -> str:
    """Return a number of bytes in a unit that suits its size, such as ``1.12 MB``."""
    unit, scale = unit_of(size, SIZES)
    return f"{digits(size / scale)} {unit}"


def seconds_in_words(seconds: float, interval: Interval | None = None) -> str:
    """Return a time of any length in a unit that suits it, such as ``2.5 h`` or ``20 ms``.

    It may be a time that the user gave, and has no zeros at its end, unless it has an interval.

    Args:
        seconds: The time.
        interval: Its bounds, which are shown in its unit.
    """
    longest = max(abs(seconds), *(abs(bound) / FAR for bound in interval or (0.0,)))
    long = [(unit, TIMES[unit]) for unit in ("h", "min") if longest >= FEW * TIMES[unit]]
    units = long[:1] or [(unit, TIMES[unit]) for unit in ("s", "ms", "us")]
    if interval is not None:
        return with_interval(seconds, interval, units)
    unit, scale = unit_of(seconds, units)
    return f"{digits(seconds / scale)} {unit}"


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
