"""The command ``new``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from nanogpt_rs.commands.console import NOTHING, USAGE, out, refusals, stop


def new(
    task: Annotated[str, typer.Argument(help="A task, such as charset.")],
    idea: Annotated[str, typer.Argument(help="What to call it, after its data structure.")],
    rust: Annotated[bool, typer.Option("--rust", help="In Rust.")] = False,
    python: Annotated[bool, typer.Option("--python", help="In Python.")] = False,
) -> None:
    """Begin an implementation in this checkout: its file, and each line that has to name it."""
    with refusals():
        from nanogpt_rs.measuring.selection import SelectionError, select
        from nanogpt_rs.workshop.scaffold import ScaffoldError, begin, checkout

        if rust == python:
            raise SelectionError("name one language: --rust or --python")
        select([task])  # exists
        try:
            root = checkout()
        except ScaffoldError as error:
            stop(NOTHING, str(error))
        try:
            begun = begin(root, task, idea, rust=rust)
        except ScaffoldError as error:
            stop(USAGE, str(error))
    for file in begun.files:
        out.print(escape(str(file)), soft_wrap=True)
    build = "make stubs build && " if rust else ""
    out.print(escape(f"A copy of {begun.model}; make it another, then:"), soft_wrap=True)
    out.print(escape(f"{build}nanogpt-rs verify {task} --id {begun.id}"), soft_wrap=True)
