"""The command ``show``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from nanogpt_rs.commands.console import (
    RESULTS,
    AsJson,
    Files,
    Results,
    damage,
    err,
    out,
    print_json,
)
from nanogpt_rs.commands.runs import runs_of
from nanogpt_rs.commands.tables import print_run
from nanogpt_rs.ruler.corpora import CORPORA
from nanogpt_rs.words import meanwhile_line

if TYPE_CHECKING:
    from nanogpt_rs.records.kinds import Recorded


def show(files: Files = None, results: Results = RESULTS, as_json: AsJson = False) -> None:
    """Show recorded runs as they were shown when they were measured.

    For example: nanogpt-rs show results/bench/*.jsonl
    """
    with damage():
        runs = runs_of(files, results)
    if as_json:
        print_json([document_of(recorded) for recorded in runs])
        return
    for recorded in runs:
        print_recorded(recorded)


def document_of(recorded: Recorded) -> dict[str, Any]:
    """Return a run as a JSON document, with its cells' tests adjusted together."""
    from nanogpt_rs.records.kinds import kind_of_other
    from nanogpt_rs.statistics.adjusted import adjusted

    return {
        "run": asdict(recorded.run),
        "complete": recorded.complete,
        "cells": [asdict(cell) for cell in adjusted(recorded.cells)],
        "others": [{"kind": kind_of_other(other), **asdict(other)} for other in recorded.others],
    }


def print_recorded(recorded: Recorded) -> None:
    """Print a run: its cells, the numbers of its other records, and how busy the machine was."""
    from nanogpt_rs.records.kinds import kind_of_other
    from nanogpt_rs.statistics.adjusted import adjusted
    from nanogpt_rs.statistics.meanwhile import together

    descriptions = {id: source.description for id, source in CORPORA.items()}
    print_run(recorded.run, adjusted(recorded.cells), descriptions)
    kinds = Counter(kind_of_other(other).replace("_", " ") for other in recorded.others)
    for kind, count in kinds.items():
        out.print(escape(f"{count} records of kind {kind!r}: --json has them"), soft_wrap=True)
    if (meanwhile := together(recorded.cells)) is not None:
        out.print(escape(meanwhile_line(**asdict(meanwhile))))
    if not recorded.complete:
        err.print(
            f"nanogpt-rs: run {recorded.run.run} is unfinished: {len(recorded.cells)} cells",
            soft_wrap=True,
        )
