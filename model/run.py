"""A training run: taken step by step, timed, saved and restored."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
from functools import cached_property, partial

import torch
from torch import Tensor

from model.batches import GatheredBatches, StackedBatches
from model.checkpoint import Checkpoint, hash_parameters, write_checkpoint
from model.device import environment, find_device, random_states, set_random_states
from model.evaluation import Ids, evaluate, split
from model.gpt import GPT, Config, Factory
from model.optimizers import CompiledAdamW, TorchAdamW, compiled
from model.options import Options, Recipe, TrainingError, check, config_of
from model.progress import Progress, StageClock, Summary
from model.vocabulary import Vocabulary, bytes_of, to_document
from model.whole_step import WholeStep


class TrainingRun:
    """A training run that is taken step by step, and can be saved after each step.

    Args:
        config: Shape of the model, or a key of ``CONFIGS``.
        recipe: What it is trained by.
        options: How that is computed.
        vocabulary: The corpus's distinct characters, in code-point order, or its tokens.
        ids: The corpus, as indices into the vocabulary.
        seed: Seed of the initial weights and of the order of the data.
        clock: The clock that time is charged to (default: a new one).
        attention: Makes the attention of each block (default: the one that the options name). A
            checkpoint does not keep it.

    Raises:
        TrainingError: The corpus is too short, or an option or the device does not exist.
    """

    def __init__(
        self,
        config: str | Config,
        recipe: Recipe,
        options: Options,
        vocabulary: Vocabulary,
        ids: Ids,
        seed: int,
        clock: StageClock | None = None,
        attention: Factory | None = None,
    ) -> None:
        check(options)
        config = config_of(config)
        self.config, self.recipe, self.options = config, recipe, options
        self.vocabulary, self.seed = vocabulary, seed
        self.device = find_device(options.device)
        self.clock = clock or StageClock(self.device)
        self.train_ids, self.val_ids = split(ids, config.context)
        self.generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # for dropout, which draws from no other generator
        model = GPT(config, len(vocabulary), attention or options.attention, self.generator)
        batches = GatheredBatches if options.batches == "gather" else StackedBatches
        self.batches = batches(
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
        self.whole_step = (
            WholeStep(self.model, self.optimizer, mixed=options.dtype == "bfloat16")
            if options.compile
            and attention is None  # one that calls foreign code cannot be compiled
            and isinstance(self.optimizer, CompiledAdamW)
            and self.device.type == "cpu"  # on a GPU this was never tried
            else None
        )
        self.losses: list[float] = []
        self.val_losses: list[tuple[int, float]] = []
        self.resumed_at = 0

    @property
    def steps(self) -> int:
        """Number of steps done so far."""
        return len(self.losses)

    def loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of a batch, in the precision of the options."""
        mixed = self.options.dtype == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            return self.called(inputs, targets)

    def warm_up(self) -> None:
        """Compile everything that a step needs, and change nothing.

        Raises:
            TrainingError: It cannot be compiled here.
        """
        random, batches = random_states(self.device), self.batches.state()
        try:
            with self.clock.stage("compile"):
                if self.whole_step:
                    self.whole_step.warm_up(self.batches.next())
                else:
                    torch.autograd.grad(self.loss(*self.batches.next()), self.parameters)
                    self.optimizer.warm_up()
        except Exception as error:
            if not (self.options.compile or self.options.optimizer == "compiled"):
                raise
            line = str(error).strip().partition("\n")[0]
            raise TrainingError(f"torch cannot compile the model here: {line}") from None
        set_random_states(self.device, random)
        self.batches.restore(batches)

    def step(self) -> float:
        """Take one step and return its loss.

        Raises:
            TrainingError: The loss is not a number; the parameters are as before.
        """
        with self.clock.stage("batches"):
            inputs, targets = self.batches.next()
        learning_rate = self.recipe.learning_rate_at(self.steps)
        if self.whole_step:
            with self.clock.stage("forward"):  # which then is all of it
                value = self.whole_step.take((inputs, targets), learning_rate)
            self.check_loss(value)
        else:
            with self.clock.stage("forward"):
                loss = self.loss(inputs, targets)
                value = float(loss.detach())
            self.check_loss(value)
            with self.clock.stage("backward"):
                gradients = torch.autograd.grad(loss, self.parameters)
            with self.clock.stage("optimizer"):
                self.optimizer.step(gradients, learning_rate)
        self.losses.append(value)
        return value

    def check_loss(self, value: float) -> None:
        """Check the loss of the next step.

        Raises:
            TrainingError: It is not a number.
        """
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss is {value} at step {self.steps + 1} of {self.recipe.steps}; "
                "a lower learning rate may help"
            )

    def evaluate(self) -> float:
        """Return the mean loss over the validation split, in nats a character.

        It is computed uncompiled and in the parameters' own precision, not in that of the options.

        Raises:
            TrainingError: The loss is not a number.
        """
        with self.clock.stage("evaluation"):
            val_loss = evaluate(self.model, self.val_ids, self.device)
        if not math.isfinite(val_loss):
            raise TrainingError(
                f"the validation loss is {val_loss} after step {self.steps}; "
                "a lower learning rate may help"
            )
        self.val_losses.append((self.steps, val_loss))
        return val_loss

    def tokens_per_second(self) -> float:
        """Return the pace of this process's steps, without start-up and evaluations."""
        seconds = self.training_seconds()
        characters = (self.steps - self.resumed_at) * self.recipe.batch * self.config.context
        return characters / seconds if seconds else 0.0

    def training_seconds(self) -> float:
        """Return the wall-clock seconds of this process's steps."""
        stages = ("batches", "forward", "backward", "optimizer")
        return sum(self.clock.seconds[stage] for stage in stages)

    def progress(self, val_loss: float | None = None) -> Progress:
        """Return where the run is; it must have done a step."""
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
        """Return the result of the run so far."""
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

        It replaces the file at ``path`` only when it is whole.

        Raises:
            TrainingError: It cannot be written; what was there before is still there.
        """
        document = {
            "config": dataclasses.asdict(self.config),
            "recipe": dataclasses.asdict(self.recipe),
            "options": dataclasses.asdict(self.options),
            "seed": self.seed,
            "vocabulary": to_document(self.vocabulary),
            "data_sha256": self.data_sha256,
            "parameters_sha256": hash_parameters(self.model),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state(),
            "batches": self.batches.state(),
            "random_states": random_states(self.device),
            "losses": self.losses,
            "val_losses": self.val_losses,
        }
        write_checkpoint(path, document)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from where a checkpoint was written.

        Raises:
            TrainingError: The checkpoint was trained on another text, or does not fit the model.
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
        """Hash of vocabulary and ids; it does not depend on the type of the ids."""
        digest = hashlib.sha256(bytes_of(self.vocabulary))
        for ids in (self.train_ids, self.val_ids):
            for block in ids.split(1 << 20):
                digest.update(block.long().numpy().tobytes())
        return digest.hexdigest()
