"""What a faster tokenizer gains of a training run: its share, by three kinds of tokenizers.

Each preparation runs in several fresh processes, in turn with the others. Seconds are processor
time, and the medians of these processes. Training is far longer than what is compared; it is
measured once for some steps, and multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from nanogpt_rs.measuring import paired
from nanogpt_rs.ruler import token_job
from nanogpt_rs.ruler.corpora import Corpus
from nanogpt_rs.ruler.errors import UserError
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.tasks import TOKEN_ARRAYS, TOKEN_TRAINING
from nanogpt_rs.ruler.worker import run_worker

DEADLINE = 3600.0
"""Seconds after which a process is taken to hang."""
ROUNDS = 3
"""Number of processes for each pair of a trainer and an encoder."""
STEPS = 50
"""Steps of training that are measured by default."""
_, TRAIN_TOKENS, MAKE_ENCODER, ENCODE = token_job.PREPARING

Pair = tuple[Implementation, Implementation]


@dataclass(frozen=True)
class TokenPreparation:
    """The fastest preparation of one kind.

    Attributes:
        kind: ``python``, ``library`` or ``rust``.
        trainer: Id of the implementation that trains the tokens.
        encoder: Id of the implementation that encodes.
        seconds: Seconds of processor time by stage.
        share: Share of the whole job, training included.
    """

    kind: str
    trainer: str
    encoder: str
    seconds: dict[str, float]
    share: float

    @property
    def whole(self) -> float:
        """Seconds of all stages."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class TokenJob:
    """A training run on tokens, and the preparations that it can begin with.

    Attributes:
        corpus: Id of the corpus.
        sha256: SHA-256 of the text.
        characters: Length of the text in characters.
        tokens: Length of the text in tokens.
        size: Number of tokens in the vocabulary.
        config: Name of the model's configuration.
        steps: Number of training steps of the job.
        measured_steps: Number of steps that were measured.
        training: Seconds of processor time that the job trains and evaluates.
        processes: Number of processes for each preparation.
        preparations: The fastest of each kind that is here.
    """

    corpus: str
    sha256: str
    characters: int
    tokens: int
    size: int
    config: str
    steps: int
    measured_steps: int
    training: float
    processes: int
    preparations: tuple[TokenPreparation, ...]


def pairs_of(width: str) -> dict[str, list[Pair]]:
    """Return pairs of a trainer and an encoder by kind, in which each of both occurs.

    Implementations whose packages are missing are left out, and so are kinds without any.
    """
    trainers, encoders = (
        {
            kind: [row for row in rows if row.unavailable() is None]
            for kind, rows in token_job.contenders(task, width).items()
        }
        for task in (TOKEN_TRAINING, TOKEN_ARRAYS)
    )
    pairs: dict[str, list[Pair]] = {}
    for kind in trainers:
        some, others = trainers[kind], encoders[kind]
        if some and others:
            count = max(len(some), len(others))
            pairs[kind] = [(some[at % len(some)], others[at % len(others)]) for at in range(count)]
    return pairs


def run(
    name: str,
    corpus: Corpus,
    size: int,
    config: str,
    steps: int,
    advance: Callable[[str, float], None],
) -> TokenJob:
    """Measure a training run on tokens.

    Args:
        name: The id or path that the corpus was requested by.
        corpus: The corpus itself.
        size: Number of tokens in the vocabulary.
        config: One of ``model.gpt.CONFIGS``.
        steps: Number of training steps to measure.
        advance: Called with the progress made.

    Raises:
        UserError: Two preparations made different tokens.
        nanogpt_rs.ruler.errors.WorkerError: A process gave no answer.
    """

    def ask(pair: Pair, config: str) -> token_job.Answer:
        advance(f"{pair[0].id} and {pair[1].id}", 1.0)
        order: token_job.Order = {
            "trainer": pair[0].id,
            "encoder": pair[1].id,
            "corpus": name,
            "size": size,
            "packages": paired.measured_packages(),
            "config": config,
            "steps": steps,
        }
        answer: token_job.Answer = run_worker("token_job", order, DEADLINE)
        return answer

    pairs = pairs_of(corpus.width)
    answers: dict[Pair, list[token_job.Answer]] = {
        pair: [] for some in pairs.values() for pair in some
    }
    for _ in range(ROUNDS):
        for pair, own in answers.items():
            own.append(ask(pair, ""))
    trained = ask(pairs["rust"][0], config)
    require_equal(answers, trained)
    evaluation = trained["training"].pop("evaluation", 0.0)
    training = sum(trained["training"].values()) / steps * trained["steps"] + evaluation
    preparations = [
        fastest(kind, {pair: answers[pair] for pair in some}, training)
        for kind, some in pairs.items()
    ]
    return TokenJob(
        corpus=corpus.id,
        sha256=corpus.sha256,
        characters=len(corpus.text),
        tokens=trained["tokens"],
        size=size,
        config=config,
        steps=trained["steps"],
        measured_steps=steps,
        training=training,
        processes=ROUNDS,
        preparations=tuple(preparations),
    )


def require_equal(answers: dict[Pair, list[token_job.Answer]], expected: token_job.Answer) -> None:
    """Check that all preparations made the same tokens.

    Raises:
        UserError: They did not; the message names the first that differs.
    """
    for pair, own in answers.items():
        for answer in own:
            if answer["sha256"] != expected["sha256"]:
                raise UserError(
                    f"{pair[0].id} and {pair[1].id} make other tokens of this text",
                    hint="nanogpt-rs verify shows which of the two is wrong, and where",
                )


def fastest(
    kind: str, answers: dict[Pair, list[token_job.Answer]], training: float
) -> TokenPreparation:
    """Return the fastest trainer of a kind together with its fastest encoder.

    Args:
        kind: The kind.
        answers: What the processes of each pair answered.
        training: Seconds that the job trains.
    """

    def seconds(own: Iterable[token_job.Answer], stage: str) -> float:
        return median(answer["seconds"][stage] for answer in own)

    trainer, training_tokens = min(
        ((pair[0].id, seconds(own, TRAIN_TOKENS)) for pair, own in answers.items()),
        key=lambda item: item[1],
    )
    encoder, making, encoding = min(
        (
            (pair[1].id, seconds(own, MAKE_ENCODER), seconds(own, ENCODE))
            for pair, own in answers.items()
        ),
        key=lambda item: item[1] + item[2],
    )
    stages = {TRAIN_TOKENS: training_tokens, MAKE_ENCODER: making, ENCODE: encoding}
    whole = sum(stages.values())
    return TokenPreparation(kind, trainer, encoder, stages, whole / (whole + training))
