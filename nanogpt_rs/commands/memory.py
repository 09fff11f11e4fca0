"""The command ``memory``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    RESULTS,
    AsJson,
    Everything,
    Ids,
    Results,
    counted_progress,
    damage,
    err,
    out,
    print_json,
    refusals,
    stop,
)
from nanogpt_rs.commands.tables import corpus_line
from nanogpt_rs.words import duration, rate

if TYPE_CHECKING:
    from pathlib import Path

    from nanogpt_rs.records.schema import Footprint
    from nanogpt_rs.ruler.corpora import Corpus
    from nanogpt_rs.ruler.provenance import Build


def memory(
    task: Annotated[str, typer.Argument(help="A task, such as prepare.")],
    ids: Ids = None,
    corpus: Annotated[str, typer.Option(help="A corpus id or a path.")] = "synthetic",
    everything: Everything = False,
    processes: Annotated[
        int, typer.Option(min=1, max=50, help="Fresh processes for each row.")
    ] = 3,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Show how long a first call takes in a fresh process, and by how much its memory grows.

    Where a task reads files, with the system's own copy of them in memory and without.
    """
    with refusals():
        from nanogpt_rs.measuring.memory import LARGE, cache_states, measure, ordered
        from nanogpt_rs.measuring.selection import load_corpora, select
        from nanogpt_rs.ruler import corpora as texts
        from nanogpt_rs.ruler.memory import cannot
        from nanogpt_rs.ruler.provenance import check
        from nanogpt_rs.ruler.verification import verify_apart
        from nanogpt_rs.ruler.worker import WorkerError

        rows = select([task], ids or (), everything=everything)
        build = check()
        if reason := cannot():
            stop(NOTHING, reason)
        (text,) = load_corpora([corpus])
        proved_on = corpus if len(text.text) < LARGE else texts.DEFAULT
        found, faults = [], []
        total = len(rows) * len(cache_states(task)) * processes
        with counted_progress() as advance:
            done = 0
            for row in rows:
                advance(f"verify {row.id}", done, total)
                proof = verify_apart(row, proved_on)
                if proof.status != "right":
                    faults.append((row.id, proof.status, "; ".join(proof.details)))
                    continue
                for uncached in cache_states(task):
                    advance(row.id, done, total)
                    try:
                        found.append(measure(row, corpus, uncached, processes))
                    except WorkerError as error:
                        faults.append((row.id, "wrong", f"a worker process {error}"))
                    done += processes
    proved = text.id if proved_on == corpus else proved_on
    keep(results, f"{task} {ids} {everything} {text.sha256} {processes}", build, text, found)
    if as_json:
        cells = [asdict(each) for each in ordered(found)]
        document = {"build": asdict(build), "corpus": text.id, "sha256": text.sha256}
        print_json({**document, "proved_on": proved, "cells": cells})
    else:
        out.print(corpus_line(text.id, text.sha256, len(text.text), text.description))
        for title, mine in by_state(task, ordered(found)):
            out.print(table_of(title, mine, len(text.text)))
        out.print(f"Fresh processes each: {processes}. Times are medians, memory is the most.")
        if proved != text.id:
            out.print(f"Proved right on {proved}: on this corpus that would take minutes.")
    for id, status, details in faults:
        err.print(escape(f"{task} {id}: {status}: {details}"), soft_wrap=True)
    if any(status == "wrong" for _, status, _ in faults):
        sys.exit(FAILED)
    if not found:
        stop(NOTHING, "nothing could be measured here")


def keep(results: Path, plan: str, build: Build, text: Corpus, found: Sequence[Footprint]) -> None:
    """Record what was measured, if anything was."""
    from nanogpt_rs.measuring.memory import ordered
    from nanogpt_rs.measuring.run import keep_run
    from nanogpt_rs.records.schema import FirstCall, Text

    if found:
        on = Text(text.id, text.sha256, len(text.text), text.width)
        with damage():
            keep_run(results, "memory", plan, build, [FirstCall(on, one) for one in ordered(found)])


def by_state(task: str, found: Sequence[Footprint]) -> Iterator[tuple[str, list[Footprint]]]:
    """Yield a title for each state, and what was measured in it."""
    for uncached in dict.fromkeys(each.uncached for each in found):
        state = ", no copy of the file in memory" if uncached else ""
        mine = [each for each in found if each.uncached == uncached]
        yield f"{task}, first call of a fresh process{state}", mine


def table_of(title: str, found: Sequence[Footprint], characters: int) -> Table:
    """Return the table of one state, of a text of so many characters."""
    table = Table(title=title, title_justify="left")
    table.add_column("implementation", overflow="fold")
    for column in ("wall", "chars/s", "processor", "most memory", "kept"):
        table.add_column(column, justify="right")
    for each in found:
        table.add_row(
            escape(each.id),
            duration(each.typical_seconds),
            rate(characters / each.typical_seconds),
            duration(median(each.cpu_seconds)),
            f"+{each.most / 1e6:,.1f} MB",
            f"+{max(each.kept) / 1e6:,.1f} MB",
        )
    return table
