"""The command ``job measure``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    out,
    print_json,
    refuse_absent,
    refuse_beside,
    timed_progress,
)
from nanogpt_rs.commands.options import (
    RESULTS,
    AsJson,
    AsSummary,
    Attention,
    Compile,
    Config,
    Device,
    Dtype,
    Ids,
    OneCorpus,
    Results,
    Steps,
)
from nanogpt_rs.commands.pages import write_newest_page
from nanogpt_rs.commands.summaries import print_pointers, print_summary
from nanogpt_rs.commands.tables import print_corpus
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.provenance import check
from nanogpt_rs.words import duration, meanwhile_line, times

if TYPE_CHECKING:
    from nanogpt_rs.measuring.end_to_end import EndToEnd
    from nanogpt_rs.records.kinds import Other
    from nanogpt_rs.records.schema import Difference, Meanwhile, Trained
    from nanogpt_rs.ruler.corpora import Corpus
    from nanogpt_rs.ruler.provenance import Build

STATES = {"first_call": "each the first call of a process", "warm": "each a repeated call"}
"""The state in which preparations were compared, in words."""


def measure(
    context: typer.Context,
    ids: Ids = None,
    corpus: OneCorpus = "synthetic",
    config: Config = "quick",
    steps: Steps = None,
    device: Device = None,
    dtype: Dtype = None,
    attention: Attention = None,
    compile: Compile = None,
    results: Results = RESULTS,
    summary: AsSummary = False,
    as_json: AsJson = False,
) -> None:
    """Measure whole jobs: prepare a file, train a model and evaluate it, once for each preparation.

    Each preparation is compared with the lecture's Python and the strongest Python. By default
    these are the Rust preparations that run by default.

    For example: nanogpt-rs job measure --config quick
    """
    if as_json:
        refuse_beside(context, "--json", "summary")
    choices = {"device": device, "dtype": dtype, "attention": attention, "compile": compile}
    options = {name: value for name, value in choices.items() if value is not None}
    from nanogpt_rs.measuring.end_to_end import estimate, rows_of, run
    from nanogpt_rs.measuring.machine import MachineWatch
    from nanogpt_rs.measuring.run import keeper
    from nanogpt_rs.measuring.selection import load_corpora
    from nanogpt_rs.records.files import read
    from nanogpt_rs.training.corpus import import_training

    training = import_training()
    training.config_of(config)
    all_options = training.Options(**options)
    training.check(all_options)
    training.find_device(all_options.device)
    build = check()
    (text,) = load_corpora([corpus])
    rows = rows_of(text.width, ids or ())
    refuse_absent(rows)
    with keeper(results, "end-to-end", build) as kept:
        watch = MachineWatch()
        with timed_progress(estimate(rows)) as advance:
            result = run(rows, corpus, text, config, steps, advance, options=options)
        meanwhile = watch.so_far()
        try:
            if not summary:
                print_all(text, result, build, meanwhile, as_json)
        finally:  # what was measured is both printed and kept, even where one of them fails
            ids = [trained.id for trained in result.trained]
            path = kept.keep(f"{text.sha256} {result.training} {ids}", records_of(text, result))
    page = write_newest_page(results, announce=not summary)
    if summary:
        print_summary(read(path)[-1])
        print_pointers(page)


def print_all(
    text: Corpus, result: EndToEnd, build: Build, meanwhile: Meanwhile, as_json: bool
) -> None:
    """Print whole jobs as tables, or as one JSON document."""
    if as_json:
        from nanogpt_rs.commands import job_documents

        print_json("job measure", job_documents.MeasuredJob(build, meanwhile, **vars(result)))
        return
    print_corpus(text.id, text.sha256, len(text.text), text.description)
    print_stages(result.training, result.trained)
    print_differences(result.differences, result.state, result.rest)
    out.say(meanwhile_line(**asdict(meanwhile)))


def records_of(text: Corpus, result: EndToEnd) -> list[Other]:
    """Return the result of an end-to-end benchmark as records."""
    from nanogpt_rs.records.schema import JobDifference, Text, WholeJob

    text_fields = Text(text.id, text.sha256, len(text.text), text.width)
    how = result.trained[0].how
    records: list[Other] = [
        WholeJob(text_fields, result.config, trained) for trained in result.trained
    ]
    records += [
        JobDifference(text_fields, result.config, result.state, result.rest, difference, how)
        for difference in result.differences
    ]
    return records


def print_stages(training: str, runs: Sequence[Trained]) -> None:
    """Print how long each stage of each job took.

    Args:
        training: The config and the options of the training, in words.
        runs: The jobs, at least one.
    """
    from nanogpt_rs.measuring.end_to_end import stages_of

    title = f"from file to loss, {training}, {counted(runs[0].steps, 'step')}; wall-clock time"
    stages = stages_of(runs)
    by_stage = layout.Table(
        [layout.prose("stage"), *(layout.figures(run.id) for run in runs)], title
    )
    for stage in stages:
        times_of_stage = (
            duration(run.seconds[stage]) if stage in run.seconds else "" for run in runs
        )
        by_stage.add(stage, *times_of_stage)
    wholes = [duration(sum(run.seconds.values())) for run in runs]
    by_stage.add("whole job", *wholes, style="bold")
    by_stage.narrow = layout.Table(
        [layout.ids("preparation"), *(layout.figures(row[0]) for row in by_stage.rows)]
    )
    for run, cells in zip(runs, zip(*(row[1:] for row in by_stage.rows), strict=True), strict=True):
        by_stage.narrow.add(run.id, *cells)
    out.show(by_stage)
    same = "All trained the same model to the same bits: " if len(runs) > 1 else "The model: "
    out.say(f"{same}loss {runs[0].val_loss:.4f}, parameters {runs[0].parameters_sha256[:12]}.")


def print_differences(differences: Sequence[Difference], state: str, rest: float) -> None:
    """Print how much time each preparation gains, and which share of the job that is.

    Args:
        differences: The measured differences, at least one.
        state: State in which the preparations were compared.
        rest: Seconds of a job without its preparation.
    """
    columns = (
        *(layout.ids("preparation"), layout.ids("against")),
        *(layout.figures("times as fast [95 %]"), layout.Column("verdict", under=2)),
        *(layout.figures("gain [95 %]"), layout.figures("of the job", under=4)),
    )
    table = layout.Table(columns, "what the preparation gains in this job")
    for difference in differences:
        job = difference.reference_seconds + rest
        comparison = difference.comparison
        table.add(
            difference.id,
            difference.reference,
            "-" if comparison.ratio is None else times(comparison.ratio, comparison.interval),
            comparison.verdict,
            duration(difference.seconds, difference.interval),
            f"{difference.share_of(job):.2%}",
        )
    out.show(table)
    comparisons = [difference.comparison for difference in differences]
    processes = max(each.processes_used + each.processes_dropped for each in comparisons)
    out.say(
        f"Gains are paired differences of the preparation alone, {STATES[state]}, from "
        f"{counted(processes, 'process')}. Training was measured separately. With its imports it "
        f"adds {duration(rest)} to each job."
    )
