"""A decoder-only transformer over characters: the GPT of Karpathy's lecture and of nanoGPT.

Read from top to bottom. B is the number of sequences in a batch, T their length, C the width of
the model, H its heads, V the size of the vocabulary.

What is computed is nanoGPT's model without biases: token and position embeddings, pre-norm blocks
of causal self-attention and a GELU network four times as wide, an output layer that shares the
token embedding's weights. How attention is computed is an option that changes only rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

ATTENTIONS = {
    "own": "two matrix products around a masked softmax; the fastest here at short contexts",
    "sdpa": "torch's fused kernel, which nanoGPT calls; the best one on a GPU",
    "heads": "one head after another, each with its own layers, as the lecture builds it",
}


@dataclass(frozen=True)
class Config:
    """The shape of a model.

    Attributes:
        layers: Number of blocks.
        heads: Number of attention heads in each block; it divides ``width``.
        width: Width of the residual stream, C.
        context: Largest number of characters that the model sees.
        dropout: Probability of dropping an activation while training.
    """

    layers: int
    heads: int
    width: int
    context: int
    dropout: float = 0.0


Factory = Callable[[Config], nn.Module]
"""Makes an attention of one's own, with the parameters of an ``Attention`` under the same names."""

CONFIGS = {
    "quick": Config(layers=2, heads=2, width=64, context=32),
    "full": Config(layers=4, heads=4, width=128, context=64),  # nanoGPT's for a CPU
    "baby": Config(layers=6, heads=6, width=384, context=256, dropout=0.2),  # and for a GPU
}


class Attention(nn.Module):
    """Causal self-attention, all heads at once: (B, T, C) to (B, T, C)."""

    def __init__(self, config: Config, kind: str) -> None:
        super().__init__()
        self.heads, self.dropout, self.kind = config.heads, config.dropout, kind
        self.query_key_value = nn.Linear(config.width, 3 * config.width, bias=False)
        self.projection = nn.Linear(config.width, config.width, bias=False)
        self.register_buffer("future", future(config.context), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Mix each character with the characters before it."""
        batch, length, width = x.shape
        query, key, value = (  # three times (B, H, T, C / H)
            part.view(batch, length, self.heads, -1).transpose(1, 2)
            for part in self.query_key_value(x).split(width, dim=2)
        )
        dropout = self.dropout if self.training else 0.0
        if self.kind == "sdpa":
            mixed = functional.scaled_dot_product_attention(
                query, key, value, dropout_p=dropout, is_causal=True
            )
        else:
            affinity = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])  # (B, H, T, T)
            weights = torch.softmax(affinity + self.future[:length, :length], dim=3)
            mixed = functional.dropout(weights, dropout).to(value.dtype) @ value
        joined = mixed.transpose(1, 2).reshape(batch, length, width)
        return functional.dropout(self.projection(joined), dropout)


class Head(nn.Module):
    """One head of the lecture's attention: (B, T, C) to (B, T, C / H)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        size = config.width // config.heads
        self.dropout = config.dropout
        self.query = nn.Linear(config.width, size, bias=False)
        self.key = nn.Linear(config.width, size, bias=False)
        self.value = nn.Linear(config.width, size, bias=False)
        self.register_buffer("future", future(config.context), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Mix each character with the characters before it."""
        length = x.shape[1]
        affinity = self.query(x) @ self.key(x).transpose(1, 2) / math.sqrt(self.key.out_features)
        affinity = affinity.masked_fill(self.future[:length, :length] < 0, -math.inf)
        weights = functional.dropout(torch.softmax(affinity, dim=2), self.dropout, self.training)
        return weights @ self.value(x)


class HeadByHead(nn.Module):
    """The same attention as the lecture writes it, with the weights of an ``Attention``."""

    def __init__(self, config: Config, whole: Attention) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.heads = nn.ModuleList(Head(config) for _ in range(config.heads))
        self.projection = whole.projection
        parts = whole.query_key_value.weight.detach().chunk(3)
        for name, part in zip(("query", "key", "value"), parts, strict=True):
            for head, rows in zip(self.heads, part.chunk(config.heads), strict=True):
                getattr(head, name).weight.data.copy_(rows)

    def forward(self, x: Tensor) -> Tensor:
        """Mix each character with the characters before it."""
        joined = torch.cat([head(x) for head in self.heads], dim=2)
        return functional.dropout(self.projection(joined), self.dropout, self.training)


class Block(nn.Module):
    """Attention between characters, then a network on each of them: (B, T, C) to (B, T, C)."""

    def __init__(self, config: Config, attention: str | Factory) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(config.width, bias=False)
        self.attention = (
            Attention(config, attention) if isinstance(attention, str) else attention(config)
        )
        self.norm_2 = nn.LayerNorm(config.width, bias=False)
        self.expand = nn.Linear(config.width, 4 * config.width, bias=False)
        self.contract = nn.Linear(4 * config.width, config.width, bias=False)
        self.dropout = config.dropout

    def forward(self, x: Tensor) -> Tensor:
        """Add the results of attention and network to the residual stream."""
        x = x + self.attention(self.norm_1(x))
        hidden = functional.gelu(self.expand(self.norm_2(x)))
        return x + functional.dropout(self.contract(hidden), self.dropout, self.training)


class GPT(nn.Module):
    """The model.

    Args:
        config: Shape of the model.
        vocabulary_size: Number of distinct characters or tokens, V.
        attention: A key of ``ATTENTIONS``, or a function that makes another one from the config.
        generator: Draws the initial weights (default: torch's global generator).

    Raises:
        ValueError: The heads do not divide the width, or there is no such attention.
    """

    def __init__(
        self,
        config: Config,
        vocabulary_size: int,
        attention: str | Factory = "own",
        generator: torch.Generator | None = None,
    ) -> None:
        if config.width % config.heads:
            raise ValueError(f"{config.heads} heads do not divide a width of {config.width}")
        if isinstance(attention, str) and attention not in ATTENTIONS:
            raise ValueError(f"no attention {attention!r}; there are: {', '.join(ATTENTIONS)}")
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(vocabulary_size, config.width)
        self.position_embedding = nn.Embedding(config.context, config.width)
        self.blocks = nn.ModuleList(Block(config, attention) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, bias=False)
        # As in GPT-2: weights whose results are added to the residual stream start smaller, the
        # more so the more blocks add to it.
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                into_stream = name.endswith(("projection.weight", "contract.weight"))
                scale = 0.02 / math.sqrt(2 * config.layers) if into_stream else 0.02
                nn.init.normal_(weight, 0.0, scale, generator=generator)
        if attention == "heads":  # from the same draws, so that every attention starts alike
            for block in self.blocks:
                block.attention = HeadByHead(config, block.attention)

    def forward(self, ids: Tensor, targets: Tensor | None = None) -> Tensor:
        """Predict the next character after each one.

        Args:
            ids: Indices below V, (B, T) with T at most the context.
            targets: The next character after each one, (B, T).

        Returns:
            The logits (B, T, V), or with ``targets`` the mean cross-entropy, a scalar in nats.
        """
        positions = self.position_embedding.weight[: ids.shape[1]]
        x = functional.dropout(
            self.token_embedding(ids) + positions, self.config.dropout, self.training
        )
        for block in self.blocks:
            x = block(x)
        logits = functional.linear(self.norm(x), self.token_embedding.weight)
        if targets is None:
            return logits
        if logits.dtype == torch.bfloat16:  # too coarse for a mean over many characters
            logits = logits.float()
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    @torch.no_grad()
    def generate(
        self,
        ids: Tensor,
        count: int,
        *,
        temperature: float = 1.0,
        top: int | None = None,
        generator: torch.Generator | None = None,
    ) -> Any:
        """Yield ``count`` further ids after ``ids`` (one-dimensional, at least one), one at a time.

        Args:
            ids: The text so far.
            count: Number of characters to draw.
            temperature: Above 1, unlikely characters are drawn more often; below 1, less often.
            top: Draw from this many likeliest characters only (default: from all).
            generator: Draws the characters (default: torch's global generator).
        """
        ids = ids[None]
        for _ in range(count):
            logits = self(ids[:, -self.config.context :])[:, -1].float() / temperature
            if top is not None and top < logits.shape[1]:
                least = logits.topk(top).values[:, -1:]
                logits = logits.masked_fill(logits < least, -math.inf)
            drawn = torch.multinomial(logits.softmax(1).cpu(), 1, generator=generator)
            yield int(drawn)
            ids = torch.cat([ids, drawn.to(ids.device)], dim=1)


def future(context: int) -> Tensor:
    """Return the (T, T) mask that is 0 up to the diagonal and minus infinity to its right."""
    return torch.full((context, context), -math.inf).triu(1)
