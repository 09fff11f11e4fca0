"""The command ``division``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    AsJson,
    counted_progress,
    damage,
    err,
    out,
    print_json,
    training_refusals,
)
from nanogpt_rs.words import duration, times

CLOSED_SEEDS, OPEN_SEEDS = 3, 20


def division(
    name: Annotated[str, typer.Argument(help="closed or open.")],
    prepare: Annotated[
        str | None, typer.Option(help="What prepares the text: an id, such as python/numpy_table.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="How many; 3 for closed, 20 for open.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=20, help="Of closed, instead of 2000: for the ratios only.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="A file of JSON Lines to append what came of it to.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a division of training: how fast can TinyShakespeare be learnt here.

    closed: the same model, data, optimizer and schedule as the references', which take turns with
    it (minutes). open: any network trained by gradient steps, from the file to a loss of 1.88.
    """
    from nanogpt_rs.training.corpus import as_files, preparation

    with training_refusals():
        from nanogpt_rs.measuring import run
        from nanogpt_rs.measuring.selection import SelectionError, load_corpora
        from nanogpt_rs.ruler.provenance import check
        from nanogpt_rs.training import divisions

        if name not in ("closed", "open"):
            raise SelectionError(f"no division {name!r}; there are: closed, open")
        if name == "open" and (steps is not None or seeds == 1):
            raise SelectionError("open has its own steps, and needs two seeds for a spread")
        build = check()
        row, prepared_by = preparation(prepare)
        require_writable(record)  # before minutes of training, rather than after
        (text,) = load_corpora([divisions.CORPUS])
        with damage():
            description = run.describe(f"division {name}", f"{seeds} {steps} {row.id}", build)
        found: divisions.Closed | divisions.Open
        with as_files(text, divisions.CORPUS) as paths, counted_progress() as advance:
            if name == "closed":
                first = range(1, 1 + (seeds or CLOSED_SEEDS))
                found = divisions.closed(prepared_by, paths, first, steps, advance)
            else:
                first = range(1, 1 + (seeds or OPEN_SEEDS))
                found = divisions.open_(prepared_by, paths, first, advance)
        corpus = {"id": text.id, "sha256": text.sha256, "prepare": row.id}
        if record is not None:
            divisions.keep(record, name, description, corpus, found)
    if as_json:
        print_json({"division": name, "corpus": corpus, **asdict(found)})
    elif isinstance(found, divisions.Closed):
        print_closed(found)
    else:
        print_open(found)
    if isinstance(found, divisions.Closed):
        reached = found.within or steps is not None
        missed = f"a loss is not within {divisions.CLOSED_LOSS} +- {divisions.CLOSED_WITHIN}"
    else:
        reached = found.p < divisions.SIGNIFICANCE
        missed = f"the mean loss is not below {divisions.OPEN_LOSS} (p = {found.p:.2g})"
    if not reached:
        err.print(f"nanogpt-rs: {missed}", soft_wrap=True)
        sys.exit(FAILED)


def require_writable(record: Path | None) -> None:
    """Check that a file of records can be appended to, and leave no empty one.

    Raises:
        OSError: it cannot.
    """
    if record is None:
        return
    record.parent.mkdir(parents=True, exist_ok=True)
    new = not record.exists()
    record.open("ab").close()
    if new:
        record.unlink()


def print_closed(found: Any) -> None:
    """Print the closed division."""
    table = Table("the model computed as", "seed")
    for column in ("validation loss", "a step", "before the first"):
        table.add_column(column, justify="right")
    for entry in found.entries:
        table.add_row(
            entry.variant,
            str(entry.seed),
            f"{entry.val_loss:.4f}",
            duration(entry.step_seconds),
            duration(entry.compile_seconds),
        )
    out.print(table)
    for gain in found.gains:
        low, high = map(times, gain.interval)
        out.print(
            f"{times(gain.ratio)} [{low}, {high}] times as fast a step as {gain.reference}; "
            f"compiling has paid after {gain.break_even:,} steps",
            soft_wrap=True,
        )
    out.print(
        f"the matrix multiplications of a step alone: {duration(found.matmul_seconds)}. "
        "All by the processor's time, one thread.",
        soft_wrap=True,
    )


def print_open(found: Any) -> None:
    """Print the open division."""
    table = Table("entry")
    for column in ("validation loss", "processor", "wall clock"):
        table.add_column(column, justify="right")
    table.add_row(
        f"one layer over hashed n-grams, {found.parameters:,} weights",
        f"{found.mean:.4f}",
        duration(found.cpu_seconds),
        duration(found.seconds),
    )
    table.add_row(
        "interpolated counts of three characters (unranked)",
        f"{found.counts_loss:.4f}",
        duration(found.counts_seconds),
        "",
        style="dim",
    )
    out.print(table)
    out.print(
        f"mean of {len(found.losses)} seeds, {min(found.losses):.4f} to {max(found.losses):.4f}; "
        f"p = {found.p:.2g} of one as low were the true mean 1.88. Times are medians from before "
        f"the file is touched until the weights stand; {duration(found.prepare_seconds)} of it "
        f"preparation, and {duration(found.evaluation_seconds)} for the loss after it.",
        soft_wrap=True,
    )
