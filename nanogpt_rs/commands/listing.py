"""What there is: implementations, corpora, and what this machine lacks; and whether it is right."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    AsJson,
    Corpora,
    From,
    Ids,
    admit,
    counted_progress,
    out,
    print_json,
    refusals,
    stop,
)

if TYPE_CHECKING:
    from nanogpt_rs.ruler.registry import Implementation
    from nanogpt_rs.ruler.verification import Proof

AllTasks = Annotated[list[str] | None, typer.Argument(help="Tasks to take; all if none is named.")]


def list_(
    tasks: AllTasks = None, ids: Ids = None, sources: From = None, as_json: AsJson = False
) -> None:
    """Show what is registered, what is available here, and why the rest is not."""
    with refusals():
        from nanogpt_rs.measuring.selection import lacking, select
        from nanogpt_rs.reporting.ideas import idea_of
        from nanogpt_rs.ruler.provenance import check_packages
        from nanogpt_rs.ruler.tasks import TASKS

        admit(sources)
        rows = select(tasks or (), ids or (), everything=True)
        check_packages()
        reasons = [lacking(row) for row in rows]
        ideas = ["" if lacks else idea_of(row) for row, lacks in zip(rows, reasons, strict=True)]
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
        table = Table(
            "implementation",
            "marks",
            "idea",
            title=escape(TASKS[task].contract),
            title_justify="left",
        )
        for row, reason, idea in zip(rows, reasons, ideas, strict=True):
            if row.task == task:
                table.add_row(
                    row.id,
                    " ".join(sorted(row.marks)),
                    escape(f"n/a: {reason}" if reason else idea) + whose(row),
                )
        out.print(table)


def whose(row: Implementation) -> str:
    """Return for the table whose an implementation is, if it is not ours."""
    return (
        f"\n[dim]foreign: {escape(row.origin.name)}, {row.origin.sha256[:12]}[/]"
        if row.origin
        else ""
    )


def list_corpora(as_json: AsJson = False) -> None:
    """Show the texts that there are to measure on."""
    from nanogpt_rs.ruler.corpora import CORPORA, golden_hashes

    if as_json:
        print_json(
            [
                {"id": id, "description": source.description, "sha256": golden_hashes()[id]}
                for id, source in CORPORA.items()
            ]
        )
        return
    table = Table("corpus", "what it is")
    for id, source in CORPORA.items():
        table.add_row(id, escape(source.description))
    out.print(table)


def verify(
    tasks: AllTasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    sources: From = None,
    as_json: AsJson = False,
) -> None:
    """Prove every implementation right: against its oracle, on edge cases, on inputs to refuse."""
    with refusals():
        from nanogpt_rs.measuring.selection import calls_rust, load_corpora, select
        from nanogpt_rs.ruler.provenance import check_current, check_packages
        from nanogpt_rs.ruler.verification import verify_apart

        admit(sources)
        rows = select(tasks or (), ids or (), everything=True)
        check_packages()
        if any(map(calls_rust, rows)):
            check_current()  # what is proved right shall be what stands in the editor
        names = corpus or ["synthetic"]
        load_corpora(names)  # one that cannot be had is refused here, once
        verdicts: list[Proof] = []
        with counted_progress() as advance:
            for name in names:
                for row in rows:
                    advance(f"verify {row.task} {row.id}", len(verdicts), len(rows) * len(names))
                    verdicts.append(verify_apart(row, name))
    if as_json:
        print_json([asdict(verdict) for verdict in verdicts])
    else:
        table = Table("task", "implementation", "corpus", "verdict")
        for verdict in verdicts:
            words = "\n".join((verdict.status, *verdict.details))
            table.add_row(verdict.task, verdict.id, escape(verdict.corpus), escape(words))
        out.print(table)
    if any(verdict.status == "wrong" for verdict in verdicts):
        sys.exit(FAILED)
    if all(verdict.status == "n/a" for verdict in verdicts):
        stop(NOTHING, "nothing could be verified here")


def doctor(as_json: AsJson = False) -> None:
    """Look at what measurements depend on: the machine, the build, what is missing and its cost."""
    from nanogpt_rs.workshop.doctor import examine

    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = Table("", "topic")
        for column in ("found", "what it costs, and the cure"):
            table.add_column(column, overflow="fold")
        for finding in findings:
            mark = {True: "[green]ok[/]", False: "[yellow]![/]", None: ""}[finding.good]
            table.add_row(mark, finding.topic, escape(finding.found), escape(finding.cost))
        out.print(table)
    if any(finding.good is False and finding.topic == "Rust module" for finding in findings):
        sys.exit(NOTHING)
