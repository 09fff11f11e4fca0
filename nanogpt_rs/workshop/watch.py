"""The loop of editing implementations: rebuild, test, and compare with the last measurement.

Each step is a process of its own, as the code that it runs has just changed. The machine may be
faster or slower than in the last run, so an implementation's time is divided by that of a reference
in the same rounds, and these ratios are compared between the two runs.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.workshop.rebuild import rebuild

FOLDERS = ("nanogpt_rs/ruler", "py_impls", "rust_impls")
SUFFIXES = (".py", ".rs", "Cargo.toml", "Cargo.lock")
MOST = 4
"""Largest number of implementations compared after a change; more would take too long to watch."""


@dataclass(frozen=True)
class Touched:
    """The implementations that a change of files affects.

    Attributes:
        rust: Whether the Rust module has to be built anew.
        rows: Task and id of each implementation with a changed file of its own.
        shared: Whether a file changed that several implementations use.
    """

    rust: bool
    rows: tuple[tuple[str, str], ...]
    shared: bool


def touched(root: Path, paths: Iterable[Path]) -> Touched:
    """Return the implementations that a change of these files affects.

    For example, ``rust_impls/charset/bit_table/avx2.rs`` is part of ``rust/bit_table``.

    Args:
        root: The checkout.
        paths: Changed files in it.
    """
    rust = shared = False
    rows = []
    for path in sorted(paths):
        package, *inner = path.relative_to(root).with_suffix("").parts
        rust |= path.name.endswith((".rs", "Cargo.toml", "Cargo.lock"))
        language = {"py_impls": "python", "rust_impls": "rust"}.get(package)
        own = len(inner) > 1 and inner[1] not in {"__init__", "mod"}
        if language and own and inner[0] in TASKS:
            rows.append((inner[0], f"{language}/{inner[1]}"))
        else:
            shared = True
    return Touched(rust, tuple(dict.fromkeys(rows)), shared)


def changes(root: Path) -> Iterator[set[Path]]:
    """Yield the files of each change, until the user interrupts.

    The first set is empty: it says that watching has begun.

    Raises:
        ImportError: Watchfiles is not installed.
    """
    from watchfiles import Change, watch

    def ours(_change: Change, path: str) -> bool:
        # Not an editor's own files, such as .#set.py.
        return path.endswith(SUFFIXES) and not Path(path).name.startswith(".")

    folders = [root / folder for folder in FOLDERS]
    begun = False
    for batch in watch(
        *folders,
        watch_filter=ours,
        raise_interrupt=False,
        rust_timeout=200,
        yield_on_timeout=True,
    ):
        if batch or not begun:
            yield {Path(path) for _, path in batch}
        begun = True


def build(root: Path) -> bool:
    """Build the Rust module in release, and return whether it compiles; print the errors."""
    problem = rebuild(root)
    if problem:
        print(problem, file=sys.stderr)
    return problem is None


def run_tests(root: Path, change: Touched) -> bool:
    """Run the registry's tests and those of the implementations that a change affects.

    If a shared file changed, all implementations are tested, but only on one corpus.
    """
    names = [f"{task}-{id}" for task, id in change.rows]
    chosen = ["test_on_synthetic"] if change.shared else names
    tests = ["tests/ruler/test_registry.py", "tests/ruler/test_oracles.py"]
    options = ["--quiet", "--no-header", "-k", " or ".join(["test_registry", *chosen])]
    return run_python(root, "pytest", *options, *tests)


def run_python(root: Path, *arguments: str) -> bool:
    """Run a Python module in the checkout, on the user's terminal; return whether it succeeded."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", *arguments],
        cwd=root,
        check=False,
        stdout=sys.stderr,
    )
    return done.returncode == 0


def measure(
    root: Path, rows: Sequence[tuple[str, str]], corpus: str, seconds: float, results: Path
) -> list[dict[str, Any]]:
    """Measure implementations briefly beside their references, and return their cells as in JSON.

    Args:
        root: The checkout.
        rows: Task and id of each implementation.
        corpus: Id or path of the corpus.
        seconds: Seconds to spend on each task.
        results: Folder for records.
    """
    cells = []
    for task in dict.fromkeys(task for task, _ in rows):
        ids = [f"--id={id}" for task_of_row, id in rows if task_of_row == task]
        options = ["--state=warm", f"--corpus={corpus}", f"--seconds={seconds}"]
        # Several builds would take half a minute more after each edit of Rust.
        options += ["--builds=1", f"--results={results}", "--json"]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "nanogpt_rs", "bench", task, *ids, *options],
            cwd=root,
            check=False,
            stdout=subprocess.PIPE,
        )
        with suppress(ValueError):  # no document: the process has printed the reason
            cells += json.loads(done.stdout)["cells"]
    return [cell for cell in cells if (cell["task"], cell["id"]) in rows]


Key = tuple[str, ...]


def key_of(cell: dict[str, Any]) -> Key:
    """Return the key by which the same cell of two runs is recognised."""
    return tuple(cell[name] for name in ("task", "id", "corpus", "sha256", "state"))


def last_cells(results: Path) -> dict[Key, dict[str, Any]]:
    """Return the last measurement of each cell among the records in a folder."""
    from nanogpt_rs.records.files import read
    from nanogpt_rs.records.schema import RecordError

    last: dict[Key, dict[str, Any]] = {}
    for path in sorted((results / "bench").glob("*.jsonl")):
        with suppress(RecordError):  # damaged, or interrupted too early to be compared with
            for run in read(path):
                cells = json.loads(json.dumps([asdict(cell) for cell in run.cells]))
                last |= {key_of(cell): cell for cell in cells if cell["seconds"]}
    return last


@dataclass(frozen=True)
class Shift:
    """How an implementation's ratio to a reference has changed since the last run.

    Attributes:
        factor: The ratio now divided by the ratio before; above 1 the implementation became faster.
        interval: 95 % interval of ``factor``, or ``None`` if one of the two ratios has none.
    """

    factor: float
    interval: tuple[float, float] | None

    @property
    def verdict(self) -> str:
        """``faster``, ``slower``, or ``not told apart`` if the two runs do not differ clearly."""
        if self.interval is None or self.interval[0] <= 1 <= self.interval[1]:
            return "not told apart"
        return "faster" if self.interval[0] > 1 else "slower"


def shift(now: dict[str, Any], before: dict[str, Any]) -> Shift | None:
    """Return how a comparison with a reference has changed between two runs.

    The errors of the two ratios' logarithms are independent, so half-widths add in quadrature.

    Args:
        now: The comparison in this run, as in JSON.
        before: The comparison with the same reference in the last run, as in JSON.
    """
    if not (now["ratio"] and before["ratio"]):
        return None
    factor = now["ratio"] / before["ratio"]
    if not (now["interval"] and before["interval"]):
        return Shift(factor, None)
    intervals = (now["interval"], before["interval"])
    halves = [math.log(high / low) / 2 for low, high in intervals]
    half = math.hypot(*halves)
    return Shift(factor, (factor * math.exp(-half), factor * math.exp(half)))
