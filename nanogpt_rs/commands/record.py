"""The command ``dev record``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nanogpt_rs.commands.console import USAGE, out, stop
from nanogpt_rs.commands.options import Recorded


def record(
    alias: Annotated[
        str, typer.Argument(help="A name for this machine, of your choice, such as epyc-2core.")
    ],
    command: Annotated[
        str,
        typer.Argument(
            help="What was measured, by its name in records: bench, compare, diff; breakdown, "
            "count or memory (profile); end-to-end (job measure); cost or prepare (data); "
            "division (model race); selftest (doctor --self-test); or pytest-benchmark."
        ),
    ] = "bench",
    results: Recorded = Path("results"),
) -> None:
    """Promote the newest run of a command from results/local to results, under an alias.

    For example: nanogpt-rs dev record epyc-2core bench
    """
    from nanogpt_rs.records.promotion import promote, promote_pytest_benchmark
    from nanogpt_rs.records.schema import RecordError

    try:
        if command == "pytest-benchmark":
            path = promote_pytest_benchmark(results, alias)
        else:
            path = promote(results, alias, command)
    except RecordError as error:
        stop(USAGE, str(error), error.hint)
    out.say_path(path)
