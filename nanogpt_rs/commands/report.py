"""The command ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from nanogpt_rs.commands.console import RESULTS, Results, damage, out
from nanogpt_rs.commands.pages import PAGE, newest_of_each, write_page


def report(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of records.", show_default="the newest run of each command"),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The file to write.", show_default=f"{PAGE} in the folder for results"
        ),
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Write the comparison page about recorded runs: one HTML file, which needs no network.

    For example: nanogpt-rs report --out page.html
    """
    target = to or results / PAGE
    with damage():
        write_page(target, files or newest_of_each(results))
    out.print(escape(str(target)), soft_wrap=True)
