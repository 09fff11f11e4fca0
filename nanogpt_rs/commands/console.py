"""What the commands share: options, two consoles, refusals, kept runs and progress bars."""

from __future__ import annotations

import _thread
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from nanogpt_rs.commands.terminal import Terminal
from nanogpt_rs.ruler import errors, remarks
from nanogpt_rs.ruler.plurals import counted

if TYPE_CHECKING:
    from nanogpt_rs.commands.document import Document
    from nanogpt_rs.records.files import Writer
    from nanogpt_rs.records.schema import Run
    from nanogpt_rs.ruler.provenance import Build
    from nanogpt_rs.ruler.registry import Implementation

FAILED, USAGE, NOTHING = errors.FAILED, errors.USAGE, errors.NOTHING
SLOWER, INTERRUPTED = errors.SLOWER, errors.INTERRUPTED
LEAST_MEMORY = 1_000_000_000
"""Bytes of address space that Python, numpy and a small text need."""
PACE_AFTER = 10.0
"""Seconds after which a progress bar trusts the pace that it sees more than the estimate."""
SIGN_OF_LIFE = 30.0
"""Seconds after which a command without a progress bar prints a line about what it does."""

out = Terminal()
err = Terminal(stderr=True)


def given(context: typer.Context, *names: str) -> list[str]:
    """Return those of these parameters that were given on the command line, as a user types them.

    Args:
        context: Context of the command.
        names: Names of the parameters of its function.
    """
    typed = []
    for parameter in context.command.params:
        source = context.get_parameter_source(str(parameter.name))
        if parameter.name in names and source is not None and source.name == "COMMANDLINE":
            is_option = parameter.param_type_name == "option"
            typed.append(max(parameter.opts, key=len) if is_option else str(parameter.name).upper())
    return typed


def refuse_beside(context: typer.Context, chosen: str, *names: str) -> None:
    """Exit if any of these parameters was given, which have no effect beside another choice.

    Args:
        context: Context of the command.
        chosen: The other choice, as a user types it.
        names: Names of the parameters of its function.
    """
    if useless := given(context, *names):
        stop(USAGE, f"{' and '.join(useless)}: no effect beside {chosen}", "leave one of them out")


def refuse_without(context: typer.Context, needed: str, *names: str) -> None:
    """Exit if any of these parameters was given, which have an effect only with another option.

    Args:
        context: Context of the command.
        needed: The option that was not given.
        names: Names of the parameters of its function.
    """
    if useless := given(context, *names):
        stop(
            USAGE,
            f"{' and '.join(useless)}: no effect without {needed}",
            f"add {needed}, or leave {' and '.join(useless)} out",
        )


def tell(message: str, hint: str | None = None) -> None:
    """Print a message on standard error, and a line with a hint if there is one.

    Args:
        message: What happened, where, and why.
        hint: What to type or to do.
    """
    with suppress(OSError):  # standard error may be on a full disk
        err.say(f"nanogpt-rs: {message}")
        if hint:
            err.say_hint(hint)


def working_folder_exists() -> bool:
    """Return whether the working folder still exists."""
    try:
        return Path.cwd().is_dir()
    except OSError:
        return False


def refuse_lost_folder() -> None:
    """Exit if the working folder was deleted: every path that is not absolute leads nowhere."""
    if not working_folder_exists():
        stop(FAILED, "the working folder does not exist any more", "cd to a folder that exists")


def refuse_little_memory() -> None:
    """Exit where the process may have so little memory that numpy's library never stops asking."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < LEAST_MEMORY:
        stop(
            FAILED,
            f"this process may have {limit / 1e6:,.0f} MB of memory, and needs "
            f"{LEAST_MEMORY / 1e6:,.0f} MB",
            "raise the limit: ulimit -v unlimited",
        )


def spare_threads() -> None:
    """Keep numpy's library at one thread where the process may start no other.

    It takes a thread that it cannot start for Ctrl-C, and would end the command.
    """
    try:
        _thread.start_new_thread(int, ())
    except RuntimeError:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def stop(status: int, message: str, hint: str | None = None) -> NoReturn:
    """Print a message and a hint on standard error, and exit with this status.

    Args:
        status: Exit status of the command.
        message: What happened, where, and why.
        hint: What to type or to do, where something can be done about it.
    """
    tell(message, hint)
    sys.exit(status)


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
        note(f"left out: {left_out}")


def refuse_absent(rows: Sequence[Implementation]) -> None:
    """Exit if one of these implementations cannot run here."""
    for row in rows:
        if reason := row.absent():
            stop(NOTHING, f"{row.task} {row.id} {reason}")


Fault = tuple[str, str, str]
"""Id of an implementation that was not measured, its status, and the reason."""


def report_faults(task: str, faults: Sequence[Fault], *, measured: bool) -> None:
    """Print which implementations were not measured, and exit if one is wrong or all are left out.

    Args:
        task: Name of the task.
        faults: The implementations that were not measured.
        measured: Whether any other was.
    """
    for id, status, details in faults:
        err.say(f"{task} {id}: {status}: {details}")
    if any(status == "wrong" for _, status, _ in faults):
        sys.exit(FAILED)
    if not measured:
        stop(NOTHING, "nothing could be measured here")


class Resuming(Enum):
    """Whether a command goes on with the newest run, which was interrupted."""

    NO = False
    YES = True
    IF_POSSIBLE = None
    """If it is a run of the same request, build and code; otherwise a new run begins."""


@contextmanager
def kept_run(
    command: str, request: str, build: Build, results: Path, resume: Resuming | None, **about: Any
) -> Iterator[Writer]:
    """Yield the writer of a run's file, which saves each record as soon as it is given one.

    Args:
        command: Name of the command that measures, and of the folder of its records.
        request: A hash of the request; only a run of the same request is resumed.
        build: How the Rust module was built.
        results: Folder for results, with one subfolder for each command.
        resume: Whether to go on with the newest run in it; ``None`` for commands that never do.
        about: Fields of ``nanogpt_rs.records.schema.Run`` that describe another commit than the
            one checked out.
    """
    from nanogpt_rs.measuring import run
    from nanogpt_rs.records import files as records

    try:
        with records.locked(results / command):
            now = replace(run.describe(command, request, build), **about)
            begin = {
                Resuming.YES: records.resume,
                Resuming.IF_POSSIBLE: records.resume_if_possible,
            }.get(resume or Resuming.NO, records.begin)
            writer = begin(results / command, now)
            if resume is Resuming.IF_POSSIBLE and writer.cells:
                kept = counted(len(writer.cells), "result")
                note(
                    f"going on with the run that was interrupted: {kept} kept",
                    f"to begin anew: `nanogpt-rs {command} --summary --anew`",
                )
            tell_unknown_commit(writer.run)
            yield writer
            writer.end()
    except KeyboardInterrupt:
        again = "to go on, give the command again"
        hints = {Resuming.IF_POSSIBLE: again, None: None}
        hint = hints.get(resume, f"{again} with --resume")
        stop(INTERRUPTED, "interrupted; what is finished is kept", hint)


def tell_unknown_commit(run: Run) -> None:
    """Say why a run in a checkout does not know its commit, if it does not."""
    from nanogpt_rs.ruler.provenance import ROOT, is_checkout, no_git

    if run.commit is None and is_checkout(ROOT) and (reason := no_git(ROOT)):
        note(f"the commit is unknown: {reason[0]}; to record this run, {reason[1]}")


def require_writable(record: Path | None) -> None:
    """Check that a file of records can be appended to; where there was none, none is left.

    Raises:
        OSError: It cannot be appended to.
    """
    if record is None:
        return
    record.parent.mkdir(parents=True, exist_ok=True)
    new = not record.exists()
    record.open("ab").close()
    if new:
        record.unlink()


def print_json(name: str, document: Document) -> None:
    """Print one JSON document on standard output.

    Args:
        name: Name of the document, a key of ``nanogpt_rs.commands.documents.DOCUMENTS``.
        document: Instance of that document's class.
    """
    from nanogpt_rs.commands.documents import text_of

    print(text_of(name, document))


@dataclass
class Volume:
    """How much a command says on standard error while it works.

    Attributes:
        quiet: Whether it shows no progress and no notes.
        verbose: Whether it prints a line for each step.
        last_step: The step that was printed last.
    """

    quiet: bool = False
    verbose: bool = False
    last_step: str = ""


volume = Volume()
"""The volume of this process, which ``--quiet`` and ``--verbose`` set."""


def set_volume(*, quiet: bool, verbose: bool) -> None:
    """Set how much this process says, or exit if it is asked for both less and more."""
    if quiet and verbose:
        stop(USAGE, "--quiet and --verbose contradict each other", "give one of them")
    volume.quiet, volume.verbose = quiet, verbose
    remarks.say_by(note)


def note(message: str, hint: str | None = None) -> None:
    """Print a message that is no error on standard error, unless ``--quiet`` was given."""
    if not volume.quiet:
        tell(message, hint)


def tell_step(step: str) -> None:
    """Print the step that begins now on standard error, if ``--verbose`` was given."""
    if volume.verbose and step and step != volume.last_step:
        volume.last_step = step
        err.say(f"nanogpt-rs: {step}")


def seen_live() -> bool:
    """Return whether a person watches standard error on a terminal, and wants to see progress.

    rich takes FORCE_COLOR for a terminal. Notebooks and CI set that variable, and would keep every
    picture of a progress bar.
    """
    return not volume.quiet and sys.stderr.isatty() and err.console.is_terminal


@contextmanager
def timed_progress(seconds: float) -> Iterator[Callable[[str, float], None]]:
    """Show a progress bar with the time left on standard error, or without a terminal some lines.

    Yields a function that takes a description of the current step, and the number of estimated
    seconds that are just done.

    Args:
        seconds: Estimated seconds for everything.
    """
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[left]} left"),
    )
    with Progress(*columns, console=err.console, transient=True, disable=not seen_live()) as bar:
        item = bar.add_task("", total=seconds, left=minutes(seconds))
        start = time.monotonic()
        done = last_line = 0.0

        def advance(step: str, just_done: float) -> None:
            nonlocal done, last_line
            tell_step(step)
            done += just_done
            # The elapsed time shows how far the current step is, even between two calls.
            elapsed = time.monotonic() - start
            pace = max(0.5, elapsed / done) if done > PACE_AFTER else 1.0
            left = minutes((seconds - done) * pace)
            bar.update(item, completed=done, description=escape(step), left=left)
            if not (seen_live() or volume.verbose) and elapsed - last_line >= SIGN_OF_LIFE:
                last_line = elapsed
                note(f"{step}; {left} left")

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
    if not seen_live():
        yield lambda step, *_: tell_step(step)
        return
    from rich.markup import escape
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
    with Progress(*columns, console=err.console, transient=True) as bar:
        item = bar.add_task("", total=None)

        def advance(step: str, done: int, total: int) -> None:
            tell_step(step)
            bar.update(item, completed=done, total=total, description=escape(step))

        yield advance
