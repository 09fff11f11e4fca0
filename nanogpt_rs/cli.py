"""The command line. Standard output holds what was asked for, standard error everything else."""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from nanogpt_rs.commands import (
    breakdown,
    costing,
    counting,
    creating,
    diffing,
    divisions,
    jobs,
    listing,
    measuring,
    memory,
    preparing,
    publishing,
    recording,
    selftest,
    training,
    watching,
)
from nanogpt_rs.commands.console import NOTHING, stop

STATUSES = (
    "Exit status: 0 done; 1 a cell failed; 2 wrong usage; 3 nothing could be measured; "
    "4 slower (diff); 130 interrupted."
)

app = typer.Typer(
    name="nanogpt-rs",
    epilog=STATUSES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    """Print the version and stop, if it was asked for."""
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
    """Tell whether a piece of Python is worth rewriting in Rust, and what the whole job gains."""


app.command("list")(listing.list_)
app.command("corpora")(listing.list_corpora)
app.command()(listing.verify)
app.command()(measuring.bench)
app.command()(measuring.compare)
app.command()(breakdown.breakdown)
app.command()(memory.memory)
app.command()(jobs.job)
app.command()(costing.cost)
app.command()(selftest.selftest)
app.command()(diffing.diff)
app.command()(counting.count)
app.command()(recording.show)
app.command()(recording.export)
app.command()(preparing.prepare)
app.command()(training.train)
app.command()(training.sample)
app.command()(divisions.division)
app.command()(recording.record)
app.command()(publishing.report)
app.command()(publishing.splice)
app.command()(publishing.publish)
app.command()(creating.new)
app.command()(watching.watch)
app.command()(listing.doctor)


def main() -> None:
    """Run the command line, having made sure that the ruler is our own."""
    if hasattr(signal, "SIGPIPE"):  # a reader such as `head` that has enough is no failure of ours
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # Ended from outside, we still remove what we have made for the time being.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    ours = Path(__file__).resolve().parent / "__init__.py"
    spec = importlib.util.find_spec("nanogpt_rs")
    found = Path(spec.origin).resolve() if spec and spec.origin else None
    if found != ours:
        stop(
            NOTHING,
            f"nanogpt_rs would be imported from {found}, not from {ours}: another shadows it",
        )
    app()
