"""The commands ``list implementations``, ``list tasks`` and ``list corpora``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nanogpt_rs.commands import layout
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
        from nanogpt_rs.commands import documents

        listed = tuple(
            documents.ListedImplementation(
                row.task,
                row.id,
                row.target,
                tuple(sorted(row.marks)),
                idea,
                reason,
                str(row.origin) if row.origin else None,
            )
            for row, reason, idea in zip(rows, reasons, ideas, strict=True)
        )
        print_json("list implementations", documents.Implementations(listed))
        return
    for task in dict.fromkeys(row.task for row in rows):
        marks = layout.prose("marks", under=0)
        columns = [layout.ids("implementation"), marks, layout.prose("idea", enough=48)]
        table = layout.Table(columns, TASKS[task].contract)
        for row, reason, idea in zip(rows, reasons, ideas, strict=True):
            if row.task == task:
                words = (f"n/a: {reason}" if reason else idea) + origin_words(row)
                table.add(row.id, " ".join(sorted(row.marks)), words)
        out.show(table)


def origin_words(row: Implementation) -> str:
    """Return words about the file of an implementation that is not ours, or nothing."""
    if row.origin is None:
        return ""
    return f" (foreign: {row.origin.name}, {row.origin.sha256[:12]})"


def tasks(sources: From = None, as_json: AsJson = False) -> None:
    """List the tasks, with the contract of each and how many implementations it has.

    For example: nanogpt-rs list tasks
    """
    from nanogpt_rs.ruler.registry import rows
    from nanogpt_rs.ruler.tasks import TASKS

    admit(sources)
    counts = Counter(row.task for row in rows())
    if as_json:
        from nanogpt_rs.commands import documents

        listed = tuple(
            documents.ListedTask(name, task.contract, task.by_default, counts[name])
            for name, task in TASKS.items()
        )
        print_json("list tasks", documents.Tasks(listed))
        return
    table = layout.Table(
        [
            layout.ids("task"),
            layout.prose("contract"),
            layout.figures("implementations"),
            layout.prose("runs by default"),
        ]
    )
    for name, task in TASKS.items():
        by_default = "yes" if task.by_default else ""
        table.add(name, task.contract, str(counts[name]), by_default)
    out.show(table)


def corpora(as_json: AsJson = False) -> None:
    """List the corpora: the texts to measure on.

    For example: nanogpt-rs bench charset --corpus tinyshakespeare
    """
    from nanogpt_rs.ruler.corpora import CORPORA, golden_hashes

    if as_json:
        from nanogpt_rs.commands import documents

        hashes = golden_hashes()
        listed = tuple(
            documents.ListedCorpus(id, source.description, hashes[id])
            for id, source in CORPORA.items()
        )
        print_json("list corpora", documents.Corpora(listed))
        return
    table = layout.Table([layout.ids("corpus"), layout.prose("description")])
    for id, source in CORPORA.items():
        table.add(id, source.description)
    out.show(table)
