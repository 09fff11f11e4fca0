"""The command ``model race``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    FAILED,
    counted_progress,
    err,
    out,
    print_json,
    refuse_beside,
    refuse_without,
    require_writable,
)
from nanogpt_rs.commands.options import RESULTS, AsJson, Results, complete_arm
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.words import duration, times

if TYPE_CHECKING:
    from nanogpt_rs.records.races import ClosedRace, OpenRace, RaceEntry
    from nanogpt_rs.training.divisions import Closed, Open

COMMAND = "division"
"""The command's name in records."""
CLOSED_SEEDS, OPEN_SEEDS = 3, 20


Preparation = Annotated[
    str | None,
    typer.Option(
        "--prepare",
        help="Id of the implementation that prepares the text, such as python/numpy_table.",
        show_default="the strongest Python for ASCII texts",
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Number of seeds; open needs two.",
        show_default=f"{CLOSED_SEEDS} for closed, {OPEN_SEEDS} for open",
    ),
]
ClosedSteps = Annotated[
    int | None,
    typer.Option(
        min=20,
        help="Steps of the closed division. With another number, only the ratios of speed can be "
        "compared.",
        show_default="2000",
    ),
]
RecordFile = Annotated[
    Path | None, typer.Option(help="Also append the run to this file of records.")
]


Arms = Annotated[
    list[str] | None,
    typer.Option(
        "--arm",
        help="With arms or whole: a way to train the model, such as python/own, rust/candle or "
        "tch; repeatable. Arms in Rust are built first, which takes minutes once.",
        show_default="all in Python; with whole, python/own and rust/candle-mimalloc",
        autocompletion=complete_arm,
    ),
]
ArmConfig = Annotated[
    str, typer.Option("--config", help="With arms or whole: model and schedule, quick or full.")
]
ArmThreads = Annotated[
    int, typer.Option("--threads", min=1, help="With arms or whole: threads of each arm.")
]
Processes = Annotated[
    int | None,
    typer.Option(
        min=2,
        help="With arms: processes of each arm, each with a seed of its own. With whole: runs of "
        "each program.",
        show_default="8, the fewest that a verdict takes",
    ),
]
Rounds = Annotated[
    int | None,
    typer.Option(
        min=3,
        max=24,
        help="With arms and --config full: timed rounds in each process, of 10 steps of each arm.",
        show_default="8",
    ),
]
ToTheEnd = Annotated[
    bool,
    typer.Option(
        "--to-the-end",
        help="With arms and --config full: train each process to the end, and judge its loss "
        "there. With quick this is always done.",
    ),
]
TextFile = Annotated[
    Path | None,
    typer.Option(
        "--text", help="With whole: a UTF-8 file to train on.", show_default="TinyShakespeare"
    ),
]
OF_DIVISIONS = ("prepare", "seeds", "steps")
OF_ARMS = ("arm", "config", "threads", "processes", "rounds", "to_the_end", "text")


def race(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="closed, open, arms or whole.")],
    prepare: Preparation = None,
    seeds: Seeds = None,
    steps: ClosedSteps = None,
    arm: Arms = None,
    config: ArmConfig = "quick",
    threads: ArmThreads = 1,
    processes: Processes = None,
    rounds: Rounds = None,
    to_the_end: ToTheEnd = False,
    text: TextFile = None,
    record: RecordFile = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """Measure how fast TinyShakespeare can be learnt on this machine.

    closed: the same model, data, optimizer and schedule as the references, which take turns with
    it (minutes). open: any network trained by gradient steps, from the file to a loss of 1.88.

    arms: the reference GPT in Python and in Rust, with equal losses, step by step in turn. whole:
    the same as whole programs, from nothing and a file of text to the loss.

    For example: nanogpt-rs model race open

    For example: nanogpt-rs model race arms --arm python/own --arm candle
    """
    if name in ("arms", "whole"):
        from nanogpt_rs.commands import arm_races

        refuse_beside(context, name, *OF_DIVISIONS)
        asked = arm_races.Asked(arm or [], config, threads, processes, record, results, as_json)
        if name == "arms":
            refuse_beside(context, name, "text")
            if config == "quick":
                refuse_without(context, "--config full", "rounds", "to_the_end")
            arm_races.race_arms(asked, rounds, to_the_end=to_the_end)
        else:
            refuse_beside(context, name, "rounds", "to_the_end")
            arm_races.race_programs(asked, text)
        return
    refuse_beside(context, f"model race {name}", *OF_ARMS)
    race_division(name, prepare, seeds, steps, record, results, as_json=as_json)


def race_division(
    name: str,
    prepare: str | None,
    seeds: int | None,
    steps: int | None,
    record: Path | None,
    results: Path,
    *,
    as_json: bool,
) -> None:
    """Run a division; the arguments are those of ``race``."""
    from nanogpt_rs.records.durable import append_whole
    from nanogpt_rs.training.corpus import as_files, import_training, preparation

    import_training()  # refuses where torch is missing
    from nanogpt_rs.measuring import run
    from nanogpt_rs.measuring.selection import SelectionError, load_corpora
    from nanogpt_rs.records import files
    from nanogpt_rs.records.kinds import folder_of
    from nanogpt_rs.ruler.hashes import sha256
    from nanogpt_rs.ruler.provenance import check
    from nanogpt_rs.training import divisions

    if name not in ("closed", "open"):
        raise SelectionError(f"no race {name!r}; there are: closed, open, arms, whole")
    if name == "open" and (steps is not None or seeds == 1):
        raise SelectionError("open has its own steps, and needs two seeds for a spread")
    build = check()
    row, prepared_by = preparation(prepare)
    require_writable(record)  # before minutes of training, rather than after
    (text,) = load_corpora([divisions.CORPUS])
    count = seeds or (CLOSED_SEEDS if name == "closed" else OPEN_SEEDS)
    about = {"corpus": text.id, "sha256": text.sha256, "prepare": row.id}
    folder = results / folder_of(COMMAND)
    with files.locked(folder):
        files.check_room(folder)
        plan = sha256(f"{name} {count} {steps} {row.id}".encode())
        described = run.describe(COMMAND, plan, build)
        result: divisions.Closed | divisions.Open
        with as_files(text, divisions.CORPUS) as paths, counted_progress() as advance:
            if name == "closed":
                result = divisions.closed(prepared_by, paths, range(1, 1 + count), steps, advance)
            else:
                result = divisions.open_(prepared_by, paths, range(1, 1 + count), advance)
        try:
            if as_json:
                from nanogpt_rs.commands import job_documents

                corpus = job_documents.RacedCorpus(text.id, text.sha256, row.id)
                division: Literal["closed", "open"] = "closed" if name == "closed" else "open"
                print_json("model race", job_documents.Race(division, corpus, result))
            else:
                print_result(result)
        finally:  # what was measured is both printed and kept, even where one of them fails
            kept = files.keep_whole(folder, described, result.records(**about))
            if record is not None:
                record.touch()
                append_whole(record, kept.read_bytes())
    if missed := shortfall(result, steps):
        err.say(f"nanogpt-rs: {missed}")
        sys.exit(FAILED)


def shortfall(result: Closed | Open, steps: int | None) -> str | None:
    """Return what a division demands and the result lacks, in words; ``None`` if it lacks nothing.

    Args:
        result: Result of the division.
        steps: Number of steps, where it is not the division's: its losses are not judged then.
    """
    from nanogpt_rs.training import divisions

    if isinstance(result, divisions.Closed):
        if result.within or steps is not None:
            return None
        return f"a loss is not within {divisions.CLOSED_LOSS} +- {divisions.CLOSED_WITHIN}"
    if result.p < divisions.SIGNIFICANCE:
        return None
    return f"the mean loss is not below {divisions.OPEN_LOSS} (p = {result.p:.2g})"


def print_result(result: Closed | Open) -> None:
    """Print the result of a division."""
    from nanogpt_rs.training import divisions

    if isinstance(result, divisions.Closed):
        print_closed(result.entries, result)
    else:
        print_open(result.losses, result)


def print_closed(entries: Sequence[RaceEntry], result: Closed | ClosedRace) -> None:
    """Print the closed division's models, speed-ups and bound."""
    heads = ("seed", "validation loss", "a step", "before the first")
    table = layout.Table([layout.prose("the model computed as"), *map(layout.figures, heads)])
    for entry in entries:
        table.add(
            entry.variant,
            str(entry.seed),
            f"{entry.val_loss:.4f}",
            duration(entry.step_seconds),
            duration(entry.compile_seconds),
        )
    out.show(table)
    for gain in result.gains:
        out.say(
            f"{times(gain.ratio, gain.interval)} times as fast a step as {gain.reference}; "
            f"compiling has paid after {counted(gain.break_even, 'step')}"
        )
    out.say(
        f"the matrix multiplications of a step alone: {duration(result.matmul_seconds)}. "
        "All by the processor's time, one thread."
    )


def print_open(losses: Sequence[float], result: Open | OpenRace) -> None:
    """Print the open division's losses and times."""
    heads = ("validation loss", "processor", "wall clock")
    table = layout.Table([layout.prose("entry"), *map(layout.figures, heads)])
    table.add(
        f"one layer over hashed n-grams, {counted(result.parameters, 'weight')}",
        f"{result.mean:.4f}",
        duration(result.cpu_seconds),
        duration(result.seconds),
    )
    table.add(
        "interpolated counts of three characters (unranked)",
        f"{result.counts_loss:.4f}",
        duration(result.counts_seconds),
        "",
        style="dim",
    )
    out.show(table)
    out.say(
        f"mean of {counted(len(losses), 'seed')}, {min(losses):.4f} to {max(losses):.4f}; "
        f"p = {result.p:.2g} of a mean as low if the true mean were 1.88. Times are medians from "
        "before the file is touched until the weights are final; "
        f"{duration(result.prepare_seconds)} of it preparation, and "
        f"{duration(result.evaluation_seconds)} for the loss after it."
    )
