"""The open division's entry: a network of one layer over the last few characters, in batches.

Each position is described by the character there, by the last two, by the last three (hashed);
each description has a row of weights, one for each possible next character; the rows are added and
passed to a softmax. The loss is convex in the weights and its gradient is a short formula, so that
a step costs little more than reading and writing the rows that a batch touches. Each row has its
own learning rate, after Adagrad (Duchi, Hazan and Singer, 2011). The weights start at zero; no
character is counted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.device import threads
from model.evaluation import split
from model.options import TrainingError

EXACT = 2
"""Combinations of up to so many characters have a row each; longer ones share hashed rows."""
MIX = 0x2545F4914F6CDD1D
"""An odd number whose multiples spread over 64 bits (from xorshift*, Vigna 2016)."""


@dataclass(frozen=True)
class Setting:
    """The shape of the network and how it is trained.

    Attributes:
        orders: Number of characters that the network sees.
        bits: Binary logarithm of the number of rows in a hashed table.
        batch: Number of positions in a step, drawn at random from the training characters.
        steps: Number of steps.
        learning_rate: Learning rate of the first step; it falls in a straight line to a tenth.
    """

    orders: int = 3
    bits: int = 14
    batch: int = 4096
    steps: int = 60
    learning_rate: float = 0.3


@dataclass(frozen=True)
class RaceOutcome:
    """The result of one run. Times start before the files are read.

    Attributes:
        seed: Seed of the order of the data.
        val_loss: Mean loss over the whole validation split, each character but the first predicted
            once, in nats per character.
        seconds: Wall-clock seconds until the weights are final.
        cpu_seconds: Processor seconds until then, of all threads.
        prepare_seconds: The part of ``cpu_seconds`` in which the files are prepared.
        evaluation_seconds: Processor seconds of the evaluation, which comes afterwards.
        parameters: Number of weights.
    """

    seed: int
    val_loss: float
    seconds: float
    cpu_seconds: float
    prepare_seconds: float
    evaluation_seconds: float
    parameters: int


class Network:
    """The weights, (rows, V), and the sums of squares that give each row its learning rate."""

    def __init__(self, vocabulary_size: int, setting: Setting) -> None:
        self.setting, self.symbols = setting, vocabulary_size + 1  # and "before the text"
        exact = [self.symbols**order for order in range(1, min(setting.orders, EXACT) + 1)]
        hashed = [1 << setting.bits] * (setting.orders - len(exact))
        sizes = [*exact, *hashed]
        self.starts = [sum(sizes[:index]) for index in range(len(sizes))]
        self.weights = torch.zeros(sum(sizes), vocabulary_size)
        self.squares = torch.full((sum(sizes),), 1e-3)

    def rows_of(self, windows: Tensor) -> Tensor:
        """Return the rows that describe each window: (n, orders), the last character last."""
        key = torch.zeros(len(windows), dtype=torch.int64)
        rows = []
        for order, start in enumerate(self.starts, 1):
            key = key * self.symbols + windows[:, -order]
            place = key
            if order > EXACT:
                place = (key * MIX) >> (63 - self.setting.bits) & ((1 << self.setting.bits) - 1)
            rows.append(place + start)
        return torch.stack(rows, 1)

    def logits(self, rows: Tensor) -> Tensor:
        """Return the logits (n, V) of windows that are described by rows (n, orders)."""
        return functional.embedding_bag(rows, self.weights, mode="sum")

    def step(self, windows: Tensor, targets: Tensor, learning_rate: float) -> None:
        """Take a gradient step on the mean cross-entropy of what follows each window."""
        rows = self.rows_of(windows)
        slopes = self.logits(rows).softmax(1)  # of each window's loss, by its logits
        slopes[torch.arange(len(targets)), targets] -= 1
        size = slopes.square().mean(1, keepdim=True).expand(rows.shape)
        self.squares.index_add_(0, rows.flatten(), size.flatten())
        rates = learning_rate / self.squares[rows].sqrt()
        for order in range(rows.shape[1]):
            self.weights.index_add_(0, rows[:, order], slopes * rates[:, order, None], alpha=-1)


def run(
    prepare: Callable[[Sequence[str]], tuple[str, Tensor]],
    paths: Sequence[str],
    seed: int,
    setting: Setting | None = None,
) -> RaceOutcome:
    """Train on files, on one thread.

    Args:
        prepare: Function that makes vocabulary and ids of the files.
        paths: The files.
        seed: Seed of the order of the data.
        setting: Shape and training (default: ``Setting()``).

    Raises:
        TrainingError: The corpus is too short, or the loss is not a number.
    """
    setting = setting or Setting()
    with threads(1):
        wall, cpu = time.perf_counter(), time.process_time()
        vocabulary, ids = prepare(paths)
        prepared = time.process_time()
        train_ids, val_ids = split(ids, setting.orders)
        network = Network(len(vocabulary), setting)
        generator = torch.Generator().manual_seed(seed)
        windows = train_ids.unfold(0, setting.orders + 1, 1)
        for step in range(setting.steps):
            drawn = torch.randint(len(windows), (setting.batch,), generator=generator)
            batch = windows[drawn]
            rate = setting.learning_rate * (1 - 0.9 * step / setting.steps)
            network.step(batch[:, :-1], batch[:, -1], rate)
        wall, trained = time.perf_counter() - wall, time.process_time()
        loss = evaluate(network, val_ids)
        evaluated = time.process_time()
    if not math.isfinite(loss):
        raise TrainingError(f"the validation loss is {loss}; a lower learning rate may help")
    return RaceOutcome(
        seed=seed,
        val_loss=loss,
        seconds=wall,
        cpu_seconds=trained - cpu,
        prepare_seconds=prepared - cpu,
        evaluation_seconds=evaluated - trained,
        parameters=network.weights.numel(),
    )


def evaluate(network: Network, ids: Tensor) -> float:
    """Return the mean loss of predicting every id but the first from those before it, in nats."""
    orders = network.setting.orders
    outside = torch.full((orders - 1,), network.symbols - 1)
    windows = torch.cat([outside, ids]).unfold(0, orders, 1)[:-1]
    total = 0.0
    for part, targets in zip(windows.split(8192), ids[1:].split(8192), strict=True):
        logits = network.logits(network.rows_of(part))
        total += float(functional.cross_entropy(logits, targets, reduction="sum"))
    return total / (len(ids) - 1)


def counts(train_ids: Tensor, val_ids: Tensor, vocabulary_size: int, orders: int = 3) -> float:
    """Return the validation loss of interpolated counts, a comparison that is not ranked.

    The estimate from each length of context is mixed with the estimate from the next shorter one,
    in the proportion of Witten and Bell (1991): a context has more weight if it was seen more often
    and has fewer distinct successors.

    Args:
        train_ids: Ids that are counted.
        val_ids: Ids that are predicted, except the first.
        vocabulary_size: Number of distinct characters, V; memory grows as V to the power of
            ``orders`` + 1.
        orders: Number of characters in the longest context.
    """
    probability = torch.full((len(val_ids) - 1,), 1 / vocabulary_size, dtype=torch.float64)
    for order in range(orders + 1):
        table = torch.bincount(
            keys(train_ids, order + 1, vocabulary_size),
            minlength=vocabulary_size ** (order + 1),
        ).view(-1, vocabulary_size)
        seen, kinds = table.sum(1), (table > 0).sum(1)
        begin = max(1, order)  # positions before it keep the shorter context
        queries = keys(val_ids[begin - order :], order + 1, vocabulary_size)
        context = queries // vocabulary_size
        both = (seen[context] + kinds[context]).clamp(min=1)
        own = table.flatten()[queries] / both
        rest = torch.where(seen[context] > 0, kinds[context] / both, 1.0)
        probability[begin - 1 :] = own + rest * probability[begin - 1 :]
    return float(-probability.log().mean())


def keys(ids: Tensor, length: int, base: int) -> Tensor:
    """Return each run of ``length`` ids as one number, its first id the most significant."""
    numbers = torch.zeros(len(ids) - length + 1, dtype=torch.int64)
    for at in range(length):
        numbers = numbers * base + ids[at : len(ids) - length + 1 + at]
    return numbers
