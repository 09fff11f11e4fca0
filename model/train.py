"""Training, from files on disk to a model: everything that takes time is a stage, and is timed.

Preparation is passed in, and any that keeps the contract trains the same model to the same bits.
On one machine, with one number of threads and the same options, so does a run that was interrupted
and resumed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import math
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils import deterministic

from model.batches import GatheredBatches, StackedBatches
from model.gpt import ATTENTIONS, CONFIGS, GPT, Config
from model.optimizers import CompiledAdamW, TorchAdamW, compiled

TRAIN_FRACTION = 0.9
DTYPES = ("float32", "bfloat16", "float64")
OPTIMIZERS = {
    "fused": "torch's AdamW in one kernel, after clipping",
    "plain": "torch's AdamW and clipping, one small operation after another",
    "compiled": "clipping and AdamW compiled into one, which takes a C++ compiler",
}
BATCHES = {
    "gather": "many batches by one gather over all windows of the text",
    "stack": "a slice for each sequence, stacked, as the lecture and nanoGPT have it",
}
STAGES = ("prepare", "compile", "batches", "forward", "backward", "optimizer", "evaluation")
"""What ``Summary.seconds`` is divided into, in the order in which it comes."""
CHECKPOINT_FORMAT = "nanogpt-rs checkpoint 1"
WINDOWS_AT_ONCE = 256  # in evaluation; more gain nothing

Ids: TypeAlias = Tensor | tuple[Tensor, Tensor]
"""One-dimensional, of an integer type: a whole corpus, or what trains of it and what validates."""

Prepare = Callable[[Sequence[str]], tuple[str, Ids]]
"""Files to the vocabulary, in code-point order, and the ids of their concatenation."""


class TrainingError(Exception):
    """Training cannot start or go on; the message says what was wrong, in one line."""


class UsageError(TrainingError):
    """What was asked for does not exist; the message says what does."""


@dataclass(frozen=True)
class Recipe:
    """What is trained towards what, in which order: nanoGPT's schedule.

    Attributes:
        batch: sequences in a batch.
        steps: how many batches.
        learning_rate: after ``warmup`` steps; falls as a cosine to ``least_learning_rate``.
        least_learning_rate: at the last step.
        warmup: steps in which the learning rate rises in a straight line.
        betas: AdamW's.
        weight_decay: on what has two dimensions.
        clip: the norm that a gradient has at most.
    """

    batch: int
    steps: int
    learning_rate: float = 1e-3
    least_learning_rate: float = 1e-4
    warmup: int = 100
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.1
    clip: float = 1.0

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of this step; the first is step 0."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / (self.warmup + 1)
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        fraction = (1 + math.cos(math.pi * min(1.0, done))) / 2
        return self.least_learning_rate + fraction * (self.learning_rate - self.least_learning_rate)


RECIPES = {
    "quick": Recipe(batch=16, steps=250, learning_rate=3e-3, least_learning_rate=3e-4, warmup=20),
    "full": Recipe(batch=12, steps=2000),
    "baby": Recipe(batch=64, steps=5000),
}


@dataclass(frozen=True)
class Options:
    """How it is computed. None of these changes the model, the data or their order.

    Attributes:
        device: ``cpu``, ``cuda`` (``cuda:1`` ...) or ``mps``.
        dtype: of the arithmetic, one of ``DTYPES``; bfloat16 is mixed precision, and parameters
            stay float32.
        attention: a key of ``model.gpt.ATTENTIONS``.
        optimizer: a key of ``OPTIMIZERS``; all are AdamW.
        batches: a key of ``BATCHES``.
        compile: have torch compile the model, which takes a C++ compiler and some seconds.
        threads: of the processor. Another number is other rounding.
    """

    device: str = "cpu"
    dtype: str = "float32"
    attention: str = "own"
    optimizer: str = "fused"
    batches: str = "gather"
    compile: bool = False
    threads: int = 1


VARIANTS = {
    "lecture": Options(attention="heads", optimizer="plain", batches="stack"),
    "nanogpt": Options(attention="sdpa", optimizer="plain", batches="stack"),
    "fastest": Options(dtype="bfloat16", optimizer="compiled", compile=True),
}
"""The same model as the lecture computes it, as nanoGPT does, and fastest on a CPU here."""


@dataclass(frozen=True)
class Progress:
    """Where a run is, after a step.

    Attributes:
        step: steps done.
        steps: steps in all.
        loss: of the step's batch, in nats a character.
        learning_rate: of the step.
        val_loss: over the validation split, where it was just evaluated.
        tokens_per_second: so far, evaluations and start-up apart.
        seconds_left: for the steps that remain, at this pace.
    """

    step: int
    steps: int
    loss: float
    learning_rate: float
    val_loss: float | None
    tokens_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Summary:
    """What came of a run.

    Attributes:
        config: the shape of the model.
        recipe: what it was trained by.
        options: how that was computed.
        seed: of the initial weights and the order of the data.
        characters: of the corpus; the first floor(0.9 n) of them train.
        vocabulary_size: distinct ones.
        parameters: how many the model has.
        steps: done in all, those before a resumption included.
        interrupted: whether that is fewer than asked for.
        train_loss: of the last batch.
        val_loss: mean over the whole validation split, in fixed windows, in nats a character;
            None if the run was stopped before its end.
        losses: the loss of each step.
        val_losses: (step, loss) of each evaluation.
        parameters_sha256: of the parameters' bits.
        seconds: wall-clock seconds of each of ``STAGES``, in this process.
        cpu_seconds: the same by the processor's time, of all threads.
        tokens_per_second: characters trained on in a second of batches, forward, backward and
            optimizer; wall clock.
        environment: what else the bits and the pace depend on.
    """

    config: Config
    recipe: Recipe
    options: Options
    seed: int
    characters: int
    vocabulary_size: int
    parameters: int
    steps: int
    interrupted: bool
    train_loss: float | None
    val_loss: float | None
    losses: tuple[float, ...]
    val_losses: tuple[tuple[int, float], ...]
    parameters_sha256: str
    seconds: dict[str, float]
    cpu_seconds: dict[str, float]
    tokens_per_second: float
    environment: dict[str, Any]


@dataclass
class Clock:
    """Adds up what each stage takes. A GPU is waited for, so that a stage is charged its own."""

    device: torch.device
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    cpu_seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge what is done within to this stage."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            if self.device.type != "cpu":
                getattr(torch, self.device.type).synchronize(**which(self.device))
            self.seconds[name] += time.perf_counter() - wall
            self.cpu_seconds[name] += time.process_time() - cpu


class TrainingRun:
    """A training run that is taken step by step, and can be saved after any.

    Args:
        config: the shape of the model, or a key of ``CONFIGS``.
        recipe: what it is trained by.
        options: how that is computed.
        vocabulary: the characters.
        ids: the corpus.
        seed: of the initial weights and the order of the data.
        clock: what the time is charged to; a new one if there is none.

    Raises:
        TrainingError: the corpus is too short, or an option or the device does not exist.
    """

    def __init__(
        self,
        config: str | Config,
        recipe: Recipe,
        options: Options,
        vocabulary: str,
        ids: Ids,
        seed: int,
        clock: Clock | None = None,
    ) -> None:
        check(options)
        config = config_of(config)
        self.config, self.recipe, self.options = config, recipe, options
        self.vocabulary, self.seed = vocabulary, seed
        self.device = find_device(options.device)
        self.clock = clock or Clock(self.device)
        self.train_ids, self.val_ids = split(ids, config.context)
        self.generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # for dropout, which knows no other
        model = GPT(config, len(vocabulary), options.attention, self.generator)
        kind = GatheredBatches if options.batches == "gather" else StackedBatches
        self.batches = kind(
            self.train_ids, recipe.batch, config.context, self.generator, self.device
        )
        self.model = model.to(self.device, torch.float64 if options.dtype == "float64" else None)
        self.parameters = list(self.model.parameters())
        adamw = (
            CompiledAdamW
            if options.optimizer == "compiled"
            else partial(TorchAdamW, fused=options.optimizer == "fused")
        )
        self.optimizer = adamw(self.parameters, recipe.betas, recipe.weight_decay, recipe.clip)
        self.called = compiled(self.model, self.device) if options.compile else self.model
        self.losses: list[float] = []
        self.val_losses: list[tuple[int, float]] = []
        self.resumed_at = 0

    @property
    def steps(self) -> int:
        """How many steps have been done."""
        return len(self.losses)

    def loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of a batch, in the precision that was asked for."""
        mixed = self.options.dtype == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            return self.called(inputs, targets)

    def warm_up(self) -> None:
        """Have everything compiled that a step needs, and change nothing.

        Raises:
            TrainingError: it cannot be compiled here.
        """
        states = random_states(self.device), self.batches.state()
        try:
            with self.clock.stage("compile"):
                torch.autograd.grad(self.loss(*self.batches.next()), self.parameters)
                self.optimizer.warm_up()
        except Exception as error:
            if not (self.options.compile or self.options.optimizer == "compiled"):
                raise
            line = str(error).strip().partition("\n")[0]
            raise TrainingError(f"torch cannot compile the model here: {line}") from None
        set_random_states(self.device, states[0])
        self.batches.restore(states[1])

    def step(self) -> float:
        """Take one step and return its loss.

        Raises:
            TrainingError: the loss is not a number; the parameters are as before.
        """
        with self.clock.stage("batches"):
            inputs, targets = self.batches.next()
        with self.clock.stage("forward"):
            loss = self.loss(inputs, targets)
            value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss is {value} at step {self.steps + 1} of {self.recipe.steps}; "
                "a lower learning rate may help"
            )
        with self.clock.stage("backward"):
            gradients = torch.autograd.grad(loss, self.parameters)
        with self.clock.stage("optimizer"):
            self.optimizer.step(gradients, self.recipe.learning_rate_at(self.steps))
        self.losses.append(value)
        return value

    def evaluate(self) -> float:
        """Return the mean loss over the validation split, in nats a character.

        Whatever the options, it is computed in the parameters' own precision and uncompiled.

        Raises:
            TrainingError: it is not a number.
        """
        with self.clock.stage("evaluation"):
            found = evaluate(self.model, self.val_ids, self.device)
        if not math.isfinite(found):
            raise TrainingError(
                f"the validation loss is {found} after step {self.steps}; "
                "a lower learning rate may help"
            )
        self.val_losses.append((self.steps, found))
        return found

    def tokens_per_second(self) -> float:
        """Return the pace of this process's steps, start-up and evaluations apart."""
        seconds = self.training_seconds()
        characters = (self.steps - self.resumed_at) * self.recipe.batch * self.config.context
        return characters / seconds if seconds else 0.0

    def training_seconds(self) -> float:
        """Return the wall-clock seconds of this process's steps."""
        stages = ("batches", "forward", "backward", "optimizer")
        return sum(self.clock.seconds[stage] for stage in stages)

    def progress(self, val_loss: float | None = None) -> Progress:
        """Return where the run is, after its first step."""
        done = self.steps - self.resumed_at
        return Progress(
            step=self.steps,
            steps=self.recipe.steps,
            loss=self.losses[-1],
            learning_rate=self.recipe.learning_rate_at(self.steps - 1),
            val_loss=val_loss,
            tokens_per_second=self.tokens_per_second(),
            seconds_left=self.training_seconds() / max(1, done) * (self.recipe.steps - self.steps),
        )

    def summary(self) -> Summary:
        """Return what came of the run so far."""
        at_end = self.val_losses and self.val_losses[-1][0] == self.steps
        return Summary(
            config=self.config,
            recipe=self.recipe,
            options=self.options,
            seed=self.seed,
            characters=len(self.train_ids) + len(self.val_ids),
            vocabulary_size=len(self.vocabulary),
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            steps=self.steps,
            interrupted=self.steps < self.recipe.steps,
            train_loss=self.losses[-1] if self.losses else None,
            val_loss=self.val_losses[-1][1] if at_end else None,
            losses=tuple(self.losses),
            val_losses=tuple(self.val_losses),
            parameters_sha256=hash_parameters(self.model),
            seconds=dict(self.clock.seconds),
            cpu_seconds=dict(self.clock.cpu_seconds),
            tokens_per_second=self.tokens_per_second(),
            environment=environment(self.device),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint that a run can be resumed from to the same bits.

        It replaces what is at ``path`` only when it is whole.

        Raises:
            TrainingError: it cannot be written; what was there before is still there.
        """
        document = {
            "format": CHECKPOINT_FORMAT,
            "config": dataclasses.asdict(self.config),
            "recipe": dataclasses.asdict(self.recipe),
            "options": dataclasses.asdict(self.options),
            "seed": self.seed,
            "vocabulary": self.vocabulary,
            "data_sha256": self.data_sha256,
            "parameters_sha256": hash_parameters(self.model),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state(),
            "batches": self.batches.state(),
            "random_states": random_states(self.device),
            "losses": self.losses,
            "val_losses": self.val_losses,
        }
        whole = io.BytesIO()  # writing it is left to Python, whose errors say what is the matter
        torch.save(document, whole)
        try:
            write_whole(Path(path), whole.getvalue())
        except OSError as error:
            raise TrainingError(
                f"checkpoint {path} cannot be written: {error.strerror or error}"
            ) from None

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from where a checkpoint was written.

        Raises:
            TrainingError: it was trained on another text, or does not fit the model.
        """
        document = checkpoint.document
        if document["data_sha256"] != self.data_sha256:
            raise TrainingError(
                f"checkpoint {checkpoint.path} was trained on another text, and cannot go on with "
                "this one"
            )
        try:
            self.model.load_state_dict(document["model"])
            self.optimizer.restore(document["optimizer"])
            self.batches.restore(document["batches"])
            set_random_states(self.device, document["random_states"])
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            line = str(error).partition("\n")[0]
            raise TrainingError(f"checkpoint {checkpoint.path} does not fit: {line}") from None
        self.losses = list(document["losses"])
        self.val_losses = [(step, loss) for step, loss in document["val_losses"]]
        self.resumed_at = self.steps

    @cached_property
    def data_sha256(self) -> str:
        """The hash of vocabulary and ids, whatever type the ids have."""
        digest = hashlib.sha256(self.vocabulary.encode(errors="surrogatepass"))
        for ids in (self.train_ids, self.val_ids):
            for block in ids.split(1 << 20):
                digest.update(block.long().numpy().tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read and has everything that one must have.

    Attributes:
        path: where it was read.
        config: the shape of its model.
        recipe: what it was trained by.
        options: how that was computed.
        seed: of the run.
        vocabulary: its characters.
        document: all that was saved.
    """

    path: str
    config: Config
    recipe: Recipe
    options: Options
    seed: int
    vocabulary: str
    document: dict[str, Any]

    def model(self, device: torch.device) -> GPT:
        """Return the trained model, ready to predict.

        Raises:
            TrainingError: the weights do not fit the shape.
        """
        model = GPT(self.config, len(self.vocabulary), self.options.attention)
        try:
            model.load_state_dict(self.document["model"])
        except (KeyError, TypeError, RuntimeError) as error:
            line = str(error).partition("\n")[0]
            raise TrainingError(f"checkpoint {self.path} does not fit: {line}") from None
        model.to(device).eval()
        return model


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint, as data and never as code.

    Raises:
        TrainingError: it cannot be read, is damaged, or is none of ours.
    """
    name = os.fspath(path)
    try:
        data = io.BytesIO(Path(name).read_bytes())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise TrainingError(f"checkpoint {name} cannot be read: {why}") from None
    try:
        document = torch.load(data, map_location="cpu", weights_only=True)
    except Exception:  # zip, pickle and torch have each their own, and tell users to trust the file
        document = None
    if not isinstance(document, dict) or document.get("format") != CHECKPOINT_FORMAT:
        raise TrainingError(f"checkpoint {name} is damaged, or is none of nanogpt-rs")
    try:
        found = Checkpoint(
            path=name,
            config=Config(**document["config"]),
            recipe=Recipe(**document["recipe"]),
            options=Options(**document["options"]),
            seed=document["seed"],
            vocabulary=document["vocabulary"],
            document=document,
        )
        intact = hash_tensors(document["model"]) == document["parameters_sha256"]
    except (AttributeError, KeyError, TypeError) as error:
        raise TrainingError(f"checkpoint {name} lacks something: {error}") from None
    if not intact:
        raise TrainingError(f"checkpoint {name} is damaged: its parameters have another hash")
    return found


def train(
    prepare: Prepare,
    paths: Sequence[str],
    config: str | Config = "quick",
    *,
    recipe: Recipe | None = None,
    options: Options | None = None,
    steps: int | None = None,
    seed: int = 1337,
    evaluate_every: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 500,
    resume: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Summary:
    """Train a model on files.

    Args:
        prepare: makes vocabulary and ids of the files.
        paths: the files, UTF-8, in order.
        config: the shape of the model, or a key of ``CONFIGS``.
        recipe: what to train by; by default that of ``RECIPES`` with the config's name.
        options: how to compute it; by default ``Options()``, or the resumed run's.
        steps: instead of the recipe's.
        seed: of the initial weights and the order of the data.
        evaluate_every: steps between evaluations; there is one at the end in any case.
        checkpoint: where to save, every ``checkpoint_every`` steps and at the end.
        checkpoint_every: steps.
        resume: a checkpoint to go on from; config, recipe, steps and seed are its own then.
        progress: called after each step.
        stop: asked after each step whether to stop there, saving but not evaluating.

    Returns:
        What came of it. ``val_loss`` is None if it was stopped.

    Raises:
        TrainingError: it cannot start or go on. A checkpoint that was saved before is kept.
    """
    saved = read_checkpoint(resume) if resume is not None else None
    if saved:
        config, recipe, seed = saved.config, saved.recipe, saved.seed
        options = options or saved.options
    else:
        if recipe is None:
            recipe = recipe_of(config)
        if steps is not None:
            recipe = dataclasses.replace(recipe, steps=steps)
        options = options or Options()
    if recipe.steps < 1:
        raise UsageError(f"a run has at least one step, not {recipe.steps}")
    check(options)
    clock = Clock(find_device(options.device))
    with threads(options.threads), ordered(clock.device):
        with clock.stage("prepare"):
            vocabulary, ids = prepare(paths)
        run = TrainingRun(config, recipe, options, vocabulary, ids, seed, clock)
        if saved:
            run.restore(saved)
        if options.compile or options.optimizer == "compiled":
            run.warm_up()
        while run.steps < recipe.steps:
            run.step()
            last = run.steps == recipe.steps
            evaluated = last or (evaluate_every is not None and run.steps % evaluate_every == 0)
            progress(run.progress(run.evaluate() if evaluated else None))
            stopping = not last and stop()
            if checkpoint is not None and (
                last or stopping or run.steps % max(1, checkpoint_every) == 0
            ):
                run.save(checkpoint)
            if stopping:
                break
        return run.summary()


def sample(
    checkpoint: str | os.PathLike[str],
    count: int,
    *,
    prompt: str = "\n",
    seed: int = 1337,
    temperature: float = 1.0,
    top: int | None = None,
    device: str = "cpu",
) -> Iterator[str]:
    """Yield ``count`` characters that a saved model writes after ``prompt``, one at a time.

    Raises:
        TrainingError: the checkpoint cannot be read, or does not know a character of the prompt.
    """
    saved = read_checkpoint(checkpoint)
    ids = [saved.vocabulary.find(character) for character in prompt]
    if not ids:
        raise UsageError("the prompt is empty: give at least one character to go on from")
    if -1 in ids:
        at = ids.index(-1)
        raise TrainingError(
            f"character {prompt[at]!r} (U+{ord(prompt[at]):04X}) at position {at} of the prompt is "
            "not in the model's vocabulary"
        )
    where = find_device(device)
    written = saved.model(where).generate(
        torch.tensor(ids, device=where),
        count,
        temperature=temperature,
        top=top,
        generator=torch.Generator().manual_seed(seed),
    )
    return (saved.vocabulary[id] for id in written)


def config_of(config: str | Config) -> Config:
    """Return the config of this name.

    Raises:
        TrainingError: there is none.
    """
    if isinstance(config, Config):
        return config
    if config not in CONFIGS:
        raise UsageError(f"no config {config!r}; there are: {', '.join(CONFIGS)}")
    return CONFIGS[config]


def recipe_of(config: str | Config) -> Recipe:
    """Return what a named config is trained by; a config of one's own as ``full`` is.

    Raises:
        TrainingError: there is none.
    """
    config_of(config)
    return RECIPES[config if isinstance(config, str) else "full"]


def check(options: Options) -> None:
    """Check that each option exists.

    Raises:
        TrainingError: one does not.
    """
    for what, asked, known in (
        ("dtype", options.dtype, DTYPES),
        ("attention", options.attention, ATTENTIONS),
        ("optimizer", options.optimizer, OPTIMIZERS),
        ("batches", options.batches, BATCHES),
    ):
        if asked not in known:
            raise UsageError(f"no {what} {asked!r}; there are: {', '.join(known)}")
    if options.device.startswith("mps") and options.dtype == "float64":
        raise UsageError("device mps has no float64; there are: float32, bfloat16")
    if options.threads < 1:
        raise UsageError(f"at least one thread is needed, not {options.threads}")


def find_device(name: str) -> torch.device:
    """Return the device of this name.

    Raises:
        TrainingError: torch knows no such device, or it is not there.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"no device {name!r}; there are: cpu, cuda, mps") from None
    there = {
        "cpu": lambda: True,
        "cuda": lambda: (
            torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
        ),
        "mps": torch.backends.mps.is_available,
    }
    if device.type not in there:
        raise UsageError(f"no device {name!r}; there are: {', '.join(there)}")
    if not there[device.type]():
        raise TrainingError(f"device {name} is not there: torch {torch.__version__} finds none")
    return device


def split(ids: Ids, context: int) -> tuple[Tensor, Tensor]:
    """Return the first floor(0.9 n) ids, which train, and the others, which validate.

    Raises:
        TrainingError: they are too few for the context.
    """
    if isinstance(ids, Tensor):
        size = math.floor(TRAIN_FRACTION * len(ids))
        ids = ids[:size], ids[size:]
    train, val = ids
    if len(train) <= context or len(val) < 2:
        raise TrainingError(
            f"the corpus is too short: {len(train):,} of its {len(train) + len(val):,} characters "
            f"train, and a context of {context} needs {context + 1}"
        )
    return train, val


def evaluate(model: GPT, ids: Tensor, device: torch.device) -> float:
    """Return the mean loss of predicting every id but the first, in nats.

    The ids are cut into windows as long as the context, beside one another; each character is
    predicted once, from those before it in its window.

    Args:
        model: what predicts.
        ids: (n,) with n at least 2.
        device: where the model is.
    """
    length = model.config.context
    whole = (len(ids) - 1) // length * length
    batches = [
        *zip(
            ids[:whole].view(-1, length).split(WINDOWS_AT_ONCE),
            ids[1 : whole + 1].view(-1, length).split(WINDOWS_AT_ONCE),
            strict=True,
        ),
        (ids[None, whole:-1], ids[None, whole + 1 :]),
    ]
    was_training = model.training
    model.eval()
    total = 0.0
    with torch.no_grad():
        for inputs, targets in batches:
            if targets.numel():
                loss = model(inputs.long().to(device), targets.long().to(device))
                total += float(loss) * targets.numel()
    model.train(was_training)
    return total / (len(ids) - 1)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Have torch use this many threads within."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def ordered(device: torch.device) -> Iterator[None]:
    """Have a GPU sum in a fixed order within, so that the same run gives the same bits.

    cuBLAS reads an environment variable for that, which stays set unless it was already.
    """
    if device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    mode, filled = torch.get_deterministic_debug_mode(), deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    deterministic.fill_uninitialized_memory = False  # costs time, and nothing here reads it
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        deterministic.fill_uninitialized_memory = filled


def which(device: torch.device) -> dict[str, torch.device]:
    """Return how torch is told which of several devices is meant, where there can be several."""
    return {"device": device} if device.type == "cuda" else {}


def random_states(device: torch.device) -> dict[str, Tensor]:
    """Return the state of torch's global generators that a run on this device draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = getattr(torch, device.type).get_rng_state(**which(device))
    return states


def set_random_states(device: torch.device, states: dict[str, Tensor]) -> None:
    """Put back what ``random_states`` returned, as far as this device has it."""
    torch.set_rng_state(states["cpu"])
    if device.type != "cpu" and device.type in states:
        getattr(torch, device.type).set_rng_state(states[device.type], **which(device))


def hash_parameters(model: GPT) -> str:
    """Return the SHA-256 over the parameters' names, shapes and bits."""
    return hash_tensors(model.state_dict())


def hash_tensors(tensors: dict[str, Tensor]) -> str:
    """Return the SHA-256 over names, shapes and bits, in their order."""
    digest = hashlib.sha256()
    for name, tensor in tensors.items():
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\0".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` so that no crash and no full disk ever leaves half of it at ``path``."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


STEERING = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_NUM_THREADS",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
)
"""Environment variables that change what torch computes or how fast; none of them holds a path."""


def environment(device: torch.device) -> dict[str, Any]:
    """Return what a run's bits and pace depend on beside its options; no path and no host name."""
    built = torch.__config__.parallel_info().splitlines()
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torch_commit": torch.version.git_version,
        "torch_build": [line for line in built if line.startswith(("Intel", "OpenMP", "ATen par"))],
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "variables": {name: os.environ[name] for name in STEERING if name in os.environ},
    }
