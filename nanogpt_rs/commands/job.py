"""The command ``job predict``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from nanogpt_rs.commands import layout
from nanogpt_rs.commands.console import (
    FAILED,
    NOTHING,
    USAGE,
    err,
    out,
    print_json,
    refuse_absent,
    refuse_beside,
    stop,
    timed_progress,
)
from nanogpt_rs.commands.cost import newest_costs
from nanogpt_rs.commands.options import AsJson, Ids, OneCorpus
from nanogpt_rs.ruler.provenance import check
from nanogpt_rs.words import seconds_in_words, share, size_in_words

if TYPE_CHECKING:
    from nanogpt_rs.commands.job_documents import PredictedGain
    from nanogpt_rs.predicting.job import JobGain, Rate, TrainingJob
    from nanogpt_rs.records.schema import Difference
    from nanogpt_rs.ruler.corpora import Corpus
    from nanogpt_rs.ruler.registry import Implementation

LARGE = 20_000_000
"""Characters from which the lecture's Python takes seconds for a call, and is left out."""

CorpusSize = Annotated[str, typer.Option(help="Size of the job's corpus, such as 100GB.")]
Steps = Annotated[int, typer.Option(min=0, help="Number of training steps.")]
StepTime = Annotated[str, typer.Option(help="Time for one training step, such as 20ms.")]
Runs = Annotated[
    int, typer.Option(min=1, help="How often the job is run, its preparation included.")
]
Worth = Annotated[
    float,
    typer.Option(
        min=0.0, max=100.0, help="Per cent of the job that a preparation must gain to be worth it."
    ),
]
SampleSize = Annotated[
    str,
    typer.Option(
        "--measure",
        help="Size of the sample to measure; the corpus is repeated or cut to it, or to the size "
        "of the job's corpus if that is smaller.",
    ),
]
Seconds = Annotated[float, typer.Option(min=1.0, help="Seconds to spend on measuring.")]
Record = Annotated[
    Path | None,
    typer.Option(
        help="A file of records of `data cost --measure`, to use its rates instead of measuring."
    ),
]


class JobAnswer(NamedTuple):
    """What one preparation would gain in the job.

    Attributes:
        reference: Id of the preparation that it is compared with.
        id: Its own id.
        gain: The gain in numbers.
        sentence: The verdict in one sentence.
        extrapolation: Which part of it was measured and which was extrapolated, in words.
        difference: The measured difference. ``None``: the rates come from a record.
    """

    reference: str
    id: str
    gain: JobGain
    sentence: str
    extrapolation: str
    difference: Difference | None = None

    def document(self) -> PredictedGain:
        """Return the answer as the JSON document holds it."""
        from nanogpt_rs.commands.job_documents import PredictedGain

        measured = self.difference
        return PredictedGain(
            self.reference,
            self.id,
            None if measured is None else measured.role,
            None if measured is None else measured.comparison.verdict,
            **vars(self.gain),
            sentence=self.sentence,
            extrapolation=self.extrapolation,
        )


def predict(
    context: typer.Context,
    corpus_size: CorpusSize,
    steps: Steps,
    step_time: StepTime,
    runs: Runs = 1,
    worth: Worth = 1.0,
    ids: Ids = None,
    corpus: OneCorpus = "synthetic",
    measure: SampleSize = "8MB",
    seconds: Seconds = 20.0,
    record: Record = None,
    as_json: AsJson = False,
) -> None:
    """Find out what another preparation would gain in a training job that you describe.

    The time that preparing takes is measured now, on this machine. The time that training takes is
    the one that you give. For a corpus that fits into no memory, use --record: it takes the times
    for shards on disk from a record of `nanogpt-rs data cost --measure`.

    For example: nanogpt-rs job predict --corpus-size 100GB --steps 100000 --step-time 20ms
    """
    from nanogpt_rs.predicting.job import TrainingJob, does_not_fit
    from nanogpt_rs.predicting.quantities import parse_size, parse_time

    if record is not None:
        refuse_beside(context, "--record", "ids", "corpus", "measure", "seconds")
    described = TrainingJob(
        parse_size(corpus_size), steps, parse_time(step_time), runs, worth / 100
    )
    most = parse_size(measure)
    if record is not None:
        answer_from_record(described, record, as_json)
        return
    from nanogpt_rs.measuring.machine import examine
    from nanogpt_rs.measuring.selection import load_corpora

    build = check()
    (text,) = load_corpora([corpus])
    bytes_per_character = len(text.text.encode()) / max(1, len(text.text))
    characters = max(1, round(min(described.size, most) / max(1.0, bytes_per_character)))
    rows = rows_to_measure(text, ids, characters)
    differences = measured_differences(rows, corpus, text, seconds, characters)
    size = round(characters * bytes_per_character)
    answers = [answer_for(difference, size, described) for difference in differences]
    too_large = does_not_fit(described.size * characters / size, examine().memory)
    if as_json:
        from nanogpt_rs.commands import job_documents

        document = job_documents.PredictedJob(
            job=described,
            answers=tuple(answer.document() for answer in answers),
            build=build,
            corpus=text.id,
            sha256=text.sha256,
            measured_bytes=size,
            does_not_fit=too_large,
        )
        print_json("job predict", document)
        return
    print_table(answers)
    print_sentences(answers)
    if too_large:
        err.say(too_large)


def rows_to_measure(
    text: Corpus, ids: Sequence[str] | None, characters: int
) -> list[Implementation]:
    """Return the preparations to compare on a text of this length, references included."""
    from nanogpt_rs.measuring.end_to_end import rows_of
    from nanogpt_rs.measuring.selection import select
    from nanogpt_rs.ruler.tasks import PREPARATION

    # All Python preparations are measured: on texts that are larger than those that the strongest
    # was chosen on, another may be stronger.
    rows = rows_of(text.width, ids or [row.id for row in select([PREPARATION])])
    rows = [row for row in rows if "limit" not in row.marks]
    refuse_absent(rows)
    if characters >= LARGE:
        rows = [row for row in rows if "baseline" not in row.marks]
    if len(rows) < 2:
        stop(USAGE, f"{rows[0].id} alone is left to measure, with nothing to compare it with")
    return rows


def measured_differences(
    rows: Sequence[Implementation], corpus: str, text: Corpus, seconds: float, characters: int
) -> list[Difference]:
    """Verify preparations and return their measured differences, or exit if one is not right."""
    from nanogpt_rs.measuring.end_to_end import compare
    from nanogpt_rs.ruler.verification import verify_apart

    with timed_progress(len(rows) + seconds) as advance:
        for row in rows:
            advance(f"verify {row.id}", 1.0)
            proof = verify_apart(row, corpus)
            if proof.status != "right":
                stop(FAILED, f"{row.id}: {proof.status}: {'; '.join(proof.details)}")
        differences, _ = compare(
            rows, corpus, text, lambda _: advance("measure", 0.0), seconds, characters
        )
    return differences


def answer_from_record(described: TrainingJob, record: Path, as_json: bool) -> None:
    """Print what shards on disk would gain, according to a record of ``data cost``."""
    from nanogpt_rs.predicting.cost_prediction import model_of, rate_of
    from nanogpt_rs.predicting.job import Rate

    run, taken = newest_costs(record, record.parent)
    calls = model_of(taken).calls
    reference = next((id for id in calls if id.startswith("python/")), None)
    others = [id for id in calls if id != reference]
    if reference is None or not others:
        stop(NOTHING, f"{record}: holds no Python preparation beside another preparation")
    answers = [
        answer_at(
            Rate(*rate_of(calls[reference], calls[id]), calls[reference].largest),
            described,
            id,
            reference,
        )
        for id in others
    ]
    if as_json:
        from nanogpt_rs.commands import job_documents

        gains = tuple(answer.document() for answer in answers)
        print_json(
            "job predict", job_documents.PredictedJob(job=described, answers=gains, run=run.run)
        )
        return
    best = max(answers, key=lambda answer: answer.gain.seconds)
    for line in (best.sentence, best.extrapolation):
        out.say(line)


def answer_for(difference: Difference, size: int, described: TrainingJob) -> JobAnswer:
    """Return what a measured difference comes to in a job.

    Args:
        difference: The difference, measured on a text of this size.
        size: Size of that text in bytes.
        described: The job.
    """
    from nanogpt_rs.predicting.job import Rate

    bounds = difference.interval if difference.comparison.valid else None
    interval = None if bounds is None else (bounds[0] / size, bounds[1] / size)
    rate = Rate(difference.reference_seconds / size, difference.seconds / size, interval, size)
    answer = answer_at(rate, described, difference.id, difference.reference)
    return answer._replace(difference=difference)


def answer_at(rate: Rate, described: TrainingJob, id: str, reference: str) -> JobAnswer:
    """Return what a preparation gains in a job, from its measured rate."""
    from nanogpt_rs.predicting.job import extrapolation, gain, sentence

    gained = gain(rate, described)
    verdict = sentence(gained, described, id, reference)
    return JobAnswer(reference, id, gained, verdict, extrapolation(gained, rate, described))


def print_table(answers: Sequence[JobAnswer]) -> None:
    """Print a table of all answers."""
    columns = (
        *(layout.ids("preparation"), layout.ids("against"), layout.figures("gain [95 %]")),
        *(layout.figures("of the job"), layout.Column("worth it"), layout.figures("from")),
    )
    table = layout.Table(columns, "what the preparation would gain")
    for answer in answers:
        worth_from = answer.gain.worth_from
        table.add(
            answer.id,
            answer.reference,
            seconds_in_words(answer.gain.seconds, answer.gain.interval),
            share(answer.gain.share),
            answer.gain.answer,
            "no size" if worth_from is None else size_in_words(worth_from),
        )
    out.show(table)


def print_sentences(answers: Sequence[JobAnswer]) -> None:
    """Print the sentences that matter most: the best preparation, and the best without Rust."""
    from nanogpt_rs.records.schema import STRONGEST

    def is_valid(answer: JobAnswer) -> bool:
        return answer.difference is not None and answer.difference.comparison.valid

    # A user chooses between the strongest Python and the best of the others.
    candidates = [
        answer
        for answer in answers
        if answer.difference is not None and answer.difference.role == STRONGEST
    ]
    rust = [answer for answer in candidates if answer.id.startswith("rust/")]
    best = max(
        rust or candidates or answers, key=lambda answer: (is_valid(answer), answer.gain.seconds)
    )
    out.say(best.sentence)
    if best.difference is not None and not is_valid(best):
        reason = best.difference.comparison.reason
        out.say(f"{best.id}: invalid: {reason}.")
    others = [answer for answer in candidates if not answer.id.startswith("rust/")]
    other = max(others, key=lambda answer: answer.gain.seconds, default=None)
    if other and other.gain.seconds > 0 and other is not best:
        gained = seconds_in_words(other.gain.seconds)
        out.say(f"Without any Rust, {other.id} gains {gained}.")
    out.say(best.extrapolation)
