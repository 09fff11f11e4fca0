"""Random batches of a text: two ways to make them, which draw the same ones in the same order."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class StackedBatches:
    """Random batches as the lecture and nanoGPT make them: one slice per sequence, stacked.

    Args:
        ids: The training split, one-dimensional, of an integer type.
        batch: Number of sequences in a batch.
        length: Length of a sequence.
        generator: Draws where sequences start.
        device: Device that batches are copied to.
    """

    def __init__(
        self, ids: Tensor, batch: int, length: int, generator: torch.Generator, device: torch.device
    ) -> None:
        self.ids, self.batch, self.length = ids, batch, length
        self.generator, self.device = generator, device

    def draw(self, batches: int) -> Tensor:
        """Return where the sequences of the next batches start: (batches, B), int64."""
        starts = len(self.ids) - self.length
        return torch.randint(starts, (batches, self.batch), generator=self.generator)

    def next(self) -> tuple[Tensor, Tensor]:
        """Return ids and the id that follows each of them, both (B, T) and int64."""
        length = self.length
        starts = self.draw(1)[0].tolist()
        inputs = torch.stack([self.ids[start : start + length] for start in starts])
        targets = torch.stack([self.ids[start + 1 : start + 1 + length] for start in starts])
        return inputs.long().to(self.device), targets.long().to(self.device)

    def state(self) -> dict[str, Any]:
        """Return the state from which a resumed run draws the same batches from here on."""
        return {"generator": self.generator.get_state(), "taken": 0}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state, of this class or of ``GatheredBatches``."""
        self.generator.set_state(state["generator"])
        for _ in range(state["taken"]):
            self.next()


class GatheredBatches(StackedBatches):
    """The same batches, many of them made by one gather, which costs little more than one batch."""

    AHEAD = 64

    def __init__(
        self, ids: Tensor, batch: int, length: int, generator: torch.Generator, device: torch.device
    ) -> None:
        super().__init__(ids, batch, length, generator, device)
        self.windows = ids.unfold(0, length + 1, 1)
        self.ready: list[tuple[Tensor, Tensor]] = []
        self.before = generator.get_state()

    def next(self) -> tuple[Tensor, Tensor]:
        """Return ids and the id that follows each of them, both (B, T) and int64."""
        if not self.ready:
            self.before = self.generator.get_state()
            both = self.windows[self.draw(self.AHEAD)].long().to(self.device)
            pairs = zip(both[..., :-1].unbind(), both[..., 1:].unbind(), strict=True)
            self.ready = list(pairs)[::-1]  # taken from the end
        return self.ready.pop()

    def state(self) -> dict[str, Any]:
        """Return the state from which a resumed run draws the same batches from here on."""
        if not self.ready:
            return super().state()
        return {"generator": self.before, "taken": self.AHEAD - len(self.ready)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state, of this class or of ``StackedBatches``."""
        self.ready = []
        super().restore(state)
