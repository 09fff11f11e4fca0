"""What is said while something works, and is neither an answer nor an error."""

from __future__ import annotations

import sys
from collections.abc import Callable


def print_remark(message: str, hint: str | None = None) -> None:
    """Print a remark on standard error, and a line with a hint if there is one."""
    print(f"nanogpt-rs: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


_say: Callable[[str, str | None], None] = print_remark


def say(message: str, hint: str | None = None) -> None:
    """Say something on standard error, unless this process is to be quiet.

    Args:
        message: What is so, where, and why it matters.
        hint: What to type or to do about it.
    """
    _say(message, hint)


def say_by(speaker: Callable[[str, str | None], None]) -> None:
    """Have remarks said by this function from now on: commands know about ``--quiet``."""
    global _say  # noqa: PLW0603 - standard error, too, is one for the process
    _say = speaker


def be_quiet() -> None:
    """Say nothing from now on, in a worker process: the one that started it has said it."""
    say_by(lambda _message, _hint: None)
