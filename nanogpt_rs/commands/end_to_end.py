"""Runs whole jobs, from a text file to a loss, and prints their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    damage,
    meanwhile_line,
    out,
    print_json,
    refuse_absent,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.tables import corpus_line
from nanogpt_rs.commands.training import training_refusals
from nanogpt_rs.words import duration, times

if TYPE_CHECKING:
    from nanogpt_rs.measuring.end_to_end import EndToEnd
    from nanogpt_rs.records.schema import Other
    from nanogpt_rs.ruler.corpora import Corpus
    from nanogpt_rs.ruler.provenance import Build


def end_to_end(
    name: str,
    ids: Sequence[str],
    config: str,
    steps: int | None,
    options: Mapping[str, Any],
    results: Path,
    as_json: bool,
) -> None:
    """Train from a file, prepared in each way, and say what each gains.

    Args:
        name: of the corpus, an id or a path.
        ids: of preparations beside the references; none means the Rust ways that run unasked.
        config: of the model.
        steps: instead of the config's.
        options: by name, those of ``model.train.Options`` that are not left as they are.
        results: the folder in which there is one for each command.
        as_json: print one document instead of tables.
    """
    with training_refusals() as training:
        from nanogpt_rs.measuring import machine
        from nanogpt_rs.measuring.end_to_end import DifferentModelsError, estimate, rows_of, run
        from nanogpt_rs.measuring.selection import load_corpora
        from nanogpt_rs.ruler.provenance import check
        from nanogpt_rs.ruler.worker import WorkerError

        training.config_of(config)
        asked = training.Options(**options)
        training.check(asked)
        training.find_device(asked.device)
        build = check()
        (text,) = load_corpora([name])
        rows = rows_of(text.width, ids)
        refuse_absent(rows)
        watch = machine.MachineWatch()
        try:
            with timed_progress(estimate(rows)) as advance:
                found = run(rows, name, text, config, steps, advance, options=options)
        except (DifferentModelsError, WorkerError) as error:
            stop(FAILED, str(error))
        meanwhile = watch.so_far()
    keep(results, found, text, build)
    if as_json:
        print_json({"build": asdict(build), "meanwhile": asdict(meanwhile), **asdict(found)})
        return
    out.print(corpus_line(text.id, text.sha256, len(text.text), text.description))
    print_stages(found)
    print_differences(found)
    out.print(escape(meanwhile_line(meanwhile)))


def keep(results: Path, found: EndToEnd, text: Corpus, build: Build) -> None:
    """Record what came of an end-to-end benchmark."""
    from nanogpt_rs.measuring.run import keep_run
    from nanogpt_rs.records.schema import JobDifference, Text, WholeJob

    on = Text(text.id, text.sha256, len(text.text), text.width)
    kept: list[Other] = [
        *(WholeJob(on, found.config, each) for each in found.trained),
        *(
            JobDifference(on, found.config, found.state, found.rest, each, found.trained[0].how)
            for each in found.differences
        ),
    ]
    plan = f"{text.sha256} {found.training} {[each.id for each in found.trained]}"
    with damage():
        keep_run(results, "end-to-end", plan, build, kept)


def print_stages(found: EndToEnd) -> None:
    """Print where the time of each job went."""
    from nanogpt_rs.measuring.end_to_end import stages_of

    run = found.trained[0]
    title = f"from file to loss, {found.training}, {run.steps} steps; wall-clock time"
    table = Table(title=title, title_justify="left")
    table.add_column("stage")
    for each in found.trained:
        table.add_column(each.id, justify="right", overflow="fold")
    for stage in stages_of(found.trained):
        cells = [
            duration(each.seconds[stage]) if stage in each.seconds else "" for each in found.trained
        ]
        table.add_row(escape(stage), *cells)
    wholes = [duration(sum(each.seconds.values())) for each in found.trained]
    table.add_row("whole job", *wholes, style="bold")
    out.print(table)
    out.print(
        f"All {len(found.trained)} trained the same model to the same bits: loss "
        f"{run.val_loss:.4f}, parameters {run.parameters_sha256[:12]}."
    )


def print_differences(found: EndToEnd) -> None:
    """Print what each preparation gains, as the paired difference says, and of how much."""
    table = Table(title="what the preparation gains in this job", title_justify="left")
    for column in ("preparation", "against"):
        table.add_column(column, overflow="fold")
    for column in ("times as fast", "verdict", "gain", "95 % interval", "of the job"):
        table.add_column(column, justify="right")
    for each in found.differences:
        job = each.reference_seconds + found.rest
        bounds = "-" if each.interval is None else " to ".join(map(duration, each.interval))
        ratio = each.comparison.ratio
        table.add_row(
            escape(each.id),
            escape(each.reference),
            "-" if ratio is None else times(ratio),
            each.comparison.verdict,
            duration(each.seconds),
            bounds,
            f"{each.share_of(job):.2%}",
        )
    out.print(table)
    state = {"first_call": "each a first call of a process", "warm": "each a repeated call"}
    out.print(
        f"Gains are paired differences of the preparation alone, {state[found.state]}, from "
        f"{found.processes} processes. Training was measured apart and adds {duration(found.rest)} "
        "to each job, import and all."
    )
