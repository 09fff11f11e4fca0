"""Training, from files on disk to a model, and text that a trained model writes.

Preparation is passed in, and any that keeps the contract trains the same model to the same bits.
On one machine, with the same number of threads and the same options, a run that was interrupted
and resumed gives the same bits too.

What the other files of training define is importable from here as well: rulers resolve
``model.train:train`` and ``model.train:Options`` in the wheels of old and new commits.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence

import torch

from model.batches import GatheredBatches, StackedBatches
from model.checkpoint import CHECKPOINT_FORMAT, Checkpoint, hash_parameters, read_checkpoint
from model.device import environment, find_device, in_fixed_order, threads
from model.evaluation import Ids, evaluate, ids_of_the_vocabulary, split
from model.gpt import Config
from model.options import (
    BATCHES,
    DTYPES,
    OPTIMIZERS,
    RECIPES,
    VARIANTS,
    Options,
    Recipe,
    TrainingError,
    UsageError,
    check,
    config_of,
    recipe_of,
)
from model.progress import STAGES, Progress, StageClock, Summary
from model.run import TrainingRun
from model.vocabulary import Tokens, Vocabulary, texts_of

__all__ = [
    "BATCHES",
    "CHECKPOINT_FORMAT",
    "DTYPES",
    "OPTIMIZERS",
    "RECIPES",
    "STAGES",
    "VARIANTS",
    "Checkpoint",
    "GatheredBatches",
    "Ids",
    "Options",
    "Prepare",
    "Progress",
    "Recipe",
    "StackedBatches",
    "StageClock",
    "Summary",
    "Tokens",
    "TrainingError",
    "TrainingRun",
    "UsageError",
    "Vocabulary",
    "check",
    "config_of",
    "environment",
    "evaluate",
    "find_device",
    "hash_parameters",
    "read_checkpoint",
    "recipe_of",
    "sample",
    "split",
    "threads",
    "train",
]

Prepare = Callable[[Sequence[str]], tuple[Vocabulary, Ids]]
"""From files to the vocabulary and the ids of their concatenation. The vocabulary is the distinct
characters in code-point order, or byte-pair tokens."""


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
        prepare: Function that makes vocabulary and ids of the files.
        paths: The files, UTF-8, in order.
        config: Shape of the model, or a key of ``CONFIGS``.
        recipe: What to train by (default: the recipe with the config's name).
        options: How to compute it (default: ``Options()``, or those of the resumed run).
        steps: Number of steps (default: the recipe's).
        seed: Seed of the initial weights and of the order of the data.
        evaluate_every: Steps between evaluations (default: one evaluation, at the end).
        checkpoint: File to save to, every ``checkpoint_every`` steps and at the end.
        checkpoint_every: Steps between two savings.
        resume: A checkpoint to go on from, with its own config, recipe, steps and seed.
        progress: Called after each step.
        stop: Called after each step; if it returns true, the run is saved, and ends without an
            evaluation.

    Returns:
        The result. Its ``val_loss`` is None if the run was stopped.

    Raises:
        TrainingError: The run cannot start or go on. A checkpoint that was saved before is kept.
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
    clock = StageClock(find_device(options.device))
    with threads(options.threads), in_fixed_order(clock.device), ids_of_the_vocabulary():
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
    encode: Callable[[Tokens, str], list[int]] | None = None,
) -> Iterator[str]:
    """Yield the text that a saved model writes after ``prompt``, for one id after the other.

    Args:
        checkpoint: File of the model.
        count: Number of characters, or of tokens if the model was trained on tokens.
        prompt: Text to go on from.
        seed: Seed of what is drawn.
        temperature: Divides the logits; above 1, rare ids become more likely.
        top: Number of the likeliest ids to draw from (default: all).
        device: Device to run the model on.
        encode: Function from tokens and a text to the text's ids, for a model of tokens.

    Raises:
        TrainingError: The checkpoint cannot be read, or its model has not seen a character of the
            prompt.
    """
    saved = read_checkpoint(checkpoint)
    ids = prompt_ids(saved, prompt, encode)
    torch_device = find_device(device)
    written = saved.model(torch_device).generate(
        torch.tensor(ids, device=torch_device),
        count,
        temperature=temperature,
        top=top,
        generator=torch.Generator().manual_seed(seed),
    )
    return texts_of(saved.vocabulary, written)


def prompt_ids(
    saved: Checkpoint, prompt: str, encode: Callable[[Tokens, str], list[int]] | None
) -> list[int]:
    """Return the ids of a prompt.

    Raises:
        TrainingError: It is empty, or the model has not seen one of its characters.
    """
    if not prompt:
        raise UsageError("the prompt is empty: give at least one character to go on from")
    if not isinstance(saved.vocabulary, str):
        if encode is None:
            raise UsageError(
                f"checkpoint {saved.path} was trained on tokens; give a function that encodes"
            )
        return encode(saved.vocabulary, prompt)
    ids = [saved.vocabulary.find(character) for character in prompt]
    if -1 in ids:
        at = ids.index(-1)
        raise TrainingError(
            f"character {prompt[at]!r} (U+{ord(prompt[at]):04X}) at position {at} of the prompt is "
            "not in the model's vocabulary"
        )
    return ids
