"""The loop of who edits implementations: rebuild, prove, compare with the numbers from before.

Each step is a process of its own, as the code that it runs has just changed. What it takes to tell
an edit's effect from the machine's is a reference measured in the same rounds: compared are the
ratios to it, now and in the run before.
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

FOLDERS = ("benchmarks", "nanogpt_rs/ruler", "py_impls", "rust_impls")
SUFFIXES = (".py", ".rs", "Cargo.toml", "Cargo.lock")
MOST = 4
"""Implementations that are compared after one change: more take longer than anybody watches."""


@dataclass(frozen=True)
class Touched:
    """What a change of files is about.

    Attributes:
        rust: the Rust module has to be built anew.
        rows: task and id of implementations with a changed file of their own.
        shared: something changed that more of them stand on.
    """

    rust: bool
    rows: tuple[tuple[str, str], ...]
    shared: bool


def touched(root: Path, paths: Iterable[Path]) -> Touched:
    """Return what a change of these files, below ``root``, is about.

    ``rust_impls/charset/bit_table/avx2.rs`` is part of ``rust/bit_table``.
    """
    rust = shared = False
    rows = []
    for path in sorted(paths):
        room, *inner = path.relative_to(root).with_suffix("").parts
        rust |= path.name.endswith((".rs", "Cargo.toml", "Cargo.lock"))
        language = {"py_impls": "python", "rust_impls": "rust"}.get(room)
        own = len(inner) > 1 and inner[1] not in {"__init__", "mod"}
        if language and own and inner[0] in TASKS:
            rows.append((inner[0], f"{language}/{inner[1]}"))
        else:
            shared = True
    return Touched(rust, tuple(dict.fromkeys(rows)), shared)


def changes(root: Path) -> Iterator[set[Path]]:
    """Yield the files of each change, until the user interrupts; first none: it has begun to watch.

    Raises:
        ImportError: watchfiles is not installed.
    """
    from watchfiles import Change, watch

    def ours(_change: Change, path: str) -> bool:
        # An editor's own files, such as .#set.py, are nobody's idea.
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
    """Build the Rust module in release; the compiler says on the terminal what is wrong."""
    problem = rebuild(root)
    if problem:
        print(problem, file=sys.stderr)
    return problem is None


def prove(root: Path, found: Touched) -> bool:
    """Run the tests of what was touched, briefly if that is much, and those of the registry."""
    words = [f"{task}-{id}" for task, id in found.rows]
    chosen = ["test_on_synthetic"] if found.shared else words
    tests = ["tests/ruler/test_registry.py", "tests/ruler/test_oracles.py"]
    options = ["--quiet", "--no-header", "-k", " or ".join(["test_registry", *chosen])]
    return python(root, "pytest", *options, *tests)


def python(root: Path, *arguments: str) -> bool:
    """Run a module of Python in the checkout, on the user's terminal; return whether it passed."""
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
    """Measure implementations briefly beside their references; return their cells, as in JSON.

    Args:
        root: the checkout.
        rows: task and id of each.
        corpus: an id or a path.
        seconds: for each task.
        results: the folder for records.
    """
    cells = []
    for task in dict.fromkeys(task for task, _ in rows):
        ids = [f"--id={id}" for each, id in rows if each == task]
        options = ["--state=warm", f"--corpus={corpus}", f"--seconds={seconds}"]
        options += [f"--results={results}", "--json"]
        done = subprocess.run(
            [sys.executable, "-P", "-m", "nanogpt_rs", "bench", task, *ids, *options],
            cwd=root,
            check=False,
            stdout=subprocess.PIPE,
        )
        with suppress(ValueError):  # it has said why there is no document
            cells += json.loads(done.stdout)["cells"]
    return [cell for cell in cells if (cell["task"], cell["id"]) in rows]


Key = tuple[str, ...]


def key_of(cell: dict[str, Any]) -> Key:
    """Return what the same cell of two runs has in common."""
    return tuple(cell[name] for name in ("task", "id", "corpus", "sha256", "state"))


def last(results: Path) -> dict[Key, dict[str, Any]]:
    """Return the last numbers of each cell among the records in a folder."""
    from nanogpt_rs.records.files import read
    from nanogpt_rs.records.schema import RecordError

    found: dict[Key, dict[str, Any]] = {}
    for path in sorted((results / "bench").glob("*.jsonl")):
        with suppress(RecordError):  # one that was interrupted says less, and that is no matter
            for run in read(path):
                cells = json.loads(json.dumps([asdict(cell) for cell in run.cells]))
                found |= {key_of(cell): cell for cell in cells if cell["seconds"]}
    return found


@dataclass(frozen=True)
class Shift:
    """How an implementation's ratio to a reference compares with the one before.

    Attributes:
        factor: now over before: above 1 it became faster.
        interval: of that at 95 %, or ``None`` where one of the two has none.
    """

    factor: float
    interval: tuple[float, float] | None

    @property
    def verdict(self) -> str:
        """Whether it became faster or slower, or two runs cannot tell."""
        if self.interval is None or self.interval[0] <= 1 <= self.interval[1]:
            return "not told apart"
        return "faster" if self.interval[0] > 1 else "slower"


def shift(now: dict[str, Any], before: dict[str, Any]) -> Shift | None:
    """Compare two comparisons with the same reference, as JSON has them, made in two runs.

    The errors of their logarithms are independent: half-widths add in quadrature.
    """
    if not (now["ratio"] and before["ratio"]):
        return None
    factor = now["ratio"] / before["ratio"]
    if not (now["interval"] and before["interval"]):
        return Shift(factor, None)
    halves = [math.log(each["interval"][1] / each["interval"][0]) / 2 for each in (now, before)]
    half = math.hypot(*halves)
    return Shift(factor, (factor * math.exp(-half), factor * math.exp(half)))
