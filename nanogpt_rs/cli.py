"""The command line. Standard output holds the answer to the command, standard error all else."""

from __future__ import annotations

import signal
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Annotated

import typer

from nanogpt_rs.commands.console import NOTHING, stop
from nanogpt_rs.commands.door import enter
from nanogpt_rs.commands.terminal import use_plain_text
from nanogpt_rs.commands.tree import Root

STATUSES = (
    "Exit status: 0 done; 1 something failed; 2 wrong usage; 3 nothing could be measured; "
    "4 slower (diff); 130 interrupted."
)

app = typer.Typer(
    name="nanogpt-rs",
    cls=Root,
    epilog=STATUSES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Click's own help wraps whole paragraphs, and needs no more than ASCII.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    """Print the version and end the program if ``--version`` was given."""
    if wanted:
        from nanogpt_rs.ruler.provenance import installed

        print(f"nanogpt-rs {installed().version}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Find out whether some Python is worth rewriting in Rust, and what the whole job gains."""


def main() -> None:
    """Run the command line, unless Python would import another ``nanogpt_rs`` than this one."""
    if hasattr(signal, "SIGPIPE"):  # a reader such as `head` that has enough is no failure of ours
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    use_plain_text()
    # A process that is asked to end still removes its temporary files.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.exit(enter(run))


def run() -> object:
    """Run the command that the words of the command line name, and return its exit status."""
    refuse_another_package()
    return app(standalone_mode=False)


def refuse_another_package() -> None:
    """End the program if ``nanogpt_rs`` is on the import path, but is not the package of this file.

    ``python -m nanogpt_rs`` in the folder of a checkout runs that checkout's package, whichever is
    installed. Where none is on the import path, the commands that measure say so themselves.
    """
    running = Path(__file__).resolve().parent
    spec = PathFinder.find_spec(running.name)
    if spec is None or spec.origin is None:
        return
    on_path = Path(spec.origin).resolve().parent
    if on_path != running:
        stop(
            NOTHING,
            f"this is the nanogpt_rs in {running}, and the one on the import path is in {on_path}",
            "start it from another folder, or install this one",
        )
