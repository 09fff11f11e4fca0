"""Command lines as the program parses them, without running them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import typer

from nanogpt_rs.cli import app
from nanogpt_rs.commands.tree import Command


def root() -> Any:
    """Return the command ``nanogpt-rs``."""
    return typer.main.get_command(app)


def parsed(words: Sequence[str]) -> Any:
    """Return the context of the command that these words after ``nanogpt-rs`` would run.

    Raises:
        Exception: A word is wrong or missing; the message says which.
        SystemExit: The command refuses the words, or they ask for help.
    """
    command = root()
    context = command.make_context("nanogpt-rs", list(words))
    while hasattr(context.command, "commands"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return context


def name_of(context: Any) -> str:
    """Return the names of a command and of its groups, such as ``profile steps``."""
    names = []
    while context.parent is not None:
        names.append(context.info_name)
        context = context.parent
    return " ".join(reversed(names))


def commands() -> Iterator[tuple[str, Any]]:
    """Yield the name and the imported command of each command, such as ``profile steps``."""
    for name, command in root().commands.items():
        if isinstance(command, Command):
            yield name, command.load()
        else:
            for inner, each in command.commands.items():
                yield f"{name} {inner}", each.load()
