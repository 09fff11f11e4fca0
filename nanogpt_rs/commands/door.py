"""The door that every command goes through: whatever ends a command is told in one style.

A message says what happened and why. Where something can be done about it, a line that begins with
``hint:`` follows, which says what to type or to do. Only a bug of ours shows a traceback.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import typer

from nanogpt_rs.commands.console import (
    FAILED,
    INTERRUPTED,
    NOTHING,
    USAGE,
    refuse_lost_folder,
    stop,
    tell,
)
from nanogpt_rs.ruler.errors import did_you_mean, lacks_thread

MORE_MEMORY = (
    "take a smaller corpus or fewer workers, close other programs, or raise the limit (ulimit -v)"
)
OTHER_PLACE = "name a file or a folder that you may write to, or change its permissions"
SPACE = "free some space there, or name a folder on another disk"
CURES = {
    errno.ENOSPC: SPACE,
    errno.EDQUOT: SPACE,
    errno.EFBIG: "raise the limit of the size of files (ulimit -f), or name another disk",
    errno.EACCES: OTHER_PLACE,
    errno.EPERM: OTHER_PLACE,
    errno.EROFS: "name a file or a folder on a disk that can be written to",
    errno.EMFILE: "raise the limit of open files: ulimit -n 1024",
    errno.ENFILE: "close other programs: this system has no room for more open files",
    errno.EAGAIN: "raise the limit of processes (ulimit -u), or ask for fewer workers",
    errno.ENOMEM: MORE_MEMORY,
    errno.ENAMETOOLONG: "take a shorter name",
    errno.EIO: "the disk or the device has a fault: the log of the system says more (dmesg)",
    errno.ENOENT: "check the spelling of the path",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "a part of this path is a file where a folder is needed: name another path",
}
"""What to do about a fault of the system, by its number."""


PRINTING = {"enter", "echo", "print_json", "export", "put", "sample"}
"""Functions that print by themselves: ours and Click's."""


def enter(program: Callable[[], object]) -> int:
    """Run the program, tell what ended it if that is no success, and return the exit status.

    Args:
        program: The program; it returns an exit status, or ``None`` for success.
    """
    try:
        open_closed_files()
        try:
            status = program()
        finally:
            sys.stdout.flush()
    except SystemExit as ended:
        status = ended.code
    except KeyboardInterrupt:
        tell("interrupted")
        return INTERRUPTED
    except Exception as error:
        return told(error)
    if status == INTERRUPTED:  # Typer makes it of Ctrl-C
        tell("interrupted")
    return status if isinstance(status, int) else 0 if status is None else FAILED


def told(error: Exception) -> int:
    """Tell what ended the program, and return the exit status that follows."""
    if isinstance(error, usage_error()):
        return told_of_usage(error)
    ending = ending_of(error)
    if ending is None:
        return told_of_bug(error)
    tell(ending.message, ending.hint)
    return ending.status


class Ending(NamedTuple):
    """How an error ends a command: the exit status, the message and the hint."""

    status: int
    message: str
    hint: str | None


def ending_of(error: Exception) -> Ending | None:
    """Return how an error ends a command, or ``None`` if it is a bug of ours."""
    status = getattr(error, "exit_status", None)
    ending = None
    if isinstance(status, int):  # an error of ours, or one of `model`
        ending = Ending(status, str(error), getattr(error, "hint", None))
    elif isinstance(error, OSError):
        ending = fault_of_system(error)
    elif isinstance(error, MemoryError):
        ending = Ending(FAILED, "there is not enough memory", MORE_MEMORY)
    elif isinstance(error, ModuleNotFoundError) and not is_ours(error.name or ""):
        ending = missing_library(error.name or "")
    elif lacks_thread(error):
        ending = Ending(FAILED, "no more threads can be started", CURES[errno.EAGAIN])
    elif isinstance(error, typer.Abort):
        ending = Ending(INTERRUPTED, "interrupted", None)
    return ending


def told_of_bug(error: Exception) -> int:
    """Show the traceback of a bug of ours, and say that it is one."""
    with suppress(OSError):
        traceback.print_exception(error)
    tell(
        "this is a bug of nanogpt-rs, and no fault of yours",
        "please report it: the command, the lines above, and what `nanogpt-rs doctor` prints",
    )
    return FAILED


def usage_error() -> type[Exception]:
    """Return Click's error of usage; some versions of Typer bring a Click of their own."""
    return next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")


def told_of_usage(error: Any) -> int:
    """Tell what was wrong with the words of the command line."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return USAGE
    context = error.ctx
    path = "nanogpt-rs" if context is None else context.command_path
    help_line = f"`{path} --help` shows how it is called"
    option = getattr(error, "option_name", None)
    message = error.format_message().rstrip(".")
    if type(error).__name__ == "NoSuchOption" and context is not None:
        message = f"no such option: {option}"
        known = [name for each in context.command.get_params(context) for name in each.opts]
        hint = did_you_mean(str(option), known, help_line)
    else:
        example = example_of(context)
        hint = f"for example: `{example}`; {help_line}" if example else help_line
    command = path.removeprefix("nanogpt-rs").strip()
    tell(f"{command}: {lowered(message)}" if command else lowered(message), hint)
    return USAGE


def lowered(message: str) -> str:
    """Return a message of Click's as ours begin, with a small letter."""
    return message[:1].lower() + message[1:]


def example_of(context: Any) -> str | None:
    """Return the first example in the help of a command, or ``None``."""
    text = getattr(getattr(context, "command", None), "help", None) or ""
    for line in text.splitlines():
        if line.startswith("For example: "):
            return str(line.removeprefix("For example: ").strip())
    return None


def fault_of_system(error: OSError) -> Ending:
    """Return how a fault of the system ends a command: a full disk, a file that may not be read."""
    reason = error.strerror or str(error)
    if standard_output_fails() or was_printing(error):
        return Ending(
            FAILED,
            f"standard output cannot be written: {reason}",
            "send it to a file on a disk with space; what was recorded is kept",
        )
    refuse_lost_folder()  # it may be lost only since the command began
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if name is not None]
    where = f"{' and '.join(names)}: " if names else ""
    return Ending(FAILED, f"{where}{reason}", CURES.get(error.errno or 0))


def missing_library(module: str) -> Ending:
    """Return how a library that is not installed ends a command."""
    from nanogpt_rs.ruler.provenance import how_to_install

    name = module.partition(".")[0]
    message = f"this command needs {name}, which is not installed here"
    return Ending(NOTHING, message, how_to_install(name) or f"pip install {name}")


def is_ours(module: str) -> bool:
    """Return whether a module is one of ours, so that its absence is a bug."""
    return module.partition(".")[0] in {"nanogpt_rs", "py_impls", "model", "benchmarks"}


def was_printing(error: OSError) -> bool:
    """Return whether an error comes from printing; what could not be printed is dropped then."""
    frames = traceback.extract_tb(error.__traceback__)
    by_rich = any("/rich/console.py" in frame.filename.replace(os.sep, "/") for frame in frames)
    # The last frame of all is ours where the rest is printed at the end.
    return error.filename is None and (by_rich or frames[-1].name in PRINTING)


def standard_output_fails() -> bool:
    """Return whether standard output takes no more; what is left for it is dropped then."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, sys.stdout.fileno())  # so that Python can flush it when it ends
            os.close(nothing)
        return True
    return False


def open_closed_files() -> None:
    """Open the null device as whichever of the three standard files is closed.

    The next file that is opened would take its number otherwise, and what is printed would end up
    in that file. A closed standard output is refused, before anything is done whose answer nobody
    would see.
    """
    stdout_is_closed = sys.stdout is None
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is the one that is closed: those below it are open by now.
            os.open(os.devnull, os.O_RDONLY if name == "stdin" else os.O_WRONLY)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            file = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, file)
    if stdout_is_closed:
        stop(
            FAILED,
            "standard output is closed, and nobody would see the answer",
            "send it to a file, or to /dev/null to drop it",
        )
