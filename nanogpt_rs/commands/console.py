"""What the commands share: two consoles, progress, refusals, and the words for numbers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from nanogpt_rs.words import share

if TYPE_CHECKING:
    from nanogpt_rs.records.files import Writer
    from nanogpt_rs.records.schema import Meanwhile
    from nanogpt_rs.ruler.provenance import Build
    from nanogpt_rs.ruler.registry import Implementation

FAILED, USAGE, NOTHING, SLOWER, INTERRUPTED = 1, 2, 3, 4, 130
"""How a command ends that did not do all that was asked; 0 is done."""
PACE_AFTER = 10.0
"""Seconds done, after which a progress bar believes its own pace rather than the estimate."""

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Tasks = Annotated[
    list[str] | None, typer.Argument(help="Tasks to take; those that run unasked if none is named.")
]
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
From = Annotated[
    list[Path] | None,
    typer.Option("--from", help="A Python file with somebody's implementations; repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        help="warm, fresh_str, evicted, uncached_file, first_call; repeatable (warm, fresh_str).",
    ),
]
Everything = Annotated[
    bool, typer.Option("--all", help="Also rows that do not run unless asked for.")
]

RESULTS = Path("results/local")
Results = Annotated[Path, typer.Option(help="The folder for records, a folder in it each command.")]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with the newest run, if it was this and interrupted."),
]


def stop(status: int, message: str) -> None:
    """Say on standard error why we stop, and stop."""
    err.print(f"nanogpt-rs: {escape(message)}", soft_wrap=True)
    sys.exit(status)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the errors that are the user's to mend into one line and an exit status."""
    from nanogpt_rs.measuring.selection import SelectionError
    from nanogpt_rs.ruler.corpora import CorpusError, UnknownCorpusError
    from nanogpt_rs.ruler.foreign import ForeignError
    from nanogpt_rs.ruler.provenance import ProvenanceError

    try:
        yield
    except (ForeignError, SelectionError, UnknownCorpusError) as error:
        stop(USAGE, str(error))
    except (CorpusError, ProvenanceError) as error:
        stop(NOTHING, str(error))


def admit(sources: Sequence[Path] | None) -> None:
    """Add what these files and installed packages bring to what is registered.

    Raises:
        nanogpt_rs.ruler.foreign.ForeignError: a file can't be taken. A package that can't is left
            out.
    """
    from nanogpt_rs.ruler import foreign

    for source in sources or ():
        foreign.add_file(source)
    for left_out in foreign.add_installed():
        err.print(f"nanogpt-rs: left out: {escape(left_out)}", soft_wrap=True)


@contextmanager
def damage() -> Iterator[None]:
    """Turn what is wrong with a file of records into one line and an exit status."""
    from nanogpt_rs.records.schema import RecordError

    try:
        yield
    except RecordError as error:
        stop(FAILED, str(error))


@contextmanager
def kept_run(
    command: str, plan: str, build: Build, results: Path, again: bool | None, **about: Any
) -> Iterator[Writer]:
    """Keep a run's records, each as soon as there is one; yields what is told of them.

    Args:
        command: that measures, after which the folder of its records is called.
        plan: a hash of what is asked for.
        build: of the Rust module.
        results: the folder in which there is one for each command.
        again: go on with the newest run there, which was interrupted; ``None`` where this command
            cannot.
        about: fields of ``nanogpt_rs.records.schema.Run`` that are not as they would be found here.
    """
    from nanogpt_rs.measuring import run
    from nanogpt_rs.records import files as records

    try:
        with damage(), records.locked(results / command):
            now = replace(run.describe(command, plan, build), **about)
            keeper = (records.resume if again else records.begin)(results / command, now)
            yield keeper
            keeper.end()
    except KeyboardInterrupt:
        goes_on = "" if again is None else ", and --resume goes on from it"
        stop(INTERRUPTED, f"interrupted; what is finished is kept{goes_on}")


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(document, indent=2))


def seen_live() -> bool:
    """Return whether somebody sees standard error move: rich takes FORCE_COLOR for a terminal.

    Notebooks and CI set that, and would keep each picture of a bar.
    """
    return err.is_terminal and sys.stderr.isatty()


@contextmanager
def timed_progress(seconds: float) -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar on standard error; yields what tells it how far we are.

    Args:
        seconds: what everything is estimated to take.
    """
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[left]} left"),
    )
    with Progress(*columns, console=err, transient=True, disable=not seen_live()) as bar:
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
    with Progress(*columns, console=err, transient=True, disable=not seen_live()) as bar:
        item = bar.add_task("", total=None)

        def advance(doing: str, done: int, total: int) -> None:
            bar.update(item, completed=done, total=total, description=escape(doing))

        yield advance


def meanwhile_line(meanwhile: Meanwhile) -> str:
    """Return how busy the machine was during the run."""
    load = "unknown" if meanwhile.load is None else "{:.2f} to {:.2f}".format(*meanwhile.load)
    return (
        f"{meanwhile.seconds:.0f} s; load {load}, steal {share(meanwhile.steal)}, "
        f"processors busy {share(meanwhile.busy)}."
    )


Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Files of records; the newest run of `bench` or `compare` if none."),
]


def refuse_absent(rows: Sequence[Implementation]) -> None:
    """Stop where a row cannot run here."""
    for row in rows:
        if reason := row.absent():
            stop(NOTHING, f"{row.task} {row.id} {reason}")
