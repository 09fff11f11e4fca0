"""Draws the losses of a training run, from a template."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nanogpt_rs.reporting.assets import filled

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 704, 40, 352
"""Edges of the plot within the drawing."""
POINTS = 600
"""Most points of a line; more of them than pixels would show nothing."""


def loss_curve(losses: Sequence[float], val_losses: Sequence[tuple[int, float]], title: str) -> str:
    """Return a drawing of losses as an SVG document.

    Args:
        losses: Loss of the batch of every step, in nats; not empty.
        val_losses: Step and loss of every evaluation.
        title: Words above the drawing.
    """
    training = thinned(losses)
    values = [loss for _, loss in (*training, *val_losses)]
    distance, high = ticks(min(values), max(values))
    low = math.floor(min(values) / distance) * distance

    def x_of(step: float) -> float:
        return LEFT + (RIGHT - LEFT) * step / len(losses)

    def y_of(loss: float) -> float:
        return TOP + (BOTTOM - TOP) * (high - loss) / (high - low)

    def line(points: Sequence[tuple[float, float]]) -> list[str]:
        return [f"{x_of(step):.1f},{y_of(loss):.1f}" for step, loss in points]

    marked = [low + index * distance for index in range(round((high - low) / distance) + 1)]
    steps = ((0, "start"), (len(losses) // 2, "middle"), (len(losses), "end"))
    return filled(
        "curve.svg.j2",
        title=title,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        bottom=BOTTOM,
        loss_ticks=[{"y": f"{y_of(loss):.1f}", "label": f"{loss:.3g}"} for loss in marked],
        step_ticks=[
            {"x": f"{x_of(step):.1f}", "label": f"{step:,}", "anchor": anchor}
            for step, anchor in steps
        ],
        training=line(training),
        validation=line(val_losses),
    )


def thinned(losses: Sequence[float]) -> list[tuple[float, float]]:
    """Return at most ``POINTS`` points of a line: the mean step and loss of each stretch of steps.

    The loss of a batch jumps about; an eye can only follow the mean of several.
    """
    stride = math.ceil(len(losses) / POINTS)
    stretches = ((start, losses[start : start + stride]) for start in range(0, len(losses), stride))
    return [(start + len(part) / 2, sum(part) / len(part)) for start, part in stretches]


def ticks(low: float, high: float) -> tuple[float, float]:
    """Return the distance of round numbers on an axis, and the first of them above ``high``."""
    rough = max(high - low, 1e-6) / 5
    scale = 10 ** math.floor(math.log10(rough))
    distance = next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= rough)
    return distance, math.ceil(high / distance + 1e-9) * distance
