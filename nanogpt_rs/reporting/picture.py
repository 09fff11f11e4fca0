"""The headline as a picture: where the best of each task stands beside the strongest Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.records.schema import LECTURE, STRONGEST, Cell
from nanogpt_rs.reporting.headline import best_rust, chosen
from nanogpt_rs.words import times

WIDTH, LEFT, RIGHT, ROW, TOP = 760, 130, 220, 30, 62
LONGEST_NAME = 18
STYLE = """
text { font: 13px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1c1f23 }
.soft { fill: #59616b; font-size: 11.5px } .grid { stroke: #dfe2e6 } .one { stroke: #1c1f23 }
.slower { fill: #fcebdf } .paper { fill: #fff } .limit { stroke: #6b7280; stroke-width: 2.5 }
.python { fill: #0067a8 } .hollow { fill: #fff; stroke: #0067a8; stroke-width: 2 }
.rust { fill: #c04a00; stroke: #c04a00 } .span { stroke-width: 2.5 }
@media (prefers-color-scheme: dark) {
text { fill: #e8eaed } .soft { fill: #aab2bb } .grid { stroke: #32383f } .one { stroke: #e8eaed }
.slower { fill: #3b2617 } .paper { fill: #14171a } .limit { stroke: #9aa3ad }
.python { fill: #5db4ee } .hollow { fill: #14171a; stroke: #5db4ee }
.rust { fill: #f2935a; stroke: #f2935a } }
"""
"""Colours that colour-blind readers can tell apart, and shapes that say the same."""


def draw(recorded: Recorded, corpus: str | None, state: str) -> str:
    """Return the picture of the headline as SVG: a row for each task, a logarithmic axis.

    Args:
        recorded: the run.
        corpus: the text, as ``nanogpt_rs.reporting.headline.headline`` takes it.
        state: what it was in.
    """
    cells = chosen(recorded, corpus, state)
    rows = []
    for task in dict.fromkeys(cell.task for cell in cells):
        mine = [cell for cell in cells if cell.task == task]
        best = best_rust([cell for cell in mine if not cell.limit])
        found = None if best is None else best.beside(STRONGEST)
        if best is not None and found is not None and found.comparison.ratio is not None:
            rows.append((task, best, mine))
    ratios = [1.0] + [
        ratio
        for _, best, mine in rows
        for cell in (best, lecture_of(best, mine), limit_of(mine))
        for ratio in ratios_of(cell)
    ]
    low, high = min(ratios) / 1.3, max(ratios) * 1.3

    def at(ratio: float) -> float:
        part = math.log(ratio / low) / math.log(high / low)
        return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)

    height = TOP + ROW * len(rows) + 10
    said = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Times faster than the strongest Python, by task</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        *legend(),
        f'<rect class="slower" x="{LEFT}" y="{TOP - 4}" width="{at(1) - LEFT:.1f}" '
        f'height="{ROW * len(rows) + 4}"/>',
    ]
    for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1):
        x, kind = at(10.0**power), "one" if power == 0 else "grid"
        said.append(f'<path class="{kind}" d="M{x},{TOP - 4} V{height - 10}"/>')
        place = f'x="{x}" y="{TOP - 10}" text-anchor="middle"'
        said.append(f'<text class="soft" {place}>{10.0**power:g}x</text>')
    for index, (task, best, mine) in enumerate(rows):
        said += row(task, best, mine, TOP + ROW * index + ROW // 2, at)
    return "\n".join([*said, "</svg>"]) + "\n"


def legend() -> list[str]:
    """Return what the marks mean."""
    marks = {
        22: ('<circle class="hollow" cx="10" cy="16" r="5"/>', "the lecture's"),
        142: ('<circle class="python" cx="130" cy="16" r="5"/>', "strongest Python = 1"),
        314: (
            '<rect class="rust" x="297" y="11" width="10" height="10"/>',
            "best Rust, 95 % interval",
        ),
        500: ('<path class="limit" d="M490,8 V24"/>', "limit"),
    }
    said = [f'{mark}<text x="{x}" y="20">{words}</text>' for x, (mark, words) in marks.items()]
    end = f'x="{WIDTH - 10}" y="20" text-anchor="end"'
    return [*said, f'<text class="soft" {end}>times as fast, log scale</text>']


def row(task: str, best: Cell, mine: list[Cell], y: int, at: Callable[[float], float]) -> list[str]:
    """Return the marks and the words of one task."""
    name = task if len(task) <= LONGEST_NAME else f"{task[: LONGEST_NAME - 1]}…"
    said = [f'<text x="4" y="{y + 4}">{escape(name)}</text>']
    if limits := ratios_of(limit_of(mine)):
        said.append(f'<path class="limit" d="M{at(limits[0])},{y - 8} V{y + 8}"/>')
    if lectures := ratios_of(lecture_of(best, mine)):
        said.append(f'<circle class="hollow" cx="{at(lectures[0])}" cy="{y}" r="5"/>')
    said.append(f'<circle class="python" cx="{at(1)}" cy="{y}" r="5"/>')
    ratio, *bounds = ratios_of(best)
    if bounds:
        said.append(f'<path class="rust span" d="M{at(bounds[0])},{y} H{at(bounds[1])}"/>')
    said.append(f'<rect class="rust" x="{at(ratio) - 5:.1f}" y="{y - 5}" width="10" height="10"/>')
    found = best.beside(STRONGEST)
    assert found is not None
    words = f"{times(ratio)}x"
    if bounds:
        words += " [{}, {}]".format(*map(times, bounds))
    if found.comparison.verdict != "faster":
        words += f" {found.comparison.verdict}"
    said.append(f'<text x="{WIDTH - RIGHT + 12}" y="{y + 4}">{words}</text>')
    return said


def ratios_of(cell: Cell | None) -> list[float]:
    """Return a cell's ratio to the strongest Python and the bounds of its interval, if known."""
    found = None if cell is None else cell.beside(STRONGEST)
    if found is None or found.comparison.ratio is None:
        return []
    return [found.comparison.ratio, *(found.comparison.interval or ())]


def lecture_of(best: Cell, mine: list[Cell]) -> Cell | None:
    """Return what the lecture wrote, if it was measured beside the best."""
    found = best.beside(LECTURE)
    return None if found is None else next((cell for cell in mine if cell.id == found.id), None)


def limit_of(mine: list[Cell]) -> Cell | None:
    """Return the slowest limit, which is the one that binds."""
    limits = [cell for cell in mine if cell.limit]
    return max(limits, key=lambda cell: cell.seconds or 0.0, default=None)
