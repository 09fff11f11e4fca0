"""The command ``breakdown``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    RESULTS,
    AsJson,
    From,
    Results,
    admit,
    damage,
    err,
    out,
    print_json,
    refusals,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.tables import corpus_line
from nanogpt_rs.words import duration

BREAKDOWN_SECONDS = 15.0
"""What taking one call apart takes, about."""


def breakdown(
    task: Annotated[str, typer.Argument(help="A task, such as charset.")],
    ids: Annotated[list[str], typer.Argument(help="Implementations of it, such as rust/ahash.")],
    corpus: Annotated[str, typer.Option(help="A corpus id or a path.")] = "synthetic",
    state: Annotated[str, typer.Option(help="warm, fresh_str, evicted or uncached_file.")] = "warm",
    sources: From = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Show where a call's time goes: call, text, kernel, building the result, freeing it."""
    with refusals():
        from nanogpt_rs.measuring.breakdown import break_down
        from nanogpt_rs.measuring.run import keep_run
        from nanogpt_rs.measuring.selection import load_corpora, select
        from nanogpt_rs.records.schema import CallInSteps, Text
        from nanogpt_rs.ruler.provenance import check
        from nanogpt_rs.ruler.verification import verify_apart
        from nanogpt_rs.ruler.worker import WorkerError

        admit(sources)
        rows = select([task], ids)
        require_state(state, task)
        build = check()
        (text,) = load_corpora([corpus])
        found, faults = [], []
        with timed_progress(len(rows) * BREAKDOWN_SECONDS) as advance:
            for row in rows:
                advance(f"{row.id}: verify", 0.0)
                proof = verify_apart(row, corpus)
                if proof.status != "right":
                    faults.append((row.id, proof.status, "; ".join(proof.details)))
                    continue
                try:
                    found.append(break_down(row, corpus, state, lambda phase: advance(phase, 0)))
                except WorkerError as error:
                    faults.append((row.id, "wrong", f"a worker process {error}"))
                advance(row.id, BREAKDOWN_SECONDS)
    if found:
        with damage():
            on = Text(text.id, text.sha256, len(text.text), text.width)
            kept = [CallInSteps(on, state, each) for each in found]
            plan = f"{task} {ids} {text.sha256} {state}"
            keep_run(results, "breakdown", plan, build, kept)
    if as_json:
        cells = [asdict(each) for each in found]
        print_json({"build": asdict(build), "corpus": text.id, "state": state, "cells": cells})
    else:
        out.print(corpus_line(text.id, text.sha256, len(text.text), text.description))
        for each in found:
            title = f"{task} {each.id}, {state}: {duration(each.seconds)} ({each.clock} clock)"
            table = Table(title=escape(title), title_justify="left")
            table.add_column("step")
            for column in ("time", "95 % interval", "share"):
                table.add_column(column, justify="right")
            for step in each.steps:
                bounds = "-" if step.interval is None else " to ".join(map(duration, step.interval))
                part = f"{step.seconds / each.seconds:.1%}"
                table.add_row(step.name, duration(step.seconds), bounds, part)
            out.print(table)
    for id, status, details in faults:
        err.print(escape(f"{task} {id}: {status}: {details}"), soft_wrap=True)
    if any(status == "wrong" for _, status, _ in faults):
        sys.exit(FAILED)
    if not found:
        stop(NOTHING, "nothing could be measured here")


def require_state(state: str, task: str) -> None:
    """Check that a call of a task can be taken apart in a state.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: it cannot.
    """
    from nanogpt_rs.measuring.selection import SelectionError, select_states

    select_states([state], [task])
    if state == "first_call":
        raise SelectionError("a first call is not taken apart: what it returns is never freed")
