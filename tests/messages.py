"""Reads what a command says on standard error when it refuses or fails."""

from __future__ import annotations

import re
from typing import NamedTuple


class Message(NamedTuple):
    """What a command said: the message, and the hint, which may be empty."""

    text: str
    hint: str


def only_message(stderr: str) -> Message:
    """Return the one message that standard error holds, with its hint, and nothing else."""
    parts = re.fullmatch(r"nanogpt-rs: (?P<text>.+)\n(?:hint: (?P<hint>.+)\n)?", stderr)
    assert parts, stderr
    return Message(parts["text"], parts["hint"] or "")
