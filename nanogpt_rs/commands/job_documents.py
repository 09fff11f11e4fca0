"""The documents about preparations, the model and whole jobs that commands print with ``--json``.

Times are in seconds and sizes in bytes, where nothing else is said. An interval is a pair of its
lower and its upper end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from nanogpt_rs.commands.document import Document
from nanogpt_rs.measuring.token_job import TokenPreparation
from nanogpt_rs.predicting.cost_prediction import Line, Prediction
from nanogpt_rs.predicting.job import Answer, TrainingJob
from nanogpt_rs.preparing.shards import Shard, SourceFile, TokenVocabulary
from nanogpt_rs.records.preparations import PreparationSpeed
from nanogpt_rs.records.races import ArmRace, RacedArm, WholeProgram, WholePrograms
from nanogpt_rs.records.schema import Difference, Meanwhile, Run, Trained
from nanogpt_rs.ruler.provenance import Build
from nanogpt_rs.training.divisions import Closed, Open

# --- whole jobs ---


@dataclass(frozen=True)
class MeasuredJob(Document):
    """Whole jobs, and what a preparation gains in them.

    Attributes:
        build: Build of the Rust module.
        meanwhile: How busy the machine was.
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        characters: Length of the text in characters.
        size: Size of the text in bytes, as UTF-8.
        config: Name of the model's configuration.
        state: State in which the preparations were compared.
        trained: One whole job for each preparation.
        differences: One for each pair of a reference and another preparation.
        processes: Number of processes in which the preparations were compared.
    """

    build: Build
    meanwhile: Meanwhile
    corpus: str
    sha256: str
    characters: int
    size: int
    config: str
    state: str
    trained: tuple[Trained, ...]
    differences: tuple[Difference, ...]
    processes: int


@dataclass(frozen=True)
class MeasuredTokens(Document):
    """A training run on byte-pair tokens, and the preparations that it can begin with.

    Attributes:
        build: Build of the Rust module.
        corpus: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        characters: Length of the text in characters.
        tokens: Length of the text in tokens.
        size: Number of tokens in the vocabulary.
        config: Name of the model's configuration.
        steps: Number of training steps of the job.
        measured_steps: Number of steps that were measured.
        training: Seconds of processor time that the job trains and evaluates.
        processes: Number of processes for each preparation.
        preparations: The fastest preparation of each kind: Python, libraries and Rust.
    """

    build: Build
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


@dataclass(frozen=True)
class PredictedGain:
    """What one preparation would gain in a job.

    Attributes:
        reference: Id of the preparation that it is compared with.
        id: Its own id.
        role: Role of the reference: ``lecture`` or ``strongest``; ``None`` where the answer comes
            from a record.
        verdict: Verdict on the two preparations; ``None`` where the answer comes from a record.
        seconds: Seconds gained in all runs of the job together; negative where it loses.
        interval: 95 % interval of ``seconds``.
        share: Gain as a share of the job with the reference.
        share_interval: Interval of ``share``, from that of the preparations' difference alone.
        job: Seconds of the job with the reference.
        prepare: Seconds of the job that are the reference's preparation.
        stretched: Size of the job's corpus divided by the measured size.
        answer: Whether the gain is worth it.
        worth_from: Size in bytes from which it would be, with the same training; ``None`` if at no
            size.
        sentence: The answer in one sentence.
        extrapolation: Which part of it was measured and which was extrapolated, in words.
    """

    reference: str
    id: str
    role: str | None
    verdict: str | None
    seconds: float
    interval: tuple[float, float] | None
    share: float
    share_interval: tuple[float, float] | None
    job: float
    prepare: float
    stretched: float
    answer: Answer
    worth_from: float | None
    sentence: str
    extrapolation: str


@dataclass(frozen=True, kw_only=True)
class PredictedJob(Document):
    """What preparations would gain in a job that the user describes.

    Attributes:
        job: The job.
        answers: One answer for each preparation and reference.
        run: Id of the recorded run that the answers come from; ``None`` where preparations were
            measured.
        build: Build of the Rust module that was measured; ``None`` with a recorded run.
        corpus: Id of the corpus that was measured on; ``None`` with a recorded run.
        sha256: SHA-256 of that corpus, in hexadecimal; ``None`` with a recorded run.
        measured_bytes: Size of the measured text; ``None`` with a recorded run.
        does_not_fit: Sentence that says that the job's text does not fit into the memory of this
            machine; ``None`` where it does.
    """

    job: TrainingJob
    answers: tuple[PredictedGain, ...]
    run: str | None = None
    build: Build | None = None
    corpus: str | None = None
    sha256: str | None = None
    measured_bytes: int | None = None
    does_not_fit: str | None = None


# --- preparations ---


@dataclass(frozen=True)
class PreparedParts:
    """Number of parts that an earlier, interrupted run of the command had done.

    Attributes:
        vocabulary: Number of parts whose characters had been collected.
        encoding: Number of parts that had been written.
    """

    vocabulary: int
    encoding: int


@dataclass(frozen=True)
class PreparationEngine:
    """What worked on the parts of a text.

    Attributes:
        name: ``threads`` or ``dask``.
        workers: Number of threads or processes.
    """

    name: str
    workers: int


@dataclass(frozen=True)
class ShardManifest:
    """The manifest of prepared shards, as it is on disk.

    Attributes:
        format: Name and version of the manifest's format.
        version: Version of nanogpt-rs that wrote it.
        dtype: Type of an id, as numpy names it.
        vocabulary_size: Number of distinct characters, or the largest id of a token and one.
        vocabulary: Distinct characters in code-point order; an id is an index into it. Empty for
            tokens.
        characters: Number of characters in all texts together.
        shards: The shards, by the name of their file.
        sources: The prepared texts, in order.
        checksum: Checksum of the manifest.
        tokenizer: The tokens; ``None`` for characters.
    """

    format: str
    version: str
    dtype: str
    vocabulary_size: int
    vocabulary: str
    characters: int
    shards: dict[str, Shard]
    sources: tuple[SourceFile, ...]
    checksum: str
    tokenizer: TokenVocabulary | None = None


@dataclass(frozen=True)
class PreparedShards(Document):
    """Shards that were prepared.

    Attributes:
        manifest: Manifest of the shards.
        already: Whether the folder held the shards of these files already.
        parts: Number of parts that the texts were cut into.
        resumed: What an earlier, interrupted run had done.
        engine: What worked on the parts.
        seconds: Wall-clock seconds of each stage.
        busy_seconds: Seconds of each stage that workers were busy, all together.
    """

    manifest: ShardManifest
    already: bool
    parts: int
    resumed: PreparedParts
    engine: PreparationEngine
    seconds: dict[str, float]
    busy_seconds: dict[str, float]


@dataclass(frozen=True)
class CheckedShards(Document):
    """Shards, compared with their manifest.

    Attributes:
        fits: Whether every byte is as the manifest says.
        faults: Sentences on what differs.
    """

    fits: bool
    faults: tuple[str, ...]


@dataclass(frozen=True)
class LimitTime:
    """Time of the limit, which only reads, writes and hashes.

    Attributes:
        seconds: Median wall-clock seconds.
    """

    seconds: float


@dataclass(frozen=True)
class StartUp:
    """Time and memory of preparing a text of one character.

    Attributes:
        seconds: Median wall-clock seconds.
        memory: Bytes that the command held at most.
    """

    seconds: float
    memory: int


@dataclass(frozen=True)
class TimedPreparations(Document):
    """Preparations, measured in turn with their limit.

    Attributes:
        rounds: Number of rounds.
        limit: Time of the limit.
        start_up: Time and memory of a start without work.
        arms: Results of the engines.
        run: Description of the run.
        bytes: Length of the texts in bytes.
        meanwhile: How busy the machine was during all rounds.
    """

    rounds: int
    limit: LimitTime
    start_up: StartUp
    arms: tuple[PreparationSpeed, ...]
    run: Run
    bytes: int
    meanwhile: Meanwhile


@dataclass(frozen=True)
class WholeCommand:
    """The wall-clock seconds of ``data prepare`` for a text of n bytes, as a line.

    Attributes:
        engine: Name of the engine.
        workers: Number of its workers.
        line: The line.
    """

    engine: str
    workers: int
    line: Line


@dataclass(frozen=True)
class PlannedResources:
    """The machines that a preparation runs on.

    Attributes:
        machines: Number of machines that work on parts.
        cores: Number of cores of each machine.
        read: Bytes per second that one machine reads from its disk; ``None`` where the system
            keeps files in memory.
        write: Bytes per second that one machine writes to its disk; ``None`` as above.
        network: Bytes per second of one machine's network; ``None`` where files are on the same
            machine.
        start_up: Seconds until the engine's workers are ready.
        overhead: Seconds that the engine spends on each task.
        part: Size of a part in bytes. A part is two tasks.
    """

    machines: int
    cores: int
    read: float | None
    write: float | None
    network: float | None
    start_up: float
    overhead: float
    part: int


@dataclass(frozen=True)
class PredictedCosts(Document):
    """How long preparations take for texts of any size.

    Attributes:
        run: Description of the run that the lines were fitted to.
        stages: Busy seconds of each stage of ``data prepare``, as a line.
        calls: Processor seconds of each implementation, as a line.
        wholes: Wall-clock seconds of the whole command, as lines.
        means: The machines.
        predictions: One prediction for each size.
    """

    run: Run
    stages: dict[str, Line]
    calls: dict[str, Line]
    wholes: tuple[WholeCommand, ...]
    means: PlannedResources
    predictions: tuple[Prediction, ...]


# --- the model ---


@dataclass(frozen=True)
class TrainedCorpus:
    """The text that a model was trained on.

    Attributes:
        id: Id or path of the corpus, or of the folder of shards.
        sha256: SHA-256 of the text, in hexadecimal.
    """

    id: str
    sha256: str


@dataclass(frozen=True)
class UsedPreparation:
    """The implementation that prepared a text for training.

    Attributes:
        task: Name of its task.
        id: Its id.
    """

    task: str
    id: str


@dataclass(frozen=True)
class TrainedModel(Document):
    """A training run of the reference GPT.

    Attributes:
        corpus: The text.
        prepare: The implementation that prepared it.
        config: Shape of the model.
        recipe: What it was trained by.
        options: How that was computed.
        seed: Seed of the initial weights and of the order of the data.
        characters: Number of characters in the corpus; the first floor(0.9 n) of them train.
        vocabulary_size: Number of distinct characters or tokens.
        parameters: Number of parameters that the model has.
        steps: Number of steps done in all, those before a resumption included.
        interrupted: Whether ``steps`` is fewer than the recipe's.
        train_loss: Loss of the last batch.
        val_loss: Mean loss over the whole validation split, in nats per character, or per token
            if the text was prepared as tokens; ``None`` if the run was stopped before its end.
        val_losses: Pairs of a step and a loss, one for each evaluation.
        parameters_sha256: SHA-256 of the parameters' bits, in hexadecimal.
        seconds: Wall-clock seconds of each stage, in this process.
        cpu_seconds: CPU seconds of each stage, of all threads.
        tokens_per_second: Characters or tokens trained on in a second, by the wall clock.
        environment: The rest of what the bits and the pace depend on.
        meanwhile: How busy the machine was.
        tokens: Number of tokens in the corpus; ``None`` for characters.
        val_loss_per_character: For tokens, ``val_loss`` in nats per character, which can be
            compared with other vocabularies.
    """

    corpus: TrainedCorpus
    prepare: UsedPreparation
    config: dict[str, Any]
    recipe: dict[str, Any]
    options: dict[str, Any]
    seed: int
    characters: int
    vocabulary_size: int
    parameters: int
    steps: int
    interrupted: bool
    train_loss: float | None
    val_loss: float | None
    val_losses: tuple[tuple[int, float], ...]
    parameters_sha256: str
    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    tokens_per_second: float
    environment: dict[str, Any]
    meanwhile: Meanwhile
    tokens: int | None = None
    val_loss_per_character: float | None = None


@dataclass(frozen=True)
class SampledText(Document):
    """A text that a model wrote.

    Attributes:
        prompt: Beginning that the model was given.
        text: Characters that the model wrote after it.
    """

    prompt: str
    text: str


@dataclass(frozen=True)
class RacedCorpus:
    """The text of a race of training.

    Attributes:
        id: Id of the corpus.
        sha256: SHA-256 of the text, in hexadecimal.
        prepare: Id of the implementation that prepared it.
    """

    id: str
    sha256: str
    prepare: str


@dataclass(frozen=True)
class Race(Document):
    """How fast a network learnt TinyShakespeare.

    Attributes:
        division: ``closed`` or ``open``.
        corpus: The text.
        result: Result of the division.
    """

    division: Literal["closed", "open"]
    corpus: RacedCorpus
    result: Closed | Open


@dataclass(frozen=True)
class RacedArms(Document):
    """A race of arms: the same model in Python and in Rust, step by step.

    Attributes:
        race: What was raced, and on which text.
        arms: Results, the reference's first.
    """

    race: ArmRace
    arms: tuple[RacedArm, ...]


@dataclass(frozen=True)
class RacedPrograms(Document):
    """Whole programs, from a file of text to a validation loss.

    Attributes:
        race: What was run, and on which text.
        programs: Results, that of the best Python arm first.
    """

    race: WholePrograms
    programs: tuple[WholeProgram, ...]
