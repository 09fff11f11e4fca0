"""Find out whether some Python is worth rewriting in Rust, and what the whole job gains.

``compare(slow, fast, *arguments)`` says with an interval whether one function is faster than
another. ``assert_faster`` is for tests. ``unique_characters`` is the post's function, in Rust.

Nothing but the standard library is imported until one of them is used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nanogpt_rs.api import (
        AnswersDifferError,
        Comparison,
        NotComparableError,
        assert_faster,
        compare,
    )
    from nanogpt_rs.magics import load_ipython_extension

    def unique_characters(text: str) -> set[str]:
        """Return the distinct characters of a text."""


__all__ = [
    "AnswersDifferError",
    "Comparison",
    "NotComparableError",
    "assert_faster",
    "compare",
    "load_ipython_extension",
    "unique_characters",
]
HOMES = {
    "AnswersDifferError": "nanogpt_rs.api",
    "Comparison": "nanogpt_rs.api",
    "NotComparableError": "nanogpt_rs.api",
    "assert_faster": "nanogpt_rs.api",
    "compare": "nanogpt_rs.api",
    "load_ipython_extension": "nanogpt_rs.magics",
}
"""Modules that what this package offers is imported from, when it is first used."""


def __getattr__(name: str) -> object:
    """Return something that the package offers, imported now."""
    if name == "unique_characters":
        from pkgutil import resolve_name

        return resolve_name("rust_impls:charset.char_hasher")
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the names of what the package offers."""
    return sorted({*globals(), *__all__})
