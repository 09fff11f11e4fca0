"""AdamW with clipped gradients (Loshchilov and Hutter, 2019): torch's, and one that is compiled."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def compiled(function: Callable[..., Any], device: torch.device) -> Any:
    """Return a function or a module as torch compiles it.

    For a GPU torch would choose between orders of summation by how long they took just now, and
    another run would round otherwise; where it can, it is told to choose without a clock.
    """
    options = None
    if device.type == "cuda":
        known = importlib.import_module("torch._inductor").list_options()
        options = {"deterministic": True} if "deterministic" in known else None
    return torch.compile(function, options=options)


class TorchAdamW:
    """Clipping and AdamW as torch has them. What has two dimensions decays.

    Args:
        parameters: what to change.
        betas: of the means of gradients and of their squares.
        weight_decay: at a learning rate of 1.
        clip: the norm that all gradients together have at most.
        fused: in one kernel, not in small operations one after another.
    """

    def __init__(
        self,
        parameters: list[Tensor],
        betas: tuple[float, float],
        weight_decay: float,
        clip: float,
        *,
        fused: bool,
    ) -> None:
        self.parameters, self.clip, self.fused = parameters, clip, fused
        groups = [
            {
                "params": [p for p in parameters if p.dim() >= 2],
                "weight_decay": weight_decay,
            },
            {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
        ]
        self.torch = torch.optim.AdamW(groups, betas=betas, fused=fused, foreach=False)

    def warm_up(self) -> None:
        """There is nothing to compile."""

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Change the parameters by their gradients, one for each."""
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        for group in self.torch.param_groups:
            group["lr"] = learning_rate
        self.torch.step()
        self.torch.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        found: dict[str, Any] = self.torch.state_dict()
        return found

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned, but for how it was computed."""
        groups = [{**group, "fused": self.fused} for group in state["param_groups"]]
        self.torch.load_state_dict({**state, "param_groups": groups})


class CompiledAdamW:
    """The same arithmetic, all parameters in one compiled function: two thirds of the time here.

    Args:
        parameters: what to change.
        betas: of the means of gradients and of their squares.
        weight_decay: at a learning rate of 1.
        clip: the norm that all gradients together have at most.
    """

    def __init__(
        self,
        parameters: list[Tensor],
        betas: tuple[float, float],
        weight_decay: float,
        clip: float,
    ) -> None:
        self.betas, self.weight_decay, self.clip = betas, weight_decay, clip
        self.values = [parameter.detach() for parameter in parameters]  # the same memory
        self.means = [torch.zeros_like(value) for value in self.values]
        self.squares = [torch.zeros_like(value) for value in self.values]
        self.steps = 0
        self.called = compiled(self.update, parameters[0].device)

    def update(
        self,
        values: list[Tensor],
        means: list[Tensor],
        squares: list[Tensor],
        gradients: list[Tensor],
        now: Tensor,
    ) -> None:
        """Clip the gradients and take a step.

        Args:
            values: the parameters, changed in place.
            means: of the gradients so far, changed in place.
            squares: of the gradients so far, changed in place.
            gradients: of the parameters.
            now: (3,), learning rate and corrections of the two means, which a compiled function
                would be compiled anew for were they numbers.
        """
        beta_1, beta_2 = self.betas
        norm = torch.sqrt(sum(gradient.square().sum() for gradient in gradients))
        scale = (self.clip / (norm + 1e-6)).clamp(max=1.0)
        for value, mean, square, unclipped in zip(values, means, squares, gradients, strict=True):
            gradient = unclipped * scale
            mean.lerp_(gradient, 1 - beta_1)
            square.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
            if value.dim() >= 2:
                value.mul_(1 - now[0] * self.weight_decay)
            value.sub_(now[0] * (mean / now[1]) / ((square / now[2]).sqrt() + 1e-8))

    def warm_up(self) -> None:
        """Compile it, on parameters that are nobody's."""
        four = [[torch.zeros_like(value) for value in self.values] for _ in range(4)]
        self.called(*four, self.values[0].new_ones(3))

    def step(self, gradients: Sequence[Tensor], learning_rate: float) -> None:
        """Change the parameters by their gradients, one for each."""
        self.steps += 1
        corrections = (1 - beta**self.steps for beta in self.betas)
        now = self.values[0].new_tensor([learning_rate, *corrections])
        self.called(self.values, self.means, self.squares, list(gradients), now)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {"steps": self.steps, "means": self.means, "squares": self.squares}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what ``state`` returned."""
        self.steps = state["steps"]
        for name in ("means", "squares"):
            for own, saved in zip(getattr(self, name), state[name], strict=True):
                own.copy_(saved)
