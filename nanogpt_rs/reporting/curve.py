"""A run's losses as a drawing: SVG, since two lines need no library of forty megabytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 40, 48  # margins
POINTS = 600  # of a line; more than pixels show nothing


def loss_curve(losses: Sequence[float], val_losses: Sequence[tuple[int, float]], title: str) -> str:
    """Return an SVG document.

    Args:
        losses: of each step's batch, in nats; not empty.
        val_losses: (step, loss) of each evaluation.
        title: what stands above it.
    """
    stride = math.ceil(len(losses) / POINTS)
    # A batch's loss jumps about; the mean of each stride is what an eye can follow.
    train = [
        (start + len(part) / 2, sum(part) / len(part))
        for start in range(0, len(losses), stride)
        for part in [losses[start : start + stride]]
    ]
    values = [loss for _, loss in (*train, *val_losses)]
    step_of, top = ticks(min(values), max(values))
    low = math.floor(min(values) / step_of) * step_of

    def at(step: float, loss: float) -> str:
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / len(losses)
        y = TOP + (HEIGHT - TOP - BOTTOM) * (top - loss) / (top - low)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>',
    ]
    for index in range(round((top - low) / step_of) + 1):
        loss = low + index * step_of
        (x0, y), (x1, _) = (at(s, loss).split(",") for s in (0, len(losses)))
        parts.append(f'<path d="M{x0},{y}H{x1}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y}" dy="4" text-anchor="end">{loss:.3g}</text>')
    for step in (0, len(losses) // 2, len(losses)):
        x = at(step, low).split(",")[0]
        parts.append(
            f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{step:,}</text>'
        )
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">'
        'step; loss in nats a character: <tspan fill="#777">training</tspan>, '
        '<tspan fill="#c2410c">validation</tspan></text>'
    )
    for points, colour in ((train, "#777"), (val_losses, "#c2410c")):
        line = " ".join(at(*point) for point in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
    for point in val_losses:
        x, y = at(*point).split(",")
        parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="#c2410c"/>')
    return "\n".join([*parts, "</svg>", ""])


def ticks(low: float, high: float) -> tuple[float, float]:
    """Return the step between round numbers on an axis, and the first of them above ``high``."""
    rough = max(high - low, 1e-6) / 5
    scale = 10 ** math.floor(math.log10(rough))
    step = next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= rough)
    return step, math.ceil(high / step + 1e-9) * step
