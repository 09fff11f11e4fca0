"""The commands ``list implementations``, ``list tasks`` and ``list corpora``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import admit, out, print_json
from nanogpt_rs.commands.options import AllTasks, AsJson, From, Ids
from nanogpt_rs.ruler.provenance import check_packages

if TYPE_CHECKING:
    from nanogpt_rs.ruler.registry import Implementation


def implementations(
    tasks: AllTasks = None, ids: Ids = None, sources: From = None, as_json: AsJson = False
) -> None:
    """List the implementations, with the idea of each, or the reason why it cannot run here.

    For example: nanogpt-rs list charset
    """
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


def tasks(sources: From = None, as_json: AsJson = False) -> None:
    """List the tasks, with the contract of each and how many implementations it has.

    For example: nanogpt-rs list tasks
    """
    from nanogpt_rs.ruler.registry import rows
    from nanogpt_rs.ruler.tasks import TASKS

    admit(sources)
    counts = Counter(row.task for row in rows())
    documents = [
        {
            "task": name,
            "contract": task.contract,
            "by_default": task.by_default,
            "implementations": counts[name],
        }
        for name, task in TASKS.items()
    ]
    if as_json:
        print_json(documents)
        return
    table = Table("task", "contract", "implementations", "runs by default")
    for document in documents:
        by_default = "yes" if document["by_default"] else ""
        count = str(document["implementations"])
        contract = escape(str(document["contract"]))
        table.add_row(str(document["task"]), contract, count, by_default)
    out.print(table)


def corpora(as_json: AsJson = False) -> None:
    """List the corpora: the texts to measure on.

    For example: nanogpt-rs bench charset --corpus tinyshakespeare
    """
    from nanogpt_rs.ruler.corpora import CORPORA, golden_hashes

    if as_json:
        print_json(
            [
                {"id": id, "description": source.description, "sha256": golden_hashes()[id]}
                for id, source in CORPORA.items()
            ]
        )
        return
    table = Table("corpus", "description")
    for id, source in CORPORA.items():
        table.add_row(id, escape(source.description))
    out.print(table)
