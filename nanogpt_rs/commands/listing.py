"""The command ``list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    AllTasks,
    AsJson,
    From,
    Ids,
    admit,
    out,
    print_json,
    refusals,
)
from nanogpt_rs.ruler.provenance import check_packages

if TYPE_CHECKING:
    from nanogpt_rs.ruler.registry import Implementation


def list_(
    tasks: AllTasks = None, ids: Ids = None, sources: From = None, as_json: AsJson = False
) -> None:
    """List the implementations, with the idea of each, or the reason why it cannot run here.

    For example: nanogpt-rs list charset
    """
    with refusals():
        from nanogpt_rs.measuring.selection import lacking, select
        from nanogpt_rs.reporting.ideas import idea_of
        from nanogpt_rs.ruler.tasks import TASKS

        admit(sources)
        rows = select(tasks or (), ids or (), everything=True)
        check_packages()
        reasons = [lacking(row) for row in rows]
        ideas = ["" if reason else idea_of(row) for row, reason in zip(rows, reasons, strict=True)]
    if as_json:
        print_json(
            [
                {
                    "task": row.task,
                    "id": row.id,
                    "target": row.target,
                    "marks": sorted(row.marks),
                    "idea": idea,
                    "unavailable": reason,
                    "origin": str(row.origin) if row.origin else None,
                }
                for row, reason, idea in zip(rows, reasons, ideas, strict=True)
            ]
        )
        return
    for task in dict.fromkeys(row.task for row in rows):
        table = Table(title=escape(TASKS[task].contract), title_justify="left")
        for column in ("implementation", "marks", "idea"):
            table.add_column(column)
        for row, reason, idea in zip(rows, reasons, ideas, strict=True):
            if row.task == task:
                words = escape(f"n/a: {reason}" if reason else idea) + origin_line(row)
                table.add_row(row.id, " ".join(sorted(row.marks)), words)
        out.print(table)


def origin_line(row: Implementation) -> str:
    """Return a line about the file of an implementation that is not ours, or nothing."""
    if row.origin is None:
        return ""
    return f"\n[dim]foreign: {escape(row.origin.name)}, {row.origin.sha256[:12]}[/]"
