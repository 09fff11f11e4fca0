"""The command line. Standard output holds what was asked for, standard error everything else."""

from __future__ import annotations

import ast
import importlib.util
import json
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
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
    from benchmarks.verification import Verdict
    from harness.bench import Against, Cell, Job
    from harness.machine import Meanwhile
    from harness.selftest import Finding, RivalFinding

FAILED, USAGE, NOTHING = 1, 2, 3
REFERENCES = {"lecture": "the lecture's", "strongest": "the strongest Python", "asked": ""}
"""How a table heads what is set beside a reference, by its role."""
LONG_SECONDS = 60.0
"""Runs that take longer say so before they begin."""
BREAKDOWN_SECONDS = 15.0
"""What taking one call apart takes, about."""
PACE_AFTER = 10.0
"""Seconds done, after which a progress bar believes its own pace rather than the estimate."""
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
        verdicts: list[Verdict] = []
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


@app.command()
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


@app.command()
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


def share(number: float | None) -> str:
    """Return a share in per cent, or that this system does not tell."""
    return "unknown" if number is None else f"{number:.1%}"


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


def times(ratio: float) -> str:
    """Return a ratio with as many digits as a reader can use."""
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.3g}" if ratio >= 2 else f"{ratio:.3f}"


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


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(seconds) >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


@contextmanager
def timed_progress(seconds: float) -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar on standard error; yields what tells it how far we are.

    Args:
        seconds: what everything is estimated to take.
    """
    import time

    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[left]} left"),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        item = bar.add_task("", total=seconds, left=minutes(seconds))
        start = time.monotonic()
        done = 0.0

        def advance(doing: str, taken: float) -> None:
            nonlocal done
            done += taken
            # Between two steps, time itself says how far this one is.
            elapsed = time.monotonic() - start
            pace = max(0.5, elapsed / done) if done > PACE_AFTER else 1.0
            left = minutes((seconds - done) * pace)
            bar.update(item, completed=done, description=escape(doing), left=left)

        yield advance


def minutes(seconds: float) -> str:
    """Return a duration for people who wait."""
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


@app.command()
def breakdown(
    task: Annotated[str, typer.Argument(help="A task, such as charset.")],
    ids: Annotated[list[str], typer.Argument(help="Implementations of it, such as rust/ahash.")],
    corpus: Annotated[str, typer.Option(help="A corpus id or a path.")] = "synthetic",
    state: Annotated[str, typer.Option(help="warm, fresh_str or evicted.")] = "warm",
    as_json: AsJson = False,
) -> None:
    """Show where a call's time goes: call, text, kernel, building the result, freeing it."""
    with refusals():
        from benchmarks.provenance import check
        from benchmarks.verification import verify_apart
        from benchmarks.worker import WorkerError
        from harness.breakdown import break_down
        from harness.selection import load_corpora, select, select_states

        rows = select([task], ids)
        select_states([state])
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
                    found.append(break_down(row, corpus, state, lambda doing, _: advance(doing, 0)))
                except WorkerError as error:
                    faults.append((row.id, "wrong", f"a worker process {error}"))
                advance(row.id, BREAKDOWN_SECONDS)
    if as_json:
        cells = [asdict(each) for each in found]
        print_json({"build": asdict(build), "corpus": text.id, "state": state, "cells": cells})
    else:
        out.print(corpus_line(text))
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


@app.command()
def selftest(
    row: Annotated[
        list[str] | None,
        typer.Option(help="short, microsecond, milliseconds, tens, seeds; repeatable (all)."),
    ] = None,
    condition: Annotated[
        str, typer.Option(help="as-is; loaded: one core is shared with a process that never rests.")
    ] = "as-is",
    part: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Of the groups of a full run, which takes hours."),
    ] = 0.02,
    rivals: Annotated[
        bool, typer.Option("--rivals", help="Have pytest-benchmark, pyperf and asv judge some too.")
    ] = False,
    folder: Annotated[
        Path, typer.Option(help="Where groups are kept; what is there is not measured again.")
    ] = Path("results/local/selftest"),
    show: Annotated[
        bool, typer.Option("--show", help="Measure nothing; show what there is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure this harness on this machine: false alarms on equals, power on known slow-downs.

    It can be interrupted, and goes on where it was. A comparison of identical code must not be
    called different; one with a known slow-down must be called slower.
    """
    with refusals():
        from harness import selftest as self_test
        from harness.selection import SelectionError

        names = row or list(self_test.ROWS)
        if unknown := [name for name in names if name not in self_test.ROWS]:
            raise SelectionError(f"no row {unknown[0]!r}; there are: {', '.join(self_test.ROWS)}")
        if condition not in self_test.CONDITIONS:
            known = ", ".join(self_test.CONDITIONS)
            raise SelectionError(f"no condition {condition!r}; there are: {known}")
        path = folder / f"{condition}.jsonl"
        try:
            if show:
                documents = self_test.read(path)
            else:
                with counted_progress() as advance:
                    rows = [self_test.ROWS[name] for name in names]
                    documents = self_test.run(
                        rows, condition, part, path, advance, with_rivals=rivals
                    )
        except self_test.SelfTestError as error:
            stop(FAILED, str(error))
    findings = self_test.summarize(documents)
    if not findings:
        stop(NOTHING, f"{path} holds no group")
    others = self_test.summarize_rivals(documents)
    if as_json:
        print_json(
            {
                "condition": condition,
                "about": [each for each in documents if "about" in each],
                "findings": [asdict(each) for each in findings],
                "rivals": [asdict(each) for each in others],
            }
        )
        return
    print_selftest(condition, findings, others)


def print_selftest(
    condition: str, findings: Sequence[Finding], others: Sequence[RivalFinding]
) -> None:
    """Print false alarms and power, with their bounds, ours and other tools'."""
    from harness.selftest import ROWS, SAME

    table = Table(title=f"{condition}: of these comparisons", title_justify="left")
    for column in ("calls", "compared with itself, or slower by", "by"):
        table.add_column(column)
    for column in ("said so", "95 % bounds", "wrong sign", "reads (true)", "s each, half (95 %)"):
        table.add_column(column, justify="right")
    for finding in findings:
        reads = "-" if finding.reads is None else f"{finding.reads:.4f}"
        truth = "-" if finding.planted is None else f"{finding.planted:.4f}"
        table.add_row(
            ROWS[finding.row].calls,
            named(finding.contender, SAME),
            "nanogpt-rs",
            f"{finding.found.hits} of {finding.found.tries}",
            f"{finding.found.low:.1%} to {finding.found.high:.1%}",
            str(finding.wrong_sign),
            f"{reads} ({truth})",
            "{:.1f} ({:.1f})".format(*finding.seconds),
        )
    for other in others:
        table.add_row(
            ROWS[other.row].calls,
            named(other.contender, SAME),
            other.tool,
            f"{other.found.hits} of {other.found.tries}",
            f"{other.found.low:.1%} to {other.found.high:.1%}",
            str(other.wrong_sign),
            "",
            "",
        )
    out.print(table)


def named(contender: str, same: str) -> str:
    """Return what a row of the self-test was asked, for a reader."""
    if contender == same:
        return "itself: called different"
    try:
        return f"{float(contender):.0%}: called slower"
    except ValueError:
        return f"{contender}: the interval holds the mean over hash seeds"


@contextmanager
def counted_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on standard error; yields what tells it how many of how many are done."""
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
        item = bar.add_task("", total=None)

        def advance(doing: str, done: int, total: int) -> None:
            bar.update(item, completed=done, total=total, description=escape(doing))

        yield advance


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
