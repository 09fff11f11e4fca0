"""The headline as a picture: where the best of each task stands beside the strongest Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from nanogpt_rs.records.builds import OverBuilds, over_builds
from nanogpt_rs.records.kinds import Recorded
from nanogpt_rs.records.schema import LECTURE, STRONGEST, Cell
from nanogpt_rs.reporting.assets import filled
from nanogpt_rs.reporting.headline import best_rust, chosen
from nanogpt_rs.words import counted_builds, times

WIDTH = 780
LEFT, RIGHT, TOP = 130, 520, 58
"""Edges of the plot: task names stand left of it, speed-ups right of it, the legend above it."""
ROW_HEIGHT = 30
LONGEST_NAME = 18
"""Most characters of a task's name; more of them would reach into the plot."""


@dataclass(frozen=True)
class TaskResults:
    """What the picture shows of one task.

    Attributes:
        task: Name of the task.
        best: Ratio of the best Rust to the strongest Python.
        interval: Interval of that ratio, where one was measured.
        verdict: Verdict on the best Rust.
        lecture: Ratio of the lecture's Python, if it was measured.
        limit: Ratio of the slowest limit, which is the one that binds; ``None`` without limits.
        builds: Builds that the best Rust was measured in.
        seconds: Median seconds of one call of the best Rust in all builds.
    """

    task: str
    best: float
    interval: tuple[float, float] | None
    verdict: str
    lecture: float | None
    limit: float | None
    builds: OverBuilds
    seconds: float

    @property
    def ratios(self) -> list[float]:
        """Everything that must lie within the plot."""
        spread = self.over_builds or ()
        ratios = (self.best, *(self.interval or ()), *spread, self.lecture, self.limit)
        return [ratio for ratio in ratios if ratio is not None]

    @property
    def over_builds(self) -> tuple[float, float] | None:
        """Ratios in the slowest and the fastest build, by their times; ``None`` for one build."""
        if self.builds.seconds is None:
            return None
        fastest, slowest = self.builds.seconds
        return self.best * self.seconds / slowest, self.best * self.seconds / fastest


def draw(recorded: Recorded, corpus: str | None, state: str) -> str:
    """Return the picture of the headline as SVG: a row for each task on a logarithmic axis.

    Args:
        recorded: The run.
        corpus: Id of the text, as ``nanogpt_rs.reporting.headline.headline`` takes it.
        state: State of the text.
    """
    cells = chosen(recorded, corpus, state)
    tasks = dict.fromkeys(cell.task for cell in cells)
    rows = [results for task in tasks if (results := results_of(task, cells)) is not None]
    counts = [results.builds.count for results in rows]
    ratios = [1.0, *(ratio for results in rows for ratio in results.ratios)]
    low, high = min(ratios) / 1.3, max(ratios) * 1.3

    def x_of(ratio: float) -> float:
        part = math.log(ratio / low) / math.log(high / low)
        return round(LEFT + part * (RIGHT - LEFT), 1)

    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    bottom = TOP + 4 + ROW_HEIGHT * len(rows)
    return filled(
        "headline.svg.j2",
        width=WIDTH,
        height=bottom + 10,
        left=LEFT,
        top=TOP,
        bottom=bottom,
        slower_width=round(x_of(1) - LEFT, 1),
        words_x=RIGHT + 20,
        one=x_of(1),
        builds=counted_builds(min(counts, default=1), max(counts, default=1)),
        spread_shown=any(results.over_builds for results in rows),
        ticks=[{"x": x_of(10.0**power), "label": f"{10.0**power:g}x"} for power in powers],
        rows=[
            drawn_row(results, TOP + 4 + ROW_HEIGHT * index + ROW_HEIGHT // 2, x_of)
            for index, results in enumerate(rows)
        ],
    )


def drawn_row(results: TaskResults, y: int, x_of: Callable[[float], float]) -> dict[str, object]:
    """Return the places and words of a row, as the template takes them."""
    task = results.task
    ratio, space, interval = times(results.best, results.interval).partition(" ")
    words = space + interval
    if results.verdict != "faster":
        words += f" {results.verdict}"
    return {
        "y": y,
        "task": task if len(task) <= LONGEST_NAME else f"{task[: LONGEST_NAME - 1]}…",
        "best_left": round(x_of(results.best) - 5, 1),
        "span": results.interval and [x_of(bound) for bound in results.interval],
        "spread": results.over_builds and [x_of(bound) for bound in results.over_builds],
        "lecture": None if results.lecture is None else x_of(results.lecture),
        "limit": None if results.limit is None else x_of(results.limit),
        "ratio": f"{ratio}x",
        "words": words,
    }


def results_of(task: str, cells: list[Cell]) -> TaskResults | None:
    """Return the results of one task; ``None`` where no Rust was compared with Python."""
    cells = [cell for cell in cells if cell.task == task]
    best = best_rust([cell for cell in cells if not cell.limit])
    beside = None if best is None else best.beside(STRONGEST)
    builds = None if best is None else over_builds(best)
    if best is None or builds is None or beside is None or beside.comparison.ratio is None:
        return None
    against_lecture = best.beside(LECTURE)
    lecture = next(
        (cell for cell in cells if against_lecture is not None and cell.id == against_lecture.id),
        None,
    )
    limits = [cell for cell in cells if cell.limit]
    return TaskResults(
        task=task,
        best=beside.comparison.ratio,
        interval=beside.comparison.interval,
        verdict=beside.comparison.verdict,
        lecture=ratio_of(lecture),
        limit=ratio_of(max(limits, key=lambda cell: cell.seconds or 0.0, default=None)),
        builds=builds,
        seconds=best.seconds or 0.0,
    )


def ratio_of(cell: Cell | None) -> float | None:
    """Return the ratio of a cell to the strongest Python, if it was measured."""
    beside = None if cell is None else cell.beside(STRONGEST)
    return None if beside is None else beside.comparison.ratio
