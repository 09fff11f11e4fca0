"""The measuring commands ``bench`` and ``compare``, and their tables."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    RESULTS,
    AsJson,
    Corpora,
    Everything,
    From,
    Ids,
    Results,
    Resume,
    States,
    Tasks,
    admit,
    err,
    kept_run,
    meanwhile_line,
    out,
    print_json,
    refusals,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.pages import write_newest_page
from nanogpt_rs.commands.tables import print_run

if TYPE_CHECKING:
    from nanogpt_rs.measuring.bench import Contest
    from nanogpt_rs.ruler.provenance import Build

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
    end_to_end: Annotated[
        bool,
        typer.Option("--end-to-end", help="A whole job instead: prepare a file, train, evaluate."),
    ] = False,
    config: Annotated[
        str | None, typer.Option(help="Of the model, with --end-to-end; quick.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Of training, with --end-to-end; the config's.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Of training, as `train` has it, and these three.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="With --end-to-end.")] = None,
    attention: Annotated[str | None, typer.Option(help="With --end-to-end.")] = None,
    compile: Annotated[bool, typer.Option("--compile", help="With --end-to-end.")] = False,
    sources: From = None,
    again: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Set implementations beside the lecture's and the strongest Python, with verdicts.

    Without a choice: three tasks, what runs unasked, on synthetic. Each is verified first. Fresh
    processes, paired rounds in random order, and each reference against itself as a control; tests
    are adjusted for their number.
    """
    with refusals():
        from nanogpt_rs.measuring.bench import contests_of
        from nanogpt_rs.measuring.presets import FULL, QUICK
        from nanogpt_rs.measuring.selection import (
            SelectionError,
            available,
            named_corpora,
            select,
            select_states,
        )
        from nanogpt_rs.ruler.corpora import DEFAULT
        from nanogpt_rs.ruler.provenance import check

        options = {"device": device, "dtype": dtype, "attention": attention, "compile": compile}
        options = {option: asked for option, asked in options.items() if asked}
        if end_to_end:
            from nanogpt_rs.commands.end_to_end import end_to_end as measure_whole_jobs

            whole_jobs_only(tasks, state, everything or full or again, corpus)
            name = (corpus or [DEFAULT])[0]
            measure_whole_jobs(name, ids or (), config or "quick", steps, options, results, as_json)
            write_newest_page(results)
            return
        if config or steps or options:
            raise SelectionError("how to train is said with --end-to-end alone")
        if full and (tasks or ids or corpus or state or everything or sources):
            raise SelectionError("--full is a set of its own: name no task, id, corpus or state")
        if not full:
            admit(sources)
        build = check()
        found: list[Contest] = []
        asked: set[tuple[str, str]] = set()
        for entry in FULL if full else QUICK:
            rows = select(
                tasks or (),
                ids or (),
                everything=everything or entry.everything,
                every_task=entry.every_task,
            )
            pairs = named_corpora(corpus or entry.corpora)
            tasks_taken = [row.task for row in rows]
            states = select_states(state, tasks_taken) if state else available(entry.states)
            found += contests_of(rows, pairs, states, seconds or entry.budget, entry.build)
            asked |= {(row.task, row.id) for row in rows}
    run("bench", found, asked, build, results, again, as_json)


def whole_jobs_only(
    tasks: Sequence[str] | None,
    states: Sequence[str] | None,
    others: bool,
    corpora: Sequence[str] | None,
) -> None:
    """Check that nothing is asked for that ``--end-to-end`` does not know.

    Raises:
        nanogpt_rs.measuring.selection.SelectionError: something is.
    """
    from nanogpt_rs.measuring.selection import SelectionError

    if tasks or states or others or len(corpora or ()) > 1:
        raise SelectionError(
            "--end-to-end takes --id, one --corpus, and how to train: no task, state or set"
        )


def compare(
    task: Annotated[str, typer.Argument(help="A task, such as charset.")],
    baseline: Annotated[str, typer.Argument(help="What to compare with, such as python/set.")],
    contenders: Annotated[list[str], typer.Argument(help="One to twelve others.")],
    corpus: Annotated[str, typer.Option(help="A corpus id or a path.")] = "synthetic",
    state: Annotated[
        str,
        typer.Option(
            help="warm, fresh_str, evicted, uncached_file or first_call; build: making an encoder."
        ),
    ] = "warm",
    sources: From = None,
    again: Resume = False,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Say with an interval whether contenders are faster than a baseline, or that it can't be told.

    Fresh processes, paired rounds in random order, and the baseline against itself as a control.
    """
    with refusals():
        from nanogpt_rs.measuring.bench import Contest
        from nanogpt_rs.measuring.paired import MOST_CONTENDERS
        from nanogpt_rs.measuring.selection import (
            SelectionError,
            load_corpora,
            select,
            select_states,
        )
        from nanogpt_rs.records.schema import ASKED
        from nanogpt_rs.ruler.provenance import check
        from nanogpt_rs.ruler.registry import find
        from nanogpt_rs.ruler.rounds import BUILD
        from nanogpt_rs.ruler.tasks import TASKS

        admit(sources)
        select([task], [baseline, *contenders])  # each exists
        if baseline in contenders or len(set(contenders)) < len(contenders):
            raise SelectionError("each contender must be named once, and not be the baseline")
        if len(contenders) > MOST_CONTENDERS:
            raise SelectionError(f"at most {MOST_CONTENDERS} contenders share a baseline's rounds")
        if state != BUILD:
            select_states([state], [task])
        elif TASKS[task].build is None:
            raise SelectionError(f"the task {task} has nothing to build")
        build = check()
        (text,) = load_corpora([corpus])
        rows = tuple(find(task, id) for id in (baseline, *contenders))
        job = Contest(corpus, text, state, {ASKED: rows[0]}, rows)
    asked = {(task, id) for id in contenders}
    run("compare", [job], asked, build, results, again, as_json)


def run(
    command: str,
    jobs: Sequence[Contest],
    asked: Collection[tuple[str, str]],
    build: Build,
    results: Path,
    again: bool,
    as_json: bool,
) -> None:
    """Carry out jobs, record and print what came of them, and end with the status that says so.

    Args:
        command: that asks for them, after which the folder of their records is called.
        jobs: what to measure.
        asked: task and id of what the user asked for, references apart.
        build: of the Rust module.
        results: the folder in which there is one for each command.
        again: go on with the newest run there, which was interrupted.
        as_json: print one document instead of tables.
    """
    from nanogpt_rs.measuring import machine
    from nanogpt_rs.measuring.bench import bench as run_bench
    from nanogpt_rs.measuring.bench import estimate, request_hash
    from nanogpt_rs.statistics.adjusted import tests_in

    watch = machine.MachineWatch()
    seconds = estimate(jobs)
    if seconds > LONG_SECONDS:
        err.print(f"nanogpt-rs: this will take about {seconds / 60:.0f} minutes", highlight=False)
    with (
        kept_run(command, request_hash(jobs), build, results, again) as keeper,
        timed_progress(seconds) as advance,
    ):
        cells = run_bench(jobs, advance, keeper)
    meanwhile = watch.so_far()
    if command == "bench":
        write_newest_page(results)
    if as_json:
        print_json(
            {
                "run": asdict(keeper.run),
                "meanwhile": asdict(meanwhile),
                "tests": tests_in(cells),
                "cells": [asdict(cell) for cell in cells],
            }
        )
    else:
        descriptions = {job.corpus.id: job.corpus.description for job in jobs}
        print_run(keeper.run, cells, descriptions)
        out.print(escape(meanwhile_line(meanwhile)))
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    if not any(cell.seconds for cell in cells if (cell.task, cell.id) in asked):
        stop(NOTHING, "nothing could be measured here")
