"""The command ``profile memory``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    NOTHING,
    Fault,
    counted_progress,
    out,
    print_json,
    refuse_beside,
    report_faults,
    stop,
)
from nanogpt_rs.commands.options import (
    RESULTS,
    AsJson,
    Everything,
    Ids,
    OneCorpus,
    OneTask,
    Results,
)
from nanogpt_rs.commands.tables import print_corpus
from nanogpt_rs.ruler.corpora import DEFAULT
from nanogpt_rs.ruler.errors import WorkerError
from nanogpt_rs.ruler.provenance import check
from nanogpt_rs.words import duration, rate

if TYPE_CHECKING:
    from nanogpt_rs.records.schema import FirstCall, Footprint
    from nanogpt_rs.ruler.corpora import Corpus
    from nanogpt_rs.ruler.provenance import Build
    from nanogpt_rs.ruler.registry import Implementation


def memory(
    context: typer.Context,
    task: OneTask,
    ids: Ids = None,
    corpus: OneCorpus = "synthetic",
    everything: Everything = False,
    processes: Annotated[
        int, typer.Option(min=1, max=50, help="Fresh processes for each implementation.")
    ] = 3,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Show how long the first call in a fresh process takes, and by how much its memory grows.

    A task that reads files is measured with the system's own copy of them in memory, and without.

    For example: nanogpt-rs profile memory prepare
    """
    if ids:
        refuse_beside(context, "--id", "everything")
    from nanogpt_rs.measuring.memory import LARGE, ordered
    from nanogpt_rs.measuring.run import keeper
    from nanogpt_rs.measuring.selection import load_corpora, select
    from nanogpt_rs.ruler.held import cannot

    rows = select([task], ids or (), everything=everything)
    build = check()
    if reason := cannot():
        stop(NOTHING, reason)
    (text,) = load_corpora([corpus])
    proved_on = corpus if len(text.text) < LARGE else DEFAULT
    proved = text.id if proved_on == corpus else proved_on
    request = f"{task} {ids} {everything} {text.sha256} {processes}"
    with keeper(results, "memory", build) as kept:
        footprints, faults = measure_all(rows, task, corpus, proved_on, processes)
        footprints = ordered(footprints)
        try:
            print_all(task, text, footprints, build, processes, proved, as_json)
        finally:  # what was measured is both printed and kept, even where one of them fails
            if footprints:
                kept.keep(request, records_of(text, footprints))
    report_faults(task, faults, measured=bool(footprints))


def print_all(
    task: str,
    text: Corpus,
    footprints: Sequence[Footprint],
    build: Build,
    processes: int,
    proved: str,
    as_json: bool,
) -> None:
    """Print footprints as tables, or as one JSON document.

    Args:
        task: Name of the task.
        text: The corpus.
        footprints: What was measured.
        build: Build of the Rust module.
        processes: Number of processes for each implementation.
        proved: Id of the corpus that the implementations were verified on.
        as_json: Whether to print a JSON document.
    """
    if as_json:
        from nanogpt_rs.commands import documents

        document = documents.FirstCalls(build, text.id, text.sha256, proved, tuple(footprints))
        print_json("profile memory", document)
    else:
        print_corpus(text.id, text.sha256, len(text.text), text.description)
        for title, of_state in by_state(task, footprints):
            out.show(table_of(title, of_state, len(text.text)))
        out.say(
            f"Processes for each implementation: {processes}. Times are medians, memory is the "
            "largest."
        )
        if proved != text.id:
            out.say(f"Verified on {proved}, because this corpus would take minutes.")


def measure_all(
    rows: Sequence[Implementation], task: str, corpus: str, proved_on: str, processes: int
) -> tuple[list[Footprint], list[Fault]]:
    """Verify implementations, and measure first calls of the right ones.

    A corpus that is too large for verification is replaced by another: ``proved_on``.
    """
    from nanogpt_rs.measuring.memory import cache_states, measure
    from nanogpt_rs.ruler.verification import verify_apart

    footprints: list[Footprint] = []
    faults: list[Fault] = []
    states = cache_states(task)
    total = len(rows) * len(states) * processes
    done = 0
    with counted_progress() as advance:
        for row in rows:
            advance(f"verify {row.id}", done, total)
            proof = verify_apart(row, proved_on)
            if proof.status != "right":
                faults.append((row.id, proof.status, "; ".join(proof.details)))
                continue
            for uncached in states:
                advance(row.id, done, total)
                try:
                    footprints.append(measure(row, corpus, uncached, processes))
                except WorkerError as error:
                    faults.append((row.id, "wrong", f"a worker process {error}"))
                done += processes
    return footprints, faults


def records_of(text: Corpus, footprints: Sequence[Footprint]) -> list[FirstCall]:
    """Return footprints as records."""
    from nanogpt_rs.records.schema import FirstCall, Text

    text_fields = Text(text.id, text.sha256, len(text.text), text.width)
    return [FirstCall(text_fields, footprint) for footprint in footprints]


def by_state(task: str, footprints: Sequence[Footprint]) -> Iterator[tuple[str, list[Footprint]]]:
    """Yield a title and the footprints of each state: files in memory, and not in memory."""
    for uncached in dict.fromkeys(footprint.uncached for footprint in footprints):
        state = ", no copy of the file in memory" if uncached else ""
        of_state = [footprint for footprint in footprints if footprint.uncached == uncached]
        yield f"{task}, first call of a fresh process{state}", of_state


def table_of(title: str, footprints: Sequence[Footprint], characters: int) -> layout.Table:
    """Return the table of one state, for a text of this length."""
    heads = ("wall clock", "chars/s", "processor time", "peak memory", "kept memory")
    table = layout.Table([layout.ids("implementation"), *map(layout.figures, heads)], title)
    for footprint in footprints:
        table.add(
            footprint.id,
            duration(footprint.typical_seconds),
            rate(characters / footprint.typical_seconds),
            duration(median(footprint.cpu_seconds)),
            f"+{footprint.most / 1e6:,.1f} MB",
            f"+{max(footprint.kept) / 1e6:,.1f} MB",
        )
    return table
