"""What a preparation gains in whole jobs: ``bench --end-to-end``, and the command ``job``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    USAGE,
    AsJson,
    Ids,
    err,
    out,
    print_json,
    refusals,
    refuse_absent,
    stop,
    timed_progress,
)
from nanogpt_rs.words import seconds_in_words, share, size_in_words

if TYPE_CHECKING:
    from nanogpt_rs.predicting.job import JobGain, TrainingJob
    from nanogpt_rs.records.schema import Difference

LARGE = 20_000_000
"""Characters from which the lecture's way takes seconds a call, and is left out of ``job``."""


def job(
    corpus_size: Annotated[str, typer.Option(help="Such as 100GB.")],
    steps: Annotated[int, typer.Option(min=0, help="Steps of training.")],
    step_time: Annotated[str, typer.Option(help="Of one step, such as 20ms.")],
    runs: Annotated[int, typer.Option(min=1, help="How often all of it is done.")] = 1,
    worth: Annotated[
        float, typer.Option(min=0.0, max=100.0, help="Per cent of the job that are worth it.")
    ] = 1.0,
    ids: Ids = None,
    corpus: Annotated[
        str, typer.Option(help="A corpus id or a path: what the rates are measured on.")
    ] = "synthetic",
    measure: Annotated[
        str,
        typer.Option(help="To which size the corpus is repeated or cut, if the job's is no less."),
    ] = "8MB",
    seconds: Annotated[float, typer.Option(min=1.0, help="Seconds to measure.")] = 20.0,
    record: Annotated[
        Path | None,
        typer.Option(help="What `nanogpt-rs cost` measured: its rates, and nothing is measured."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what another preparation would gain in a job that you describe, or not to bother.

    The rates are measured now, here, on a corpus; the rest is your word. For what no memory holds
    they come from a record of shards written to disk, from texts of several sizes.
    """
    with refusals():
        from nanogpt_rs.measuring import machine
        from nanogpt_rs.measuring.end_to_end import compare, rows_of
        from nanogpt_rs.measuring.selection import load_corpora, select
        from nanogpt_rs.predicting.job import TrainingJob
        from nanogpt_rs.predicting.quantities import QuantityError, parse_size, parse_time
        from nanogpt_rs.ruler.provenance import check
        from nanogpt_rs.ruler.tasks import PREPARATION
        from nanogpt_rs.ruler.verification import verify_apart
        from nanogpt_rs.ruler.worker import WorkerError

        try:
            described = TrainingJob(
                parse_size(corpus_size), steps, parse_time(step_time), runs, worth / 100
            )
            most = parse_size(measure)
        except QuantityError as error:
            stop(USAGE, str(error))
        if record is not None:
            recorded_job(described, record, as_json)
            return
        build = check()
        (text,) = load_corpora([corpus])
        # On larger texts than those that the strongest Python is marked for, another may be it.
        rows = rows_of(text.width, ids or [row.id for row in select([PREPARATION])])
        rows = [row for row in rows if "limit" not in row.marks]
        refuse_absent(rows)
        bytes_each = len(text.text.encode()) / max(1, len(text.text))
        characters = max(1, round(min(described.size, most) / max(1.0, bytes_each)))
        if characters >= LARGE:
            rows = [row for row in rows if "baseline" not in row.marks]
        if len(rows) < 2:
            stop(USAGE, f"{rows[0].id} alone is left to measure, with nothing to compare it with")
        with timed_progress(len(rows) + seconds) as advance:
            for row in rows:
                advance(f"verify {row.id}", 1.0)
                proof = verify_apart(row, corpus)
                if proof.status != "right":
                    stop(FAILED, f"{row.id}: {proof.status}: {'; '.join(proof.details)}")
            try:
                differences, _ = compare(
                    rows, corpus, text, lambda _: advance("measure", 0.0), seconds, characters
                )
            except WorkerError as error:
                stop(FAILED, str(error))
    size = round(characters * bytes_each)
    answers = [(each, *answer_for(each, size, described)) for each in differences]
    memory = machine.examine().memory
    fits = fit(described, characters / size, memory)
    if as_json:
        print_json(
            {
                "build": asdict(build),
                "corpus": text.id,
                "sha256": text.sha256,
                "measured_bytes": size,
                "job": asdict(described),
                "does_not_fit": fits,
                "answers": [
                    {
                        "role": each.role,
                        "reference": each.reference,
                        "id": each.id,
                        "verdict": each.comparison.verdict,
                        **asdict(gain),
                        "sentence": sentence,
                        "extrapolation": extrapolated,
                    }
                    for each, gain, sentence, extrapolated in answers
                ],
            }
        )
        return
    print_answers(answers)
    if fits:
        err.print(escape(fits), soft_wrap=True)


def recorded_job(described: TrainingJob, record: Path, as_json: bool) -> None:
    """Say what shards written to disk would gain by a record of ``nanogpt-rs cost``."""
    from nanogpt_rs.commands.costing import runs_of
    from nanogpt_rs.predicting.cost_prediction import CostError, model_of, rate_of
    from nanogpt_rs.predicting.job import Rate, extrapolation, gain, sentence

    try:
        run, taken = runs_of(record, record.parent)
        calls = model_of(taken).calls
    except CostError as error:
        stop(NOTHING, str(error))
    reference = next((id for id in calls if id.startswith("python/")), None)
    others = [id for id in calls if id != reference]
    if reference is None or not others:
        stop(NOTHING, f"{record}: holds no Python beside another preparation")
        return
    answers = []
    for id in others:
        rate = Rate(*rate_of(calls[reference], calls[id]), calls[reference].largest)
        gained = gain(rate, described)
        said = sentence(gained, described, id, reference)
        answers.append((id, gained, said, extrapolation(gained, rate, described)))
    if as_json:
        print_json(
            {
                "run": run.run,
                "job": asdict(described),
                "answers": [
                    {
                        "reference": reference,
                        "id": id,
                        **asdict(gained),
                        "sentence": said,
                        "extrapolation": extrapolated,
                    }
                    for id, gained, said, extrapolated in answers
                ],
            }
        )
        return
    best = max(answers, key=lambda each: each[1].seconds)
    for words in best[2:]:
        out.print(escape(words), soft_wrap=True)


def answer_for(found: Difference, size: int, described: TrainingJob) -> tuple[JobGain, str, str]:
    """Return what a measured difference comes to, its verdict, and what of it is extrapolated."""
    from nanogpt_rs.predicting.job import Rate, extrapolation, gain, sentence

    bounds = found.interval if found.comparison.valid else None
    interval = None if bounds is None else (bounds[0] / size, bounds[1] / size)
    rate = Rate(found.reference_seconds / size, found.seconds / size, interval, size)
    gained = gain(rate, described)
    return (
        gained,
        sentence(gained, described, found.id, found.reference),
        extrapolation(gained, rate, described),
    )


def fit(described: TrainingJob, characters_a_byte: float, memory: int) -> str | None:
    """Return in a sentence that a job's ids do not fit into memory, if they do not."""
    from nanogpt_rs.predicting.job import does_not_fit

    return does_not_fit(described.size * characters_a_byte, memory)


def print_answers(answers: Sequence[tuple[Difference, JobGain, str, str]]) -> None:
    """Print a table of all answers, then the sentences of those that matter most."""
    from nanogpt_rs.records.schema import STRONGEST

    table = Table(title="what the preparation would gain", title_justify="left")
    for column in ("preparation", "against"):
        table.add_column(column, overflow="fold")
    for column in ("gain", "95 % interval", "of the job", "worth it", "from"):
        table.add_column(column, justify="right")
    for each, gain, _, _ in answers:
        bounds = gain.interval
        table.add_row(
            escape(each.id),
            escape(each.reference),
            seconds_in_words(gain.seconds),
            "-" if bounds is None else " to ".join(map(seconds_in_words, bounds)),
            share(gain.share),
            gain.answer,
            "no size" if gain.worth_from is None else size_in_words(gain.worth_from),
        )
    out.print(table)
    # What a user chooses between is the strongest Python and the best of the rest.
    against_strongest = [each for each in answers if each[0].role == STRONGEST]
    rust = [each for each in against_strongest if each[0].id.startswith("rust/")]
    best = max(
        rust or against_strongest or answers,
        key=lambda each: (each[0].comparison.valid, each[1].seconds),
    )
    out.print(escape(best[2]), soft_wrap=True)
    if not best[0].comparison.valid:
        out.print(escape(f"{best[0].id}: invalid: {best[0].comparison.reason}."), soft_wrap=True)
    others = [each for each in against_strongest if not each[0].id.startswith("rust/")]
    other = max(others, key=lambda each: each[1].seconds, default=None)
    if other and other[1].seconds > 0 and other is not best:
        gained = seconds_in_words(other[1].seconds)
        out.print(f"Without any Rust, {escape(other[0].id)} gains {gained}.", soft_wrap=True)
    out.print(escape(best[3]), soft_wrap=True)
