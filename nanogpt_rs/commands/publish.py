"""The command ``dev publish``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nanogpt_rs.commands.console import err, out
from nanogpt_rs.commands.options import Recorded


def publish(
    folder: Annotated[Path, typer.Argument(help="The folder to write the site to.")] = Path(
        "public"
    ),
    results: Recorded = Path("results"),
) -> None:
    """Write a static site of all recorded results: our page, asv's site and pytest-benchmark's.

    For example: nanogpt-rs dev publish public
    """
    from nanogpt_rs.reporting.publish import publish as write_site

    missing_parts = write_site(results, folder)
    for part in missing_parts:
        err.say(f"nanogpt-rs: {part}")
    out.say_path(folder / "index.html")
