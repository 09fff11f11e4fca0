"""What the commands share: options, two consoles, refusals, kept runs and progress bars."""

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

from nanogpt_rs.ruler.corpora import CorpusError, UnknownCorpusError
from nanogpt_rs.ruler.provenance import ProvenanceError

if TYPE_CHECKING:
    from nanogpt_rs.records.files import Writer
    from nanogpt_rs.ruler.provenance import Build
    from nanogpt_rs.ruler.registry import Implementation

FAILED, USAGE, NOTHING, SLOWER, INTERRUPTED = 1, 2, 3, 4, 130
"""The exit statuses of a command that did not do everything; 0 stands for success."""
PACE_AFTER = 10.0
"""Seconds after which a progress bar trusts the pace that it sees more than the estimate."""

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

DEFAULT_TASKS = "the tasks that run by default"
Tasks = Annotated[
    list[str] | None,
    typer.Argument(help="Tasks, such as charset; see `list`.", show_default=DEFAULT_TASKS),
]
AllTasks = Annotated[
    list[str] | None, typer.Argument(help="Tasks, such as charset.", show_default="all tasks")
]
OneTask = Annotated[str, typer.Argument(help="A task, such as charset; see `list`.")]
Ids = Annotated[
    list[str] | None,
    typer.Option("--id", help="Id of an implementation, such as rust/ahash; repeatable."),
]
CORPUS_HELP = "Id of a corpus, see `corpora`, or the path of a UTF-8 file"
Corpora = Annotated[
    list[str] | None,
    typer.Option("--corpus", help=f"{CORPUS_HELP}; repeatable.", show_default="synthetic"),
]
OneCorpus = Annotated[str, typer.Option("--corpus", help=f"{CORPUS_HELP}.")]
From = Annotated[
    list[Path] | None,
    typer.Option(
        "--from", help="A Python file that registers implementations of your own; repeatable."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Everything = Annotated[
    bool, typer.Option("--all", help="Also take the implementations that do not run by default.")
]

BUILDS = 16
"""Builds by default. Links take a quarter of a second each, after one compilation; and no process
needs to share its build with another until there are more processes."""
Builds = Annotated[
    int,
    typer.Option(
        "--builds",
        min=1,
        envvar="NANOGPT_RS_BUILDS",
        help="Builds of the Rust module to measure in. They differ in where code lies in memory, "
        "so that verdicts hold after a rebuild. With 1, they hold for that build alone. Several "
        "builds need Linux, a checkout and a Rust compiler.",
    ),
]

RESULTS = Path("results/local")
Results = Annotated[
    Path, typer.Option(help="Folder for results, with one subfolder for each command.")
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Resume the newest interrupted run of the same request."),
]
Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Files of records.", show_default="the newest run of `bench` or `compare`"),
]


def stop(status: int, message: str) -> None:
    """Print a message on standard error, and exit with this status."""
    err.print(f"nanogpt-rs: {escape(message)}", soft_wrap=True)
    sys.exit(status)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn errors that the user can correct into one line on standard error and an exit status."""
    from nanogpt_rs.measuring.selection import SelectionError
    from nanogpt_rs.ruler.foreign import ForeignError

    try:
        yield
    except (ForeignError, SelectionError, UnknownCorpusError) as error:
        stop(USAGE, str(error))
    except (CorpusError, ProvenanceError) as error:
        stop(NOTHING, str(error))


@contextmanager
def training_refusals() -> Iterator[Any]:
    """Yield ``model.train``, and turn errors as ``refusals`` does, those of training included."""
    from nanogpt_rs.preparing.shards import ShardError
    from nanogpt_rs.training.corpus import NoTorchError, import_training

    with refusals():
        try:
            training = import_training()
        except NoTorchError as error:
            stop(NOTHING, str(error))
        try:
            yield training
        except ShardError as error:
            stop(FAILED, str(error))
        except training.UsageError as error:
            stop(USAGE, str(error))
        except training.TrainingError as error:
            stop(FAILED, str(error))
        except OSError as error:
            name = error.filename or "a file"
            stop(FAILED, f"{name} cannot be read or written: {error.strerror}")


def admit(sources: Sequence[Path] | None) -> None:
    """Register the implementations of these files and of installed packages.

    A package whose implementations cannot be registered is named on standard error.

    Raises:
        nanogpt_rs.ruler.foreign.ForeignError: The implementations of a file cannot be registered.
    """
    from nanogpt_rs.ruler import foreign

    for source in sources or ():
        foreign.add_file(source)
    for left_out in foreign.add_installed():
        err.print(f"nanogpt-rs: left out: {escape(left_out)}", soft_wrap=True)


def refuse_absent(rows: Sequence[Implementation]) -> None:
    """Exit if one of these implementations cannot run here."""
    for row in rows:
        if reason := row.absent():
            stop(NOTHING, f"{row.task} {row.id} {reason}")


@contextmanager
def damage() -> Iterator[None]:
    """Turn errors in files of records into one line on standard error and an exit status."""
    from nanogpt_rs.records.schema import RecordError

    try:
        yield
    except RecordError as error:
        stop(FAILED, str(error))


@contextmanager
def kept_run(
    command: str, request: str, build: Build, results: Path, resume: bool | None, **about: Any
) -> Iterator[Writer]:
    """Yield the writer of a run's file, which saves each record as soon as it is given one.

    Args:
        command: Name of the command that measures, and of the folder of its records.
        request: A hash of the request; only a run of the same request is resumed.
        build: How the Rust module was built.
        results: Folder for results, with one subfolder for each command.
        resume: Whether to go on with the newest run in it; ``None`` for commands that cannot.
        about: Fields of ``nanogpt_rs.records.schema.Run`` that describe another commit than the
            one checked out.
    """
    from nanogpt_rs.measuring import run
    from nanogpt_rs.records import files as records

    try:
        with damage(), records.locked(results / command):
            now = replace(run.describe(command, request, build), **about)
            writer = (records.resume if resume else records.begin)(results / command, now)
            yield writer
            writer.end()
    except KeyboardInterrupt:
        how = "" if resume is None else "; go on with --resume"
        stop(INTERRUPTED, f"interrupted; what is finished is kept{how}")


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    print(json.dumps(document, indent=2))


def seen_live() -> bool:
    """Return whether a person watches standard error on a terminal.

    rich takes FORCE_COLOR for a terminal. Notebooks and CI set that variable, and would keep every
    picture of a progress bar.
    """
    return err.is_terminal and sys.stderr.isatty()


@contextmanager
def timed_progress(seconds: float) -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar with the time left on standard error.

    Yields a function that takes a description of the current step, and the number of estimated
    seconds that are just done.

    Args:
        seconds: Estimated seconds for everything.
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

        def advance(step: str, just_done: float) -> None:
            nonlocal done
            done += just_done
            # The elapsed time shows how far the current step is, even between two calls.
            elapsed = time.monotonic() - start
            pace = max(0.5, elapsed / done) if done > PACE_AFTER else 1.0
            left = minutes((seconds - done) * pace)
            bar.update(item, completed=done, description=escape(step), left=left)

        yield advance


def minutes(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds, such as ``0:01:30``."""
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


@contextmanager
def counted_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar with a count on standard error.

    Yields a function that takes a description of the current step, the number of steps that are
    done, and the number of all steps.
    """
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

        def advance(step: str, done: int, total: int) -> None:
            bar.update(item, completed=done, total=total, description=escape(step))

        yield advance
