"""Causal self-attention in Rust, forward and backward, as a module of PyTorch.

>>> from model.gpt import CONFIGS, GPT
>>> model = GPT(CONFIGS["full"], vocabulary_size=65, attention=nanogpt_block.module)

The module has the parameters of ``model.gpt.Attention``, under the same names, and computes the
same but for rounding. Tensors are passed by DLPack, not copied. All of a call runs on one core.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils.dlpack import to_dlpack

from nanogpt_block import _kernels

__all__ = ["CausalSelfAttention", "module", "paths"]

DTYPES = (torch.float32, torch.float64)
PATH_VARIABLE = "NANOGPT_RS_SIMD"
"""The environment variable that names a code path; nanogpt-rs reads the same one."""


class Config(Protocol):
    """What the module asks of a config; ``model.gpt.Config`` has it.

    Attributes:
        heads: Number of attention heads; it divides ``width``.
        width: Width of the input, C.
        dropout: Probability of dropping an activation while training.
    """

    @property
    def heads(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def dropout(self) -> float: ...


def paths() -> list[str]:
    """Return the code paths that this processor has, from the least to the best."""
    return _kernels.paths()


def module(config: Config, path: str | None = None) -> CausalSelfAttention:
    """Return a new module for a config, to be passed to ``model.gpt.GPT`` as its ``attention``.

    Args:
        config: Shape of the model.
        path: Code path, one of ``paths()`` (default: the environment variable ``NANOGPT_RS_SIMD``,
            or else the best one).

    Raises:
        ValueError: The config has dropout, its heads do not divide its width, or there is no such
            path on this processor.
    """
    return CausalSelfAttention(config, path)


class CausalSelfAttention(nn.Module):
    """Causal self-attention, all heads at once: (B, T, C) to (B, T, C); see ``module``."""

    def __init__(self, config: Config, path: str | None = None) -> None:
        super().__init__()
        if config.dropout:
            raise ValueError(
                f"the Rust attention has no dropout, and the config's is {config.dropout}; "
                "set it to 0, or use PyTorch's attention"
            )
        if config.width % config.heads:
            raise ValueError(f"{config.heads} heads do not divide a width of {config.width}")
        self.heads = config.heads
        self.path = path or os.environ.get(PATH_VARIABLE) or paths()[-1]
        if self.path not in paths():
            raise ValueError(
                f"no code path {self.path!r} on this processor; there are: {', '.join(paths())}"
            )
        self.query_key_value = nn.Linear(config.width, 3 * config.width, bias=False)
        self.projection = nn.Linear(config.width, config.width, bias=False)

    @torch.compiler.disable
    def forward(self, x: Tensor) -> Tensor:
        """Mix each character with the characters before it.

        Raises:
            TypeError: A tensor is neither float32 nor float64, or their types differ.
            ValueError: A tensor has the wrong shape, or is not on the CPU.
        """
        weights = (self.query_key_value.weight, self.projection.weight)
        for name, tensor in (("x", x), ("the weights", weights[0])):
            if tensor.dtype not in DTYPES:
                raise TypeError(
                    f"{name}: the Rust attention computes in float32 and float64, not in "
                    f"{tensor.dtype}; convert by .float()"
                )
            if tensor.device.type != "cpu":
                raise ValueError(
                    f"{name}: the Rust attention computes on the CPU, not on {tensor.device}; "
                    "move by .cpu()"
                )
        if x.dim() != 3:
            raise ValueError(f"x has the shape {tuple(x.shape)}; it must be (B, T, C)")
        return Attend.apply(x, *weights, self.heads, self.path)


class Attend(torch.autograd.Function):
    """One call of Rust for the result, and one for all gradients."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, query_key_value: Tensor, projection: Tensor, heads: int, path: str
    ) -> Tensor:
        """Return attention of ``x`` (B, T, C), by weights (3 C, C) and (C, C)."""
        inputs = (x.contiguous(), query_key_value.contiguous(), projection.contiguous())
        batch, length, width = x.shape
        kept = (
            x.new_empty(batch, length, 3 * width),
            x.new_empty(batch, length, width),
            x.new_empty(batch, heads, length),
        )
        out = x.new_empty(batch, length, width)
        _kernels.forward(path, heads, capsules(inputs), capsules(kept), to_dlpack(out))
        ctx.heads, ctx.path = heads, path
        ctx.save_for_backward(*inputs, *kept)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, out_gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of ``x`` and of the weights."""
        saved = ctx.saved_tensors
        inputs, kept = saved[:3], saved[3:]
        gradients = [torch.empty_like(tensor) for tensor in inputs]
        scratch = [torch.empty_like(tensor) for tensor in kept[:2]]
        _kernels.backward(
            ctx.path,
            ctx.heads,
            capsules(inputs),
            capsules(kept),
            to_dlpack(out_gradient.contiguous()),
            capsules(gradients),
            capsules(scratch),
        )
        return (*gradients, None, None)


def capsules(tensors: Any) -> list[Any]:
    """Return DLPack capsules of tensors, which Rust borrows for one call."""
    return [to_dlpack(tensor) for tensor in tensors]
