"""The command ``dev new``."""

from __future__ import annotations

from typing import Annotated

import typer

from nanogpt_rs.commands.console import out
from nanogpt_rs.commands.options import OneTask


def new(
    task: OneTask,
    idea: Annotated[
        str,
        typer.Argument(
            help="Name of the new implementation, after its data structure, such as sorted_groups."
        ),
    ],
    rust: Annotated[bool, typer.Option("--rust", help="Write it in Rust.")] = False,
    python: Annotated[bool, typer.Option("--python", help="Write it in Python.")] = False,
) -> None:
    """Begin an implementation in this checkout: its file, and every line that must name it.

    For example: nanogpt-rs dev new charset sorted_groups --python
    """
    from nanogpt_rs.measuring.selection import SelectionError, select
    from nanogpt_rs.workshop.scaffold import begin, checkout

    if rust == python:
        raise SelectionError("name one language: --rust or --python")
    select([task])  # raises if the task does not exist
    begun = begin(checkout(), task, idea, rust=rust)
    for file in begun.files:
        out.say_path(file)
    build = "make stubs build && " if rust else ""
    out.say(f"It begins as a copy of {begun.model}. Write your own code there, then run:")
    out.say_path(f"{build}nanogpt-rs verify {task} --id {begun.id}")
