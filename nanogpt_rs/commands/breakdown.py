"""The command ``profile steps``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    Fault,
    admit,
    out,
    print_json,
    report_faults,
    timed_progress,
)
from nanogpt_rs.commands.options import (
    RESULTS,
    AsJson,
    From,
    OneCorpus,
    OneTask,
    Results,
    complete_id,
    complete_state,
)
from nanogpt_rs.commands.tables import print_corpus
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.provenance import check
from nanogpt_rs.words import duration

if TYPE_CHECKING:
    from nanogpt_rs.records.schema import Breakdown, CallInSteps
    from nanogpt_rs.ruler.corpora import Corpus
    from nanogpt_rs.ruler.provenance import Build
    from nanogpt_rs.ruler.registry import Implementation

BREAKDOWN_SECONDS = 15.0
"""Roughly the seconds that the breakdown of one call takes."""


def breakdown(
    task: OneTask,
    ids: Annotated[
        list[str],
        typer.Argument(
            help="Ids of implementations of the task, such as rust/ahash.",
            autocompletion=complete_id,
        ),
    ],
    corpus: OneCorpus = "synthetic",
    state: Annotated[
        str,
        typer.Option(
            help="warm, fresh_str, evicted, uncached_file or new_text.",
            autocompletion=complete_state,
        ),
    ] = "warm",
    sources: From = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Show where a call's time goes: the call, the text, the kernel, the result, its freeing.

    For example: nanogpt-rs profile steps encode rust/id_table
    """
    from nanogpt_rs.measuring.run import keeper
    from nanogpt_rs.measuring.selection import load_corpora, select

    admit(sources)
    rows = select([task], ids)
    require_state(state, task)
    build = check()
    (text,) = load_corpora([corpus])
    with keeper(results, "breakdown", build) as kept:
        breakdowns, faults = break_all_down(rows, corpus, state)
        try:
            print_all(text, state, breakdowns, build, as_json)
        finally:  # what was measured is both printed and kept, even where one of them fails
            if breakdowns:
                request = f"{task} {ids} {text.sha256} {state}"
                kept.keep(request, records_of(text, state, breakdowns))
    report_faults(task, faults, measured=bool(breakdowns))


def print_all(
    text: Corpus, state: str, breakdowns: Sequence[Breakdown], build: Build, as_json: bool
) -> None:
    """Print breakdowns as tables, or as one JSON document."""
    if as_json:
        from nanogpt_rs.commands import documents

        document = documents.CallsInSteps(build, text.id, state, tuple(breakdowns))
        print_json("profile steps", document)
        return
    print_corpus(text.id, text.sha256, len(text.text), text.description)
    for breakdown in breakdowns:
        out.show(table_of(breakdown, state))


def break_all_down(
    rows: Sequence[Implementation], corpus: str, state: str
) -> tuple[list[Breakdown], list[Fault]]:
    """Verify implementations and break down the calls of the right ones."""
    from nanogpt_rs.measuring.breakdown import break_down
    from nanogpt_rs.ruler.verification import verify_apart

    breakdowns: list[Breakdown] = []
    faults: list[Fault] = []
    with timed_progress(len(rows) * BREAKDOWN_SECONDS) as advance:
        for row in rows:
            advance(f"{row.id}: verify", 0.0)
            proof = verify_apart(row, corpus)
            if proof.status != "right":
                faults.append((row.id, proof.status, "; ".join(proof.details)))
                continue
            try:
                breakdowns.append(break_down(row, corpus, state, lambda phase: advance(phase, 0)))
            except WorkerError as error:
                faults.append((row.id, "wrong", f"a worker process {error}"))
            advance(row.id, BREAKDOWN_SECONDS)
    return breakdowns, faults


def records_of(text: Corpus, state: str, breakdowns: Sequence[Breakdown]) -> list[CallInSteps]:
    """Return breakdowns as records."""
    from nanogpt_rs.records.schema import CallInSteps, Text

    text_fields = Text(text.id, text.sha256, len(text.text), text.width)
    return [CallInSteps(text_fields, state, breakdown) for breakdown in breakdowns]


def table_of(breakdown: Breakdown, state: str) -> layout.Table:
    """Return the table of one call's steps."""
    title = (
        f"{breakdown.task} {breakdown.id}, {state}: {duration(breakdown.seconds)} "
        f"({breakdown.clock} clock)"
    )
    columns = [layout.prose("step"), layout.figures("time [95 %]"), layout.figures("share")]
    table = layout.Table(columns, title)
    for step in breakdown.steps:
        part = f"{step.seconds / breakdown.seconds:.1%}"
        table.add(step.name, duration(step.seconds, step.interval), part)
    return table


def require_state(state: str, task: str) -> None:
    """Check that a call of a task can be broken down in a state.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: It cannot.
    """
    from nanogpt_rs.measuring.selection import SelectionError, select_states

    select_states([state], [task])
    if state == "first_call":
        raise SelectionError("a first call cannot be broken down: its result is never freed")
