"""Records as tables with a row for each cell and reference: CSV, Markdown, Parquet."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nanogpt_rs.records.builds import over_builds
from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.records.schema import Against, Cell, Run
from nanogpt_rs.ruler.errors import NOTHING, UserError
from nanogpt_rs.statistics.adjusted import adjusted
from nanogpt_rs.words import fixed, ratio_places

if TYPE_CHECKING:
    import pandas

FORMATS = ("csv", "markdown", "parquet")
IN_MARKDOWN = (
    *("task", "id", "corpus", "state", "status", "seconds"),
    *("builds", "fastest_build_seconds", "slowest_build_seconds"),
    *("reference", "verdict", "ratio", "low", "high"),
)
"""Columns that a table in Markdown has; ``origin`` too where a row is a third party's."""
WHOLE_NUMBERS = ("builds", "instructions", "instructions_before")
"""Columns of whole numbers that only some rows have."""
RATIOS = ("ratio", "low", "high")
"""Columns of a ratio and its interval."""


class FrameError(UserError):
    """A table cannot be made here; the message says what is missing."""

    exit_status = NOTHING


def frame_of(runs: Sequence[Recorded]) -> pandas.DataFrame:
    """Return a table of the cells of these runs.

    One row stands for a cell and a reference that it was compared with, or for a cell that was
    compared with none. The columns are fields of ``records.schema.Cell`` and of its comparison,
    then the machine, the build and the commit. A ratio above 1 says that the cell was faster.
    ``builds`` is empty for Python; the seconds of the fastest and of the slowest build are empty
    where one build was measured. ``origin`` is the source of a third party's implementation.

    Raises:
        FrameError: pandas is missing.
    """
    try:
        import pandas
    except ImportError:
        raise FrameError("this needs pandas: pip install pandas") from None
    frame = pandas.DataFrame(
        [
            row_of(recorded.run, cell, against)
            for recorded in runs
            for cell in adjusted(recorded.cells)
            for against in cell.against or (None,)
        ]
    )
    # Not every row has them, and pandas would make such a column one of floats.
    return frame.astype({name: "Int64" for name in WHOLE_NUMBERS if name in frame})


def row_of(run: Run, cell: Cell, against: Against | None) -> dict[str, Any]:
    """Return the row of a cell and one of its references; ``None`` for a cell without one."""
    compared = None if against is None else against.comparison
    low, high = (None, None) if compared is None or compared.interval is None else compared.interval
    control = None if compared is None else compared.control
    builds = over_builds(cell)
    fastest, slowest = (None, None) if builds is None or builds.seconds is None else builds.seconds
    return {
        "task": cell.task,
        "id": cell.id,
        "corpus": cell.corpus,
        "state": cell.state,
        "status": cell.status,
        "seconds": cell.seconds,
        "builds": None if builds is None else builds.count,
        "fastest_build_seconds": fastest,
        "slowest_build_seconds": slowest,
        "role": None if against is None else against.role,
        "reference": None if against is None else against.id,
        "verdict": None if compared is None else compared.verdict,
        "ratio": None if compared is None else compared.ratio,
        "low": low,
        "high": high,
        "control": None if control is None else control.ratio,
        "resolves": None if compared is None else compared.resolves,
        "p_adjusted": None if compared is None else compared.p_adjusted,
        "clock": None if compared is None else compared.clock,
        "processes": cell.processes,
        "cores": cell.cores,
        "instructions": cell.instructions,
        "instructions_before": cell.instructions_before,
        "change": cell.change,
        "limit": cell.limit,
        "origin": cell.origin,
        "characters": cell.characters,
        "width": cell.width,
        "corpus_sha256": cell.sha256,
        "details": "; ".join(cell.details),
        "machine": run.machine.alias,
        "cpu": run.machine.cpu,
        "python": run.machine.python,
        "rustc": run.build["rustc"],
        "profile": run.build["profile"],
        "commit": run.commit,
        "dirty": run.dirty,
        "run": run.run,
        "began": run.began,
    }


def written(frame: pandas.DataFrame, format: str) -> bytes:
    """Return a table in a format of ``FORMATS``.

    Raises:
        FrameError: The package that writes this format is missing.
    """
    if format == "csv":
        return bytes(frame.to_csv(index=False).encode())
    if format == "markdown":
        foreign = ["origin"] if frame["origin"].notna().any() else []
        return markdown(frame[[*IN_MARKDOWN, *foreign]]).encode()
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError:
        raise FrameError("Parquet needs pyarrow: pip install 'nanogpt-rs[parquet]'") from None
    return buffer.getvalue()


def markdown(frame: pandas.DataFrame) -> str:
    """Return a table in GitHub's Markdown, in which no value breaks out of its cell."""
    rows = [list(in_words(row).values()) for row in frame.to_dict("records")]
    return markdown_of(list(frame.columns), rows)


def in_words(row: dict[Any, Any]) -> dict[str, str]:
    """Return the values of a row as people read them; an interval has the digits of its ratio."""
    from pandas import isna

    words = {
        name: "" if isna(value) else f"{value:.4g}" if isinstance(value, float) else str(value)
        for name, value in row.items()
    }
    for name in RATIOS:
        if not isna(row["ratio"]) and not isna(row[name]):
            words[name] = fixed(row[name], ratio_places(row["ratio"]))
    return words


def markdown_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of words in GitHub's Markdown, in which none breaks out of its cell."""

    def line(words: Sequence[str]) -> str:
        cells = (
            word.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
            for word in words
        )
        return f"| {' | '.join(cells)} |\n"

    return line(columns) + line(["---"] * len(columns)) + "".join(map(line, rows))
