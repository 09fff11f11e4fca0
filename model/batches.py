"""Random batches of a text, drawn in the same order however they are made."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class StackedBatches:
    """Random batches as the lecture and nanoGPT make them: a slice for each sequence, stacked.

    Args:
        ids: what trains, one-dimensional, of an integer type.
        batch: sequences in a batch.
        length: of each.
        generator: draws where they start.
        device: where the batches go.
    """

    def __init__(
        self, ids: Tensor, batch: int, length: int, generator: torch.Generator, device: torch.device
    ) -> None:
        self.ids, self.batch, self.length = ids, batch, length
        self.generator, self.device = generator, device

    def next(self) -> tuple[Tensor, Tensor]:
        """Return ids and what follows each, both (B, T) and int64."""
        length = self.length
        drawn = torch.randint(len(self.ids) - length, (self.batch,), generator=self.generator)
        starts = drawn.tolist()
        inputs = torch.stack([self.ids[start : start + length] for start in starts])
        targets = torch.stack([self.ids[start + 1 : start + 1 + length] for start in starts])
        return inputs.long().to(self.device), targets.long().to(self.device)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to draw the same batches from here on."""
        return {"generator": self.generator.get_state(), "taken": 0}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned, here or in ``GatheredBatches``."""
        self.generator.set_state(state["generator"])
        for _ in range(state["taken"]):
            self.next()


class GatheredBatches(StackedBatches):
    """The same batches, many of them at once by one gather, which costs little more than one."""

    AHEAD = 64

    def __init__(
        self, ids: Tensor, batch: int, length: int, generator: torch.Generator, device: torch.device
    ) -> None:
        super().__init__(ids, batch, length, generator, device)
        self.windows = ids.unfold(0, length + 1, 1)
        self.ready: list[tuple[Tensor, Tensor]] = []
        self.before = generator.get_state()

    def next(self) -> tuple[Tensor, Tensor]:
        """Return ids and what follows each, both (B, T) and int64."""
        if not self.ready:
            self.before = self.generator.get_state()
            starts = torch.randint(
                len(self.windows), (self.AHEAD, self.batch), generator=self.generator
            )
            both = self.windows[starts].long().to(self.device)
            pairs = zip(both[..., :-1].unbind(), both[..., 1:].unbind(), strict=True)
            self.ready = list(pairs)[::-1]  # taken from the end
        return self.ready.pop()

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to draw the same batches from here on."""
        if not self.ready:
            return super().state()
        return {"generator": self.before, "taken": self.AHEAD - len(self.ready)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned, here or in ``StackedBatches``."""
        self.ready = []
        super().restore(state)
