"""What the commands share: two consoles, progress, refusals, and the words for numbers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from benchmarks.provenance import Build
    from harness.machine import Meanwhile
    from harness.records import Writer

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
    from benchmarks.corpora import CorpusError, UnknownCorpusError
    from benchmarks.foreign import ForeignError
    from benchmarks.provenance import ProvenanceError
    from harness.selection import SelectionError

    try:
        yield
    except (ForeignError, SelectionError, UnknownCorpusError) as error:
        stop(USAGE, str(error))
    except (CorpusError, ProvenanceError) as error:
        stop(NOTHING, str(error))


def admit(sources: Sequence[Path] | None) -> None:
    """Add what these files and installed packages bring to what is registered.

    Raises:
        benchmarks.foreign.ForeignError: a file can't be taken. A package that can't is left out.
    """
    from benchmarks import foreign

    for source in sources or ():
        foreign.add_file(source)
    for left_out in foreign.add_installed():
        err.print(f"nanogpt-rs: left out: {escape(left_out)}", soft_wrap=True)


@contextmanager
def damage() -> Iterator[None]:
    """Turn what is wrong with a file of records into one line and an exit status."""
    from harness.records import RecordError

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
        about: fields of ``harness.records.Run`` that are not as they would be found here.
    """
    from harness import records

    try:
        with damage(), records.locked(results / command):
            now = replace(records.describe(command, plan, build), **about)
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


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    return in_unit(seconds, (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)))


def rate(per_second: float) -> str:
    """Return a number a second with the prefix that suits it."""
    return in_unit(per_second, (("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1.0))).rstrip()


def in_unit(number: float, units: Sequence[tuple[str, float]]) -> str:
    """Return a number to three digits in the first of these units that it reaches, or the last."""
    number = float(f"{number:.3g}")  # first, lest 999.7 of one unit be 1e+03 of it
    unit, scale = next((each for each in units if abs(number) >= each[1]), units[-1])
    return f"{digits(number / scale)} {unit}"


def digits(number: float, most: int = 3) -> str:
    """Return a number to so many digits, however large or small, without an exponent."""
    return f"{Decimal(f'{number:.{most}g}'):,f}"


def times(ratio: float) -> str:
    """Return a ratio with as many digits as a reader can use."""
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.3g}" if ratio >= 2 else f"{ratio:.3f}"


def share(number: float | None) -> str:
    """Return a share in per cent, or that this system does not tell."""
    return "unknown" if number is None else f"{number:.1%}"


def meanwhile_line(meanwhile: Meanwhile) -> str:
    """Return how busy the machine was during the run."""
    load = "unknown" if meanwhile.load is None else "{:.2f} to {:.2f}".format(*meanwhile.load)
    return (
        f"{meanwhile.seconds:.0f} s; load {load}, steal {share(meanwhile.steal)}, "
        f"processors busy {share(meanwhile.busy)}."
    )
