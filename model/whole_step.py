"""A step of training as one compiled function: loss, gradients, clipping and AdamW.

Compiled apart, the loss and its gradients are two functions, which hand each other every activation
in memory, and the optimizer is a third. As one, torch's compiler orders and joins them freely.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from model.optimizers import CompiledAdamW, compiled


class WholeStep:
    """A step of a model by an optimizer, on the CPU.

    Args:
        model: A model that returns the loss of inputs and targets. Its parameters are changed.
        optimizer: Their optimizer, whose state is changed.
        mixed: Whether the arithmetic is in bfloat16 where that is safe.
    """

    def __init__(self, model: nn.Module, optimizer: CompiledAdamW, *, mixed: bool) -> None:
        self.model, self.optimizer, self.mixed = model, optimizer, mixed
        self.names = [name for name, _ in model.named_parameters()]
        self.compiled = compiled(self.compute, optimizer.values[0].device)

    def compute(
        self,
        values: list[Tensor],
        means: list[Tensor],
        squares: list[Tensor],
        batch: tuple[Tensor, Tensor],
        now: Tensor,
    ) -> Tensor:
        """Take a step and return the loss before it; the other arguments are those of ``update``.

        If the loss is no finite number, the parameters stay as they are.
        """

        def loss_of(values: list[Tensor]) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16, enabled=self.mixed):
                parameters = dict(zip(self.names, values, strict=True))
                result: Tensor = functional_call(self.model, parameters, batch)
                return result

        gradients, loss = grad_and_value(loss_of)(values)
        finite = torch.isfinite(loss)
        gradients = [torch.where(finite, gradient, 0.0) for gradient in gradients]
        now = torch.stack([torch.where(finite, now[0], 0.0), now[1], now[2]])
        self.optimizer.update(values, means, squares, gradients, now)
        return loss

    def warm_up(self, batch: tuple[Tensor, Tensor]) -> None:
        """Compile the step by taking one with copies of the parameters."""
        values = self.optimizer.values
        state = [[torch.zeros_like(value) for value in values] for _ in range(2)]
        self.compiled([value.clone() for value in values], *state, batch, values[0].new_ones(3))

    def take(self, batch: tuple[Tensor, Tensor], learning_rate: float) -> float:
        """Take a step on a batch of inputs and targets, and return the loss before it."""
        optimizer = self.optimizer
        now = optimizer.next_step(learning_rate)
        state = (optimizer.values, optimizer.means, optimizer.squares)
        return float(self.compiled(*state, batch, now))
