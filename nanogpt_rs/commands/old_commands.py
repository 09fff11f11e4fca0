"""Names that commands had in version 0.1. They work in 0.2 and say what to type instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

RENAMED = {
    "corpora": "list corpora",
    "breakdown": "profile steps",
    "count": "profile instructions",
    "memory": "profile memory",
    "export": "show",
    "report": "show --format html",
    "prepare": "data prepare",
    "cost": "data cost",
    "train": "model train",
    "sample": "model sample",
    "division": "model race",
    "selftest": "doctor --self-test",
    "new": "dev new",
    "watch": "dev watch",
    "record": "dev record",
    "splice": "dev splice",
    "publish": "dev publish",
    "builds": "dev builds",
}
"""The new words for each command that changed nothing but its name."""
JOB = ("measure", "tokens", "predict", "-h", "--help")
"""The words that may follow ``job``, which was a command of its own."""


class New(NamedTuple):
    """What an old command line is now.

    Attributes:
        words: The words to run.
        message: What to tell the user.
    """

    words: tuple[str, ...]
    message: str


def renamed(words: Sequence[str]) -> New | None:
    """Return what a command line of version 0.1 is now; ``None`` if it is one of today.

    Args:
        words: The words after ``nanogpt-rs``, at least one.
    """
    name, *rest = words
    if name == "bench" and "--end-to-end" in rest:
        others = [word for word in rest if word != "--end-to-end"]
        return new("bench --end-to-end", "job measure", others)
    if name == "job" and rest and rest[0] not in JOB:
        return new("job", "job predict", rest)
    if name == "prepare" and (folder := without_option(rest, "--check")) is not None:
        return new("prepare --check", "data check", folder)
    if name == "prepare" and any(word.partition("=")[0] == "--rounds" for word in rest):
        return new("prepare --rounds", "data bench", rest)
    if name == "export" and not any(word.partition("=")[0] == "--format" for word in rest):
        return new("export", "show --format csv", rest)
    return new(name, RENAMED[name], rest) if name in RENAMED else None


def new(old: str, words: str, rest: Sequence[str]) -> New:
    """Return the new form of an old command.

    Args:
        old: The words that changed.
        words: The words that stand for them now.
        rest: The other words, which stay as they are.
    """
    message = f"`nanogpt-rs {old}` is now `nanogpt-rs {words}`; the old name works in 0.2 only"
    return New((*words.split(), *rest), message)


def without_option(words: Sequence[str], option: str) -> list[str] | None:
    """Return these words with an option's value in the option's place; ``None`` without it."""
    kept = [word.removeprefix(f"{option}=") for word in words if word != option]
    return None if kept == list(words) else kept
