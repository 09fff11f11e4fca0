"""The measuring commands ``bench`` and ``compare``, and their tables."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from harness.console import (
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
    duration,
    err,
    kept_run,
    meanwhile_line,
    out,
    print_json,
    refusals,
    stop,
    timed_progress,
    times,
)

if TYPE_CHECKING:
    from benchmarks.provenance import Build
    from harness.bench import Against, Cell, Job
    from harness.records import Run

REFERENCES = {
    "lecture": "the lecture's",
    "strongest": "the strongest Python",
    "asked": "",
    "before": "the older commit's",
}
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
        from benchmarks.corpora import DEFAULT
        from benchmarks.provenance import check
        from harness.bench import jobs_of
        from harness.presets import FULL, QUICK
        from harness.selection import (
            SelectionError,
            available,
            named_corpora,
            select,
            select_states,
        )

        options = {"device": device, "dtype": dtype, "attention": attention, "compile": compile}
        options = {option: asked for option, asked in options.items() if asked}
        if end_to_end:
            from harness.commands import jobs

            whole_jobs_only(tasks, state, everything or full or again, corpus)
            name = (corpus or [DEFAULT])[0]
            jobs.end_to_end(name, ids or (), config or "quick", steps, options, results, as_json)
            publish(results)
            return
        if config or steps or options:
            raise SelectionError("how to train is said with --end-to-end alone")
        if full and (tasks or ids or corpus or state or everything or sources):
            raise SelectionError("--full is a set of its own: name no task, id, corpus or state")
        if not full:
            admit(sources)
        build = check()
        found: list[Job] = []
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
            found += jobs_of(rows, pairs, states, seconds or entry.budget, entry.build)
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
        harness.selection.SelectionError: something is.
    """
    from harness.selection import SelectionError

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
        from benchmarks.provenance import check
        from benchmarks.registry import find
        from benchmarks.rounds import BUILD
        from benchmarks.tasks import TASKS
        from harness.bench import ASKED, Job
        from harness.paired import MOST_CONTENDERS
        from harness.selection import SelectionError, load_corpora, select, select_states

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
        job = Job(corpus, text, state, {ASKED: rows[0]}, rows)
    asked = {(task, id) for id in contenders}
    run("compare", [job], asked, build, results, again, as_json)


def run(
    command: str,
    jobs: Sequence[Job],
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
    from harness import machine
    from harness.bench import bench as run_bench
    from harness.bench import estimate, plan_of, tests_in

    watch = machine.Watch()
    seconds = estimate(jobs)
    if seconds > LONG_SECONDS:
        err.print(f"nanogpt-rs: this will take about {seconds / 60:.0f} minutes", highlight=False)
    with (
        kept_run(command, plan_of(jobs), build, results, again) as keeper,
        timed_progress(seconds) as advance,
    ):
        cells = run_bench(jobs, advance, keeper)
    meanwhile = watch.so_far()
    if command == "bench":
        publish(results)
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


def publish(results: Path) -> None:
    """Write the page about the newest runs; what was measured is not lost if that fails."""
    from harness.commands.publishing import PAGE, newest_of_each, write_page
    from harness.records import RecordError

    target = results / PAGE
    try:
        write_page(target, newest_of_each(results))
    except RecordError as error:
        err.print(f"nanogpt-rs: no page: {escape(str(error))}", soft_wrap=True)
    else:
        err.print(f"nanogpt-rs: the page about it: {escape(str(target))}", soft_wrap=True)


def print_run(run: Run, cells: Sequence[Cell], descriptions: Mapping[str, str]) -> None:
    """Print a run's tables, a corpus after the other, and what they are about.

    Args:
        run: what the cells have in common.
        cells: adjusted.
        descriptions: of the corpora, by id, as far as known.
    """
    from harness.bench import tests_in

    for corpus in dict.fromkeys(cell.corpus for cell in cells):
        mine = [cell for cell in cells if cell.corpus == corpus]
        about = descriptions.get(corpus, "")
        out.print(corpus_line(corpus, mine[0].sha256, mine[0].characters, about))
        print_tables(mine)
    host, build = run.machine, run.build
    commit = f", commit {run.commit[:8]}" if run.commit else ""
    changed = " with uncommitted changes" if run.dirty else ""
    out.print(
        escape(
            f"{host.alias}: {host.cpu}, {host.cores} cores; {host.python}; {build['rustc']}, "
            f"{build['profile']}, sources: {run.sources}{commit}{changed}; {run.began:%Y-%m-%d}"
        )
    )
    tests = tests_in(cells)
    if not any(cell.against for cell in cells):
        return
    valid = any(each.comparison.valid for cell in cells for each in cell.against)
    if tests:
        said = f"verdicts hold for all {tests} tests together (Holm), intervals each for itself."
    elif valid:
        said = "one test was made, and nothing is adjusted."
    else:
        said = "none is valid, and nothing is tested."
    out.print(
        f"Ratios are the reference's time over the implementation's, with 95 % intervals; {said}"
    )


def corpus_line(id: str, sha256: str, characters: int, description: str) -> str:
    """Return which text the figures below it are about."""
    about = f"{description}, " if description else ""
    return (
        f"\n[bold]{escape(id)}[/bold]: {escape(about)}characters: {characters:,}, "
        f"SHA-256 {sha256[:12]}"
    )


def print_tables(cells: Sequence[Cell]) -> None:
    """Print one corpus's cells, a table for each task and state, the fastest first."""
    from harness.paired import UNCOUNTED

    for cell in {(cell.task, cell.id): cell for cell in cells if cell.status != "right"}.values():
        words = f"{cell.task} {cell.id}: {cell.status}: {'; '.join(cell.details)}"
        out.print(escape(words), soft_wrap=True)
    for cell in {(cell.task, cell.id): cell for cell in cells if cell.origin}.values():
        words = f"{cell.task} {cell.id}: foreign, from {cell.origin}"
        out.print(escape(words), soft_wrap=True)
    for task, state in dict.fromkeys((cell.task, cell.state) for cell in cells if cell.seconds):
        mine = [cell for cell in cells if (cell.task, cell.state) == (task, state) and cell.seconds]
        mine.sort(key=lambda cell: cell.seconds or 0.0)
        # The control of two commits stands in the column of all others.
        mine = [replace(cell, against=tuple(map(in_column, cell.against))) for cell in mine]
        roles = sorted(
            {(each.role, each.id) for cell in mine for each in cell.against},
            key=lambda role: (list(REFERENCES).index(role[0]), role[1]),
        )
        table = table_of(f"{task}, {state}", mine, roles)
        if out.measure(table, options=out.options.update(width=1000)).maximum > out.width:
            table = table_of(f"{task}, {state}", mine, roles, narrow=True)
        out.print(table)
        for why in dict.fromkeys(
            each.comparison.clock_reason for cell in mine for each in cell.against
        ):
            if why == UNCOUNTED:
                out.print(escape(f"by wall clock: {why}"), soft_wrap=True)
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


def in_column(found: Against) -> Against:
    """Return what was said beside a reference, with the role that heads its column."""
    from harness.bench import BEFORE, CONTROL

    return replace(found, role=BEFORE) if found.role == CONTROL else found


def table_of(
    title: str, cells: Sequence[Cell], roles: Sequence[tuple[str, str]], *, narrow: bool = False
) -> Table:
    """Return a table of cells that were measured.

    Args:
        title: stands above it.
        cells: of one corpus, task and state.
        roles: of the references and their ids, a column or two each.
        narrow: for a terminal of 80 columns: what belongs to one reference stands in one column.
    """
    table = Table(title=title, title_justify="left")
    longest = max(len(cell.id) for cell in cells)
    table.add_column("implementation", overflow="fold", min_width=min(longest, 40))
    table.add_column("one call", justify="right")
    for role, id in roles:
        foreign = any(cell.id == id and cell.origin for cell in cells)
        words = "the baseline" if role == "lecture" and foreign else REFERENCES[role]
        head = f"x {words or id}" if narrow else f"x {words}\n{id}"
        table.add_column(head, justify="right")
        if not narrow:
            table.add_column("verdict", no_wrap=True)
    for cell in cells:
        assert cell.seconds is not None
        cores = "" if cell.cores is None else f" on {cell.cores:.1f} cores"
        columns = [cell.id, duration(cell.seconds) + cores]
        for role, id in roles:
            ratio, bounds, said = (
                ("1", "", "reference") if cell.id == id else against(cell.beside(role))
            )
            if cell.limit:
                said = "limit"
            if narrow:
                columns.append(f"{ratio} {said}\n{bounds}".rstrip())
            else:
                columns += [f"{ratio} {bounds}".rstrip(), said]
        table.add_row(*map(escape, columns), style="dim" if cell.limit else None)
    return table


def against(found: Against | None) -> tuple[str, str, str]:
    """Return what a table says of one comparison: the ratio, its interval, and the verdict."""
    if found is None or found.comparison.ratio is None:
        return "-", "", "-" if found is None else found.comparison.verdict
    ratio, bounds = found.comparison.ratio, found.comparison.interval
    interval = "" if bounds is None else f"[{times(bounds[0])}, {times(bounds[1])}]"
    return times(ratio), interval, found.comparison.verdict


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
