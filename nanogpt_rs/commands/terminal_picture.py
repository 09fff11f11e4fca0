"""Draws what a terminal shows of a recorded comparison, for documents."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nanogpt_rs.ruler.errors import UserError

if TYPE_CHECKING:
    from nanogpt_rs.records.kinds import Recorded

COLUMNS = 80
FONT = re.compile(r"@font-face \{.*?\}\n", re.DOTALL)
"""Where rich's drawing asks for fonts of another site. A page that is read offline has none."""
PLAINLY = ("NO_COLOR", "TERM", "COLORTERM")
"""Variables that decide on colours, which are the same in every drawing."""


def terminal_picture(folder: Path, record: str) -> bytes:
    """Return an SVG of a terminal with the command of a comparison and what it printed.

    Args:
        folder: A folder.
        record: Path of the comparison's record in it. ``show`` prints what ``compare`` had printed.

    Raises:
        LookupError: The record is not one of ``compare`` on one task and text.
        UserError: ``show`` failed.
        nanogpt_rs.records.schema.RecordError: There is no such record, or it is damaged.
    """
    from rich.console import Console
    from rich.text import Text

    from nanogpt_rs.records.files import read

    path = folder / record
    command = command_of(read(path)[-1])
    environment = {name: value for name, value in os.environ.items() if name not in PLAINLY}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "nanogpt_rs", "show", str(path)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**environment, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color"},
    )
    if done.returncode:
        raise UserError(f"`nanogpt-rs show` did not show {path.name}: {done.stderr.strip()}")
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False
    )
    console.print(f"$ {command}", style="bold", markup=False)
    console.print(Text.from_ansi(done.stdout))
    return FONT.sub("", console.export_svg(title="nanogpt-rs", unique_id="terminal")).encode()


def command_of(recorded: Recorded) -> str:
    """Return the command line of a comparison.

    Raises:
        LookupError: The record is not one of ``compare`` on one task and text.
    """
    run, cells = recorded.run, recorded.cells
    tasks, corpora = ({getattr(cell, name) for cell in cells} for name in ("task", "corpus"))
    if run.command != "compare" or len(tasks) != 1 or len(corpora) != 1:
        raise LookupError(f"run {run.run} is no comparison of one task's implementations")
    words = [*tasks, *(cell.id for cell in cells), "-c", *corpora]
    return " ".join(("nanogpt-rs compare", *words))
