"""The measuring commands ``bench`` and ``compare``, and their tables."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from harness.console import (
    FAILED,
    NOTHING,
    AsJson,
    Corpora,
    Everything,
    Ids,
    States,
    Tasks,
    duration,
    err,
    out,
    print_json,
    refusals,
    share,
    stop,
    timed_progress,
    times,
)

if TYPE_CHECKING:
    from benchmarks.corpora import Corpus
    from benchmarks.provenance import Build
    from harness.bench import Against, Cell, Job
    from harness.machine import Meanwhile

REFERENCES = {"lecture": "the lecture's", "strongest": "the strongest Python", "asked": ""}
"""How a table heads what is set beside a reference, by its role."""
LONG_SECONDS = 60.0
"""Runs that take longer say so before they begin."""


def bench(
    tasks: Tasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    state: States = None,
    everything: Everything = False,
    full: Annotated[
        bool, typer.Option("--full", help="The published set: hours. Takes no other choice.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=1.0, help="Seconds for each group of contenders.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set implementations beside the lecture's and the strongest Python, with verdicts.

    Without a choice: three tasks, what runs unasked, on synthetic. Each is verified first. Fresh
    processes, paired rounds in random order, and each reference against itself as a control; tests
    are adjusted for their number.
    """
    with refusals():
        from benchmarks.provenance import check
        from harness.bench import jobs_of
        from harness.presets import FULL, QUICK
        from harness.selection import SelectionError, load_corpora, select, select_states

        if full and (tasks or ids or corpus or state or everything):
            raise SelectionError("--full is a set of its own: name no task, id, corpus or state")
        build = check()
        jobs: list[Job] = []
        asked: set[tuple[str, str]] = set()
        for entry in FULL if full else QUICK:
            rows = select(
                tasks or (),
                ids or (),
                everything=everything or entry.everything,
                every_task=entry.every_task,
            )
            names = list(dict.fromkeys(corpus or entry.corpora))
            texts = load_corpora(names)
            states = select_states(state or entry.states)
            pairs = list(zip(names, texts, strict=True))
            jobs += jobs_of(rows, pairs, states, seconds or entry.budget)
            asked |= {(row.task, row.id) for row in rows}
    run(jobs, asked, build, as_json)


def compare(
    task: Annotated[str, typer.Argument(help="A task, such as charset.")],
    baseline: Annotated[str, typer.Argument(help="What to compare with, such as python/set.")],
    contenders: Annotated[list[str], typer.Argument(help="One to twelve others.")],
    corpus: Annotated[str, typer.Option(help="A corpus id or a path.")] = "synthetic",
    state: Annotated[
        str, typer.Option(help="warm, fresh_str, evicted; build: the making of an encoder.")
    ] = "warm",
    as_json: AsJson = False,
) -> None:
    """Say with an interval whether contenders are faster than a baseline, or that it can't be told.

    Fresh processes, paired rounds in random order, and the baseline against itself as a control.
    """
    with refusals():
        from benchmarks.provenance import check
        from benchmarks.registry import find
        from benchmarks.rounds import BUILD
        from benchmarks.tasks import TASKS
        from harness.bench import ASKED, Job
        from harness.paired import MOST_CONTENDERS
        from harness.selection import SelectionError, load_corpora, select, select_states

        select([task], [baseline, *contenders])  # each exists
        if baseline in contenders or len(set(contenders)) < len(contenders):
            raise SelectionError("each contender must be named once, and not be the baseline")
        if len(contenders) > MOST_CONTENDERS:
            raise SelectionError(f"at most {MOST_CONTENDERS} contenders share a baseline's rounds")
        if state != BUILD:
            select_states([state])
        elif TASKS[task].build is None:
            raise SelectionError(f"the task {task} has nothing to build")
        build = check()
        (text,) = load_corpora([corpus])
        rows = tuple(find(task, id) for id in (baseline, *contenders))
        job = Job(corpus, text, state, {ASKED: rows[0]}, rows)
    run([job], {(task, id) for id in contenders}, build, as_json)


def run(
    jobs: Sequence[Job], asked: Collection[tuple[str, str]], build: Build, as_json: bool
) -> None:
    """Carry out jobs, print what came of them, and end with the status that says so.

    Args:
        jobs: what to measure.
        asked: task and id of what the user asked for, references apart.
        build: of the Rust module.
        as_json: print one document instead of tables.
    """
    from harness import machine
    from harness.bench import bench as run_bench
    from harness.bench import estimate, tests_in

    watch = machine.Watch()
    here = machine.examine()
    seconds = estimate(jobs)
    if seconds > LONG_SECONDS:
        err.print(f"nanogpt-rs: this will take about {seconds / 60:.0f} minutes", highlight=False)
    with timed_progress(seconds) as advance:
        cells = run_bench(jobs, advance)
    meanwhile = watch.so_far()
    tests = tests_in(cells)
    if as_json:
        print_json(
            {
                "machine": asdict(here),
                "meanwhile": asdict(meanwhile),
                "build": asdict(build),
                "tests": tests,
                "cells": [asdict(cell) for cell in cells],
            }
        )
    else:
        for text in dict.fromkeys(job.corpus for job in jobs):
            out.print(corpus_line(text))
            print_tables([cell for cell in cells if cell.corpus == text.id])
        out.print(escape(f"{here.cpu}, {here.cores} cores; {here.python}; {machine_line(build)}"))
        out.print(escape(meanwhile_line(meanwhile)))
        out.print(
            "Ratios are the reference's time over the implementation's, with 95 % intervals; "
            + (
                f"verdicts hold for all {tests} tests together (Holm), intervals each for itself."
                if tests
                else "one test was made, and nothing is adjusted."
            )
        )
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    if not any(cell.seconds for cell in cells if (cell.task, cell.id) in asked):
        stop(NOTHING, "nothing could be measured here")


def machine_line(build: Build) -> str:
    """Return what was measured, in words."""
    return f"{build.info['rustc']}, {build.info['profile']}, sources: {build.sources}"


def meanwhile_line(meanwhile: Meanwhile) -> str:
    """Return how busy the machine was during the run."""
    load = "unknown" if meanwhile.load is None else "{:.2f} to {:.2f}".format(*meanwhile.load)
    return (
        f"{meanwhile.seconds:.0f} s; load {load}, steal {share(meanwhile.steal)}, "
        f"processors busy {share(meanwhile.busy)}."
    )


def corpus_line(corpus: Corpus) -> str:
    """Return which text the figures below it are about."""
    return (
        f"\n[bold]{escape(corpus.id)}[/bold]: {escape(corpus.description)}, "
        f"characters: {len(corpus.text):,}, SHA-256 {corpus.sha256[:12]}"
    )


def print_tables(cells: Sequence[Cell]) -> None:
    """Print one corpus's cells, a table for each task and state."""
    for cell in {(cell.task, cell.id): cell for cell in cells if cell.status != "right"}.values():
        words = f"{cell.task} {cell.id}: {cell.status}: {'; '.join(cell.details)}"
        out.print(escape(words), soft_wrap=True)
    for task, state in dict.fromkeys((cell.task, cell.state) for cell in cells if cell.seconds):
        mine = [cell for cell in cells if (cell.task, cell.state) == (task, state) and cell.seconds]
        roles = list(dict.fromkeys((each.role, each.id) for cell in mine for each in cell.against))
        table = Table(title=f"{task}, {state}", title_justify="left")
        table.add_column("implementation", overflow="fold")
        table.add_column("one call", justify="right")
        for role, id in roles:
            table.add_column(f"x {REFERENCES[role]}\n{id}", justify="right")
            table.add_column("verdict")
        for cell in mine:
            assert cell.seconds is not None
            cores = "" if cell.cores is None else f" on {cell.cores:.1f} cores"
            columns = [cell.id, duration(cell.seconds) + cores]
            for role, id in roles:
                columns += ["1", "reference"] if cell.id == id else against(cell.beside(role))
                if cell.limit:
                    columns[-1] = "limit"
            table.add_row(*map(escape, columns), style="dim" if cell.limit else None)
        out.print(table)
        for role, id in roles:
            out.print(escape(controls(id, [cell.beside(role) for cell in mine])), soft_wrap=True)
        untold = [
            f"{cell.id}: {found.verdict}: {found.reason} ({found.clock} clock)"
            for cell in mine
            if not cell.limit
            for found in (each.comparison for each in cell.against)
            if found.verdict in {"invalid", "inconclusive"} or len(mine) == 2
        ]
        out.print(escape("\n".join(dict.fromkeys(untold))), soft_wrap=True)


def against(found: Against | None) -> list[str]:
    """Return what a table says of one comparison: the ratio with its interval, and the verdict."""
    if found is None or found.comparison.ratio is None:
        return ["-", "-" if found is None else found.comparison.verdict]
    ratio, bounds = found.comparison.ratio, found.comparison.interval
    words = (
        times(ratio)
        if bounds is None
        else f"{times(ratio)} [{times(bounds[0])}, {times(bounds[1])}]"
    )
    return [words, found.comparison.verdict]


def controls(id: str, found: Sequence[Against | None]) -> str:
    """Return how a reference compared with itself, and what the run could tell from it."""
    known = [each.comparison for each in found if each is not None]
    widest = max(
        (each.control.interval for each in known if each.control and each.control.interval),
        key=lambda bounds: bounds[1] - bounds[0],
        default=None,
    )
    resolves = sorted(each.resolves for each in known if each.resolves is not None)
    words = f"{id} against itself: "
    words += "not told" if widest is None else f"{widest[0]:.4f} to {widest[1]:.4f}"
    if resolves:
        words += f"; differences told from {resolves[0]:.1%}"
        if len(resolves) > 1:
            words += f" (steadiest) or {resolves[-1]:.1%} (least steady) on"
        else:
            words += " on"
    return words
