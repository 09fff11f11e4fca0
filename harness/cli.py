"""The command line. Standard output holds what was asked for, standard error everything else."""

from __future__ import annotations

import ast
import importlib.util
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from benchmarks.corpora import Corpus
    from benchmarks.provenance import Build
    from benchmarks.registry import Implementation
    from harness.bench import Cell
    from harness.compare import Group
    from harness.machine import Machine

FAILED, USAGE, NOTHING = 1, 2, 3
STATUSES = (
    "Exit status: 0 done; 1 a cell failed; 2 wrong usage; 3 nothing could be measured; "
    "130 interrupted."
)

app = typer.Typer(
    name="nanogpt-rs",
    epilog=STATUSES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Tasks = Annotated[list[str] | None, typer.Argument(help="Tasks to take; all if none is named.")]
Ids = Annotated[
    list[str] | None,
    typer.Option("--id", help="An implementation, such as rust/ahash; repeatable."),
]
Corpora = Annotated[
    list[str] | None,
    typer.Option(
        "--corpus",
        help="An id of `nanogpt-rs corpora`, or the path of a UTF-8 file; repeatable.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
States = Annotated[
    list[str] | None,
    typer.Option("--state", help="warm, fresh_str or evicted; repeatable (warm and fresh_str)."),
]
Everything = Annotated[
    bool, typer.Option("--all", help="Also rows that do not run unless asked for.")
]


def main() -> None:
    """Run the command line, having made sure that the ruler is our own."""
    if hasattr(signal, "SIGPIPE"):  # a reader such as `head` that has enough is no failure of ours
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    ours = Path(__file__).resolve().parents[1] / "benchmarks" / "__init__.py"
    spec = importlib.util.find_spec("benchmarks")
    found = Path(spec.origin).resolve() if spec and spec.origin else None
    if found != ours:
        stop(
            NOTHING,
            f"benchmarks would be imported from {found}, not from {ours}: another shadows it",
        )
    app()


def stop(status: int, message: str) -> None:
    """Say on standard error why we stop, and stop."""
    err.print(f"nanogpt-rs: {escape(message)}", soft_wrap=True)
    sys.exit(status)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the errors that are the user's to mend into one line and an exit status."""
    from benchmarks.corpora import CorpusError, UnknownCorpusError
    from benchmarks.provenance import ProvenanceError
    from harness.selection import SelectionError

    try:
        yield
    except (SelectionError, UnknownCorpusError) as error:
        stop(USAGE, str(error))
    except (CorpusError, ProvenanceError) as error:
        stop(NOTHING, str(error))


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on standard error; yields the function that advances it."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        item = bar.add_task("", total=total)

        def advance(doing: str) -> None:
            bar.update(item, advance=1, description=escape(doing))

        yield advance


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(document, indent=2))


def print_version(wanted: bool) -> None:
    """Print the version and stop, if it was asked for."""
    if wanted:
        from benchmarks.provenance import installed

        print(f"nanogpt-rs {installed().version}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Tell whether a piece of Python is worth rewriting in Rust, and what the whole job gains."""


@app.command("list")
def list_(tasks: Tasks = None, ids: Ids = None, as_json: AsJson = False) -> None:
    """Show what is registered, what is available here, and why the rest is not."""
    with refusals():
        from benchmarks.provenance import check_rooms
        from benchmarks.tasks import TASKS
        from harness.selection import lacking, select

        rows = select(tasks or (), ids or (), everything=True)
        check_rooms()
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
                    escape(f"n/a: {reason}" if reason else idea),
                )
        out.print(table)


def idea_of(row: Implementation) -> str:
    """Return the line that says what an implementation is.

    It is the first line of its file; Rust functions carry it as their doc string.
    """
    module, _, name = row.target.partition(":")
    spec = importlib.util.find_spec(module)
    if name == row.task and spec and spec.origin:
        text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    else:
        text = row.resolve().__doc__
    return (text or "").partition("\n")[0].replace("``", "`")


@app.command("corpora")
def list_corpora(as_json: AsJson = False) -> None:
    """Show the texts that there are to measure on."""
    from benchmarks.corpora import CORPORA, golden_hashes

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


@app.command()
def verify(
    tasks: Tasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    as_json: AsJson = False,
) -> None:
    """Prove every implementation right: against its oracle, on edge cases, on inputs to refuse."""
    with refusals():
        from benchmarks.provenance import check_rooms
        from benchmarks.verification import verify_apart
        from harness.selection import load_corpora, select

        rows = select(tasks or (), ids or (), everything=True)
        check_rooms()
        names = corpus or ["synthetic"]
        load_corpora(names)  # one that cannot be had is refused here, once
        verdicts = []
        with progress(len(rows) * len(names)) as advance:
            for name in names:
                for row in rows:
                    verdicts.append(verify_apart(row, name))
                    advance(f"verify {row.task} {row.id}")
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


@app.command()
def bench(
    tasks: Tasks = None,
    ids: Ids = None,
    corpus: Corpora = None,
    state: States = None,
    everything: Everything = False,
    as_json: AsJson = False,
) -> None:
    """Verify, then time every implementation and set it beside its task's baseline."""
    with refusals():
        from benchmarks.provenance import check
        from harness import machine
        from harness.bench import bench as run_bench
        from harness.bench import steps, with_baselines
        from harness.selection import load_corpora, select, select_states

        rows = select(tasks or (), ids or (), everything=everything)
        states = select_states(state or ("warm", "fresh_str"))
        build = check()
        names = list(dict.fromkeys(corpus or ["synthetic"]))
        texts = load_corpora(names)
        asked_for = {(row.task, row.id) for row in rows}
        rows = with_baselines(rows, {text.width for text in texts})
        here = machine.examine()
        with progress(steps(rows, texts, states)) as advance:
            cells = run_bench(rows, list(zip(names, texts, strict=True)), states, advance)
    if as_json:
        print_json(
            {
                "machine": asdict(here),
                "build": asdict(build),
                "cells": [asdict(cell) for cell in cells],
            }
        )
    else:
        for text in texts:
            print_tables(text, [cell for cell in cells if cell.corpus == text.id])
        out.print(machine_line(here, build))
        out.print("Medians of interleaved calls in one process: orders of magnitude, no verdicts.")
    if any(cell.status == "wrong" for cell in cells):
        sys.exit(FAILED)
    if not any(cell.seconds for cell in cells if (cell.task, cell.id) in asked_for):
        stop(NOTHING, "nothing could be measured here")


def machine_line(machine: Machine, build: Build) -> str:
    """Return what the figures above it were measured on."""
    load = "" if machine.load is None else f", load {machine.load:.2f}"
    return escape(
        f"{machine.cpu}, {machine.cores} cores{load}; {machine.python}; {build.info['rustc']}, "
        f"{build.info['profile']}, sources: {build.sources}."
    )


def corpus_line(corpus: Corpus) -> str:
    """Return which text the figures below it are about."""
    return (
        f"\n[bold]{escape(corpus.id)}[/bold]: {escape(corpus.description)}, "
        f"characters: {len(corpus.text):,}, SHA-256 {corpus.sha256[:12]}"
    )


def print_tables(corpus: Corpus, cells: list[Cell]) -> None:
    """Print one corpus's cells, a table for each task."""
    out.print(corpus_line(corpus))
    for cell in cells:
        if cell.seconds is None:
            words = f"{cell.task} {cell.id}: {cell.status}: {'; '.join(cell.details)}"
            out.print(escape(words), soft_wrap=True)
    for task, state in dict.fromkeys((cell.task, cell.state) for cell in cells if cell.state):
        mine = [cell for cell in cells if (cell.task, cell.state) == (task, state)]
        builds = any(cell.build_seconds is not None for cell in mine)
        table = Table(title=f"{task}, {state}", title_justify="left")
        table.add_column("implementation", overflow="fold")
        columns = ["median", "Mchar/s", "x lecture's", "x strongest Python"]
        for column in columns + ["building"] * builds:
            table.add_column(column, justify="right")
        for cell in mine:
            assert cell.seconds is not None
            table.add_row(
                cell.id,
                duration(cell.seconds),
                f"{cell.characters / cell.seconds / 1e6:,.1f}" if cell.characters else "-",
                times(cell.ratio, cell.id == cell.baseline),
                times(cell.ratio_to_strongest, cell.id == cell.strongest),
                *([duration(cell.build_seconds)] if cell.build_seconds is not None else []),
            )
        out.print(table)


def times(ratio: float | None, itself: bool) -> str:
    """Return a ratio to a baseline as the tables show it."""
    return "-" if ratio is None else "baseline" if itself else f"{ratio:.2f}"


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


@app.command()
def compare(
    task: Annotated[str, typer.Argument(help="A task, such as charset.")],
    baseline: Annotated[str, typer.Argument(help="What to compare with, such as python/set.")],
    contenders: Annotated[list[str], typer.Argument(help="One to eleven others.")],
    corpus: Annotated[str, typer.Option(help="A corpus id or a path.")] = "synthetic",
    state: Annotated[str, typer.Option(help="warm, fresh_str or evicted.")] = "warm",
    as_json: AsJson = False,
) -> None:
    """Say with an interval whether contenders are faster than a baseline, or that it can't be told.

    Fresh processes, paired rounds in random order, and the baseline against itself as a control.
    """
    with refusals():
        from benchmarks.provenance import check
        from benchmarks.registry import find
        from harness.compare import MOST_CONTENDERS, NothingToCompareError
        from harness.compare import compare as run_comparison
        from harness.selection import SelectionError, load_corpora, select, select_states

        select([task], [baseline, *contenders])  # each exists
        if baseline in contenders or len(set(contenders)) < len(contenders):
            raise SelectionError("each contender must be named once, and not be the baseline")
        if len(contenders) > MOST_CONTENDERS:
            raise SelectionError(f"at most {MOST_CONTENDERS} contenders share a baseline's rounds")
        select_states([state])
        build = check()
        (text,) = load_corpora([corpus])
        rows = [find(task, id) for id in (baseline, *contenders)]
        try:
            with stages() as advance:
                group = run_comparison(rows[0], rows[1:], corpus, text, state, advance)
        except NothingToCompareError as error:
            stop(NOTHING, str(error))
    if as_json:
        print_json({"build": asdict(build), **asdict(group)})
    else:
        out.print(corpus_line(text))
        print_comparisons(group)
        out.print(machine_line(group.before, build))
        out.print(
            escape(
                f"load {shown(group.before.load)} to {shown(group.after.load)}, steal "
                f"{shown(group.before.steal)} to {shown(group.after.steal)}; "
                f"{group.processes} processes. One cell was asked about: nothing is adjusted."
            )
        )
    if any(cell.status == "wrong" for cell in group.cells):
        sys.exit(FAILED)


@contextmanager
def stages() -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar on standard error; yields what tells it where we are."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        item = bar.add_task("", total=1.0)

        def advance(doing: str, share: float) -> None:
            bar.update(item, completed=share, description=escape(doing))

        yield advance


def shown(number: float | None) -> str:
    """Return a measured number, or that this system does not tell."""
    return "unknown" if number is None else f"{number:.2f}"


def print_comparisons(group: Group) -> None:
    """Print what may be said of each contender, and under the table why."""
    first = group.cells[0]
    table = Table(
        title=f"{first.task}, {first.state}: against {first.baseline}", title_justify="left"
    )
    table.add_column("contender", overflow="fold")
    for column in ("verdict", "ratio", "95 % interval", "control", "resolves", "one call"):
        table.add_column(column, justify="right")
    reasons = []
    for cell in group.cells:
        found = cell.comparison
        if found is None:
            table.add_row(cell.id, cell.status)
            reasons.append(f"{cell.id}: {cell.status}: {'; '.join(cell.details)}")
            continue
        control = found.control.interval if found.control else None
        table.add_row(
            cell.id,
            found.verdict,
            "-" if found.ratio is None else f"{found.ratio:.3f}",
            interval(found.interval),
            interval(control),
            "-" if found.resolves is None else f"{found.resolves:.1%}",
            "-" if found.seconds is None else duration(found.seconds[1]),
        )
        reasons.append(f"{cell.id}: {found.verdict}: {found.reason} ({found.clock} clock)")
    out.print(table)
    out.print(escape("\n".join(reasons)), soft_wrap=True)


def interval(bounds: tuple[float, float] | None) -> str:
    """Return an interval of ratios as the tables show it."""
    return "-" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"


@app.command()
def record(
    alias: Annotated[str, typer.Argument(help="The name its owner gives this machine.")],
    results: Annotated[Path, typer.Option(help="The folder of results.")] = Path("results"),
) -> None:
    """Promote the newest `make pytest-benchmark` run from results/local to results."""
    from harness.record import RecordError, promote

    try:
        out.print(escape(str(promote(results, alias))), soft_wrap=True)
    except RecordError as error:
        stop(USAGE, str(error))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at what measurements depend on: the machine, the build, what is missing and its cost."""
    from harness.doctor import examine

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
