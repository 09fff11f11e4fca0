"""The noun that goes with a number of things."""

from __future__ import annotations


def plural(number: int, singular: str, several: str | None = None) -> str:
    """Return the noun that goes with a number of things: ``part`` or ``parts``.

    Args:
        number: Number of things.
        singular: The noun for one thing.
        several: The noun for several. ``None``: that for one, with s or es at its end.
    """
    ending = "es" if singular.endswith("s") else "s"
    return singular if number == 1 else several or singular + ending


def counted(number: int, singular: str, several: str | None = None) -> str:
    """Return a number of things, such as ``1 part`` or ``1,000 parts``; see ``plural``."""
    return f"{number:,} {plural(number, singular, several)}"
