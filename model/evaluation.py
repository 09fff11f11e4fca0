"""The two splits of a text, and the loss over the one that validates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor

from model.gpt import GPT
from model.options import TrainingError

Ids: TypeAlias = Tensor | tuple[Tensor, Tensor]
"""A whole corpus, or its training and validation splits: one-dimensional, of an integer type."""

TRAIN_FRACTION = 0.9
WINDOWS_AT_ONCE = 256  # in evaluation; more gain nothing


def split(ids: Ids, context: int) -> tuple[Tensor, Tensor]:
    """Return the first floor(0.9 n) ids, which train, and the others, which validate.

    Raises:
        TrainingError: There are too few ids for the context.
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

    The ids are cut into windows as long as the context, side by side. Each character is predicted
    once, from those before it in its window.

    Args:
        model: The model that predicts.
        ids: (n,) with n at least 2.
        device: The device that holds the model.
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
def ids_of_the_vocabulary() -> Iterator[None]:
    """Say what is wrong where an id of the text has no row in the model's embedding.

    Ids are not looked through beforehand, which would read a text of any size once more.

    Raises:
        TrainingError: There is such an id.
    """
    try:
        yield
    except IndexError as error:
        if "out of range" not in str(error):
            raise
        fault = TrainingError("an id of the prepared text is not in its vocabulary")
        fault.hint = "compare the prepared text with its manifest, or prepare it again"
        raise fault from None
