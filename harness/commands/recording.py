"""The commands that keep, show and promote what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from harness.console import USAGE, out, stop


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
