"""The command ``dev builds``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import out, print_json
from nanogpt_rs.commands.options import AsJson

MEGABYTE = 1e6


def builds(
    clear: Annotated[
        bool,
        typer.Option("--clear", help="Remove all kept builds, and what was compiled for them."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the builds of the Rust module that are kept for measuring, or remove them.

    Builds of the same sources differ in where code lies in memory. bench, compare and diff measure
    in several of them, so that verdicts hold after a rebuild. Once all together take more than 2
    GiB, those that were used longest ago are removed automatically.

    For example: nanogpt-rs dev builds --clear
    """
    from nanogpt_rs.measuring import builds as kept

    if clear:
        freed = kept.clear()
        if as_json:
            print_json({"freed_bytes": freed})
        else:
            out.say(f"removed {freed / MEGABYTE:,.0f} MB")
        return
    rows = list(kept.kept_builds())
    if as_json:
        print_json([{**asdict(row), "folder": row.folder.name} for row in rows])
        return
    figures = map(layout.figures, ("builds", "MB"))
    columns = [layout.ids("sources"), *figures, layout.Column("used last")]
    table = layout.Table(columns, f"builds in {kept.builds_home()}")
    for row in rows:
        used = datetime.fromtimestamp(row.used).astimezone()
        size = f"{row.bytes / MEGABYTE:,.0f}"
        table.add(row.sources, str(len(row.seeds)), size, f"{used:%Y-%m-%d %H:%M}")
    if rows:
        out.show(table)
    else:
        out.say("no builds are kept")
