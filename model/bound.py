"""A lower bound for a training step: the time of its matrix multiplications alone."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from model.gpt import Config

REPEATS = 20


def products(
    config: Config, batch: int, vocabulary_size: int
) -> list[tuple[int, int, int, int, int]]:
    """Return the products (n, k) @ (k, m) of a forward pass; the backward pass has two for each.

    Returns:
        For each product: how often it occurs, how many matrices it is a batch of, n, k and m.
    """
    width, length = config.width, config.context
    rows, pairs = batch * length, batch * config.heads
    return [
        (config.layers, 1, rows, width, 3 * width),
        (config.layers, 1, rows, width, width),
        (config.layers, 1, rows, width, 4 * width),
        (config.layers, 1, rows, 4 * width, width),
        (1, 1, rows, width, vocabulary_size),
        (config.layers, pairs, length, width // config.heads, length),
        (config.layers, pairs, length, length, width // config.heads),
    ]


def matmul_seconds(config: Config, batch: int, vocabulary_size: int, dtype: str) -> float:
    """Return the processor seconds that a step's matrix multiplications take, one after another.

    Operands are contiguous and already in the caches, unlike in a real step. The fastest of
    several repeats of each product counts.

    Args:
        config: Shape of the model.
        batch: Number of sequences in a batch.
        vocabulary_size: Number of distinct characters, V.
        dtype: Type of the operands, ``float32`` or ``bfloat16``.
    """
    kind = getattr(torch, dtype)
    total = 0.0
    for times, many, n, k, m in products(config, batch, vocabulary_size):
        left, right = torch.ones(many, n, k, dtype=kind), torch.ones(many, k, m, dtype=kind)
        out = torch.ones(many, n, m, dtype=kind)
        for a, b in (
            (left, right),
            (out, right.transpose(1, 2)),
            (left.transpose(1, 2), out),
        ):
            total += times * fastest(a, b)
    return total


def fastest(a: Tensor, b: Tensor) -> float:
    """Return the fewest processor seconds that ``a @ b`` took."""
    if a.shape[0] == 1:
        a, b = a[0], b[0]
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(REPEATS):
            a @ b
        seconds.append((time.process_time() - start) / REPEATS)
    return min(seconds)
