"""The command ``dev builds``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import out, print_json
from nanogpt_rs.commands.options import AsJson

if TYPE_CHECKING:
    from nanogpt_rs.commands.documents import ListedBuilds
    from nanogpt_rs.measuring.builds import KeptBuilds

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
    from nanogpt_rs.commands import documents
    from nanogpt_rs.measuring import builds as kept

    if clear:
        freed = kept.clear()
        if as_json:
            left = tuple(map(listed, kept.kept_builds()))
            print_json("dev builds", documents.Builds(left, freed))
        else:
            out.say(f"removed {freed / MEGABYTE:,.0f} MB")
        return
    rows = list(kept.kept_builds())
    if as_json:
        print_json("dev builds", documents.Builds(tuple(map(listed, rows))))
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


def listed(kept: KeptBuilds) -> ListedBuilds:
    """Return kept builds as the JSON document lists them."""
    from nanogpt_rs.commands.documents import ListedBuilds

    return ListedBuilds(kept.folder.name, kept.sources, kept.seeds, kept.bytes, kept.used)
