"""The open division's entry: a network of one layer over the last few characters, in batches.

Each position is described by the character there, by the last two, by the last three (hashed);
each description has a row of weights, one for each next character; a softmax takes their sum.
The loss is convex in the weights and its gradient is known by hand, so that a step costs little
more than reading and writing the rows that a batch touches. Each row has a rate of its own, after
Adagrad (Duchi, Hazan and Singer, 2011). The weights start at zero; nothing is counted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.train import TrainingError, split, threads

EXACT = 2
"""Of so many characters each combination has a row of its own; of more they share hashed ones."""
MIX = 0x2545F4914F6CDD1D
"""An odd number whose multiples spread over 64 bits (from xorshift*, Vigna 2016)."""


@dataclass(frozen=True)
class Setting:
    """The shape of the network and how it is trained.

    Attributes:
        orders: characters that it sees.
        bits: each hashed table has two to the power of so many rows.
        batch: positions in a step, drawn at random from the training characters.
        steps: how many.
        learning_rate: of the first step; falls in a straight line to a tenth.
    """

    orders: int = 3
    bits: int = 14
    batch: int = 4096
    steps: int = 60
    learning_rate: float = 0.3


@dataclass(frozen=True)
class RaceOutcome:
    """What came of one run; losses are in nats a character, seconds from before the files are read.

    Attributes:
        seed: of the order of the data.
        val_loss: over the whole validation split, each character but the first predicted once.
        seconds: wall clock, until the weights stood.
        cpu_seconds: the processor's, of all threads.
        prepare_seconds: of ``cpu_seconds``, what preparing the files took.
        evaluation_seconds: of the processor, after that, for the validation loss.
        parameters: how many weights there are.
    """

    seed: int
    val_loss: float
    seconds: float
    cpu_seconds: float
    prepare_seconds: float
    evaluation_seconds: float
    parameters: int


class Network:
    """The weights, (rows, V), and the rate of each row."""

    def __init__(self, vocabulary_size: int, setting: Setting) -> None:
        self.setting, self.symbols = setting, vocabulary_size + 1  # one for "before the beginning"
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
        """Return (n, V) for (n, orders)."""
        return functional.embedding_bag(rows, self.weights, mode="sum")

    def step(self, windows: Tensor, targets: Tensor, learning_rate: float) -> None:
        """Take a gradient step on the mean cross-entropy of what follows each window."""
        rows = self.rows_of(windows)
        slopes = self.logits(rows).softmax(1)  # of the loss of each, by its logits
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
        prepare: makes vocabulary and ids of the files.
        paths: the files.
        seed: of the order of the data.
        setting: shape and training.

    Raises:
        TrainingError: the corpus is too short.
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
    """Return the validation loss of interpolated counts: no network, shown unranked beside it.

    Each order's estimate is mixed with that of the next shorter one in the proportion of Witten
    and Bell (1991): a context counts the more, the more often it was seen and the fewer its
    successors are.

    Args:
        train_ids: what is counted.
        val_ids: what is predicted, each but the first.
        vocabulary_size: V; memory grows as its power of ``orders`` + 1.
        orders: characters of context at most.
    """
    probability = torch.full((len(val_ids) - 1,), 1 / vocabulary_size, dtype=torch.float64)
    for order in range(orders + 1):
        table = torch.bincount(
            keys(train_ids, order + 1, vocabulary_size),
            minlength=vocabulary_size ** (order + 1),
        ).view(-1, vocabulary_size)
        seen, kinds = table.sum(1), (table > 0).sum(1)
        begin = max(1, order)  # positions before it keep the shorter context
        asked = keys(val_ids[begin - order :], order + 1, vocabulary_size)
        context = asked // vocabulary_size
        both = (seen[context] + kinds[context]).clamp(min=1)
        own = table.flatten()[asked] / both
        rest = torch.where(seen[context] > 0, kinds[context] / both, 1.0)
        probability[begin - 1 :] = own + rest * probability[begin - 1 :]
    return float(-probability.log().mean())


def keys(ids: Tensor, length: int, base: int) -> Tensor:
    """Return each run of ``length`` ids as one number, its first id the most significant."""
    found = torch.zeros(len(ids) - length + 1, dtype=torch.int64)
    for at in range(length):
        found = found * base + ids[at : len(ids) - length + 1 + at]
    return found
