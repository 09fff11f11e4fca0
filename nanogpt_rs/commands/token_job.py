"""The command ``job tokens``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import USAGE, out, print_json, stop, timed_progress
from nanogpt_rs.commands.options import AsJson, Config, OneCorpus
from nanogpt_rs.commands.tables import print_corpus
from nanogpt_rs.ruler.plurals import counted
from nanogpt_rs.ruler.provenance import check
from nanogpt_rs.words import duration, percent

if TYPE_CHECKING:
    from nanogpt_rs.measuring.token_job import TokenJob

KINDS = {
    "python": "the strongest Python",
    "library": "the fastest libraries",
    "rust": "Rust",
}
"""What each kind of preparation is called."""

Size = Annotated[
    int,
    typer.Option(min=256, max=1_000_000, help="Number of tokens to train on the text."),
]
MeasuredSteps = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Training steps to measure; the job's time is extrapolated from them.",
        show_default="50, or the config's if that is less",
    ),
]


def tokens(
    corpus: OneCorpus = "synthetic",
    size: Size = 1_024,
    config: Config = "quick",
    steps: MeasuredSteps = None,
    as_json: AsJson = False,
) -> None:
    """Measure which share of a training run on byte-pair tokens is making the tokens.

    The strongest Python, the fastest installed libraries and Rust each train a vocabulary on the
    text and encode it by that. All must make the same tokens.

    For example: nanogpt-rs job tokens -c tinyshakespeare --config quick
    """
    from nanogpt_rs.measuring.selection import load_corpora
    from nanogpt_rs.measuring.token_job import ROUNDS, STEPS, pairs_of, run
    from nanogpt_rs.training.corpus import import_training

    training = import_training()
    recipe = training.recipe_of(config)
    build = check()
    (text,) = load_corpora([corpus])
    pairs = pairs_of(text.width)
    if "rust" not in pairs or len(text.text) < 1_000:
        stop(USAGE, f"{text.id} has {counted(len(text.text), 'character')}; a job needs 1,000")
    with timed_progress(ROUNDS * sum(map(len, pairs.values())) + 1) as advance:
        measured = min(steps or STEPS, recipe.steps)
        result = run(corpus, text, size, config, measured, advance)
    if as_json:
        from nanogpt_rs.commands import job_documents

        print_json("job tokens", job_documents.MeasuredTokens(build, **vars(result)))
        return
    print_corpus(text.id, text.sha256, len(text.text), text.description)
    print_shares(result)


def print_shares(job: TokenJob) -> None:
    """Print what each preparation takes, and which share of the job that is."""
    stages = list(job.preparations[0].seconds)
    columns = (
        *(layout.prose("tokens by"), layout.ids("trained by"), layout.ids("encoded by")),
        *map(layout.figures, (*stages, "together", "of the job")),
    )
    table = layout.Table(columns, f"{job.size:,} tokens; median processor time")
    for one in job.preparations:
        times = (duration(one.seconds[stage]) for stage in stages)
        row = (KINDS[one.kind], one.trainer, one.encoder, *times)
        table.add(*row, duration(one.whole), percent(one.share))
    out.show(table)
    out.say(
        f"The job trains config {job.config} for {counted(job.steps, 'step')} on "
        f"{counted(job.tokens, 'token')}: {duration(job.training)} of processor time, extrapolated "
        f"from {counted(job.measured_steps, 'step')} and one evaluation. "
        f"{counted(job.processes, 'process')} for each preparation, without imports."
    )
