"""Instruction counts: they are not disturbed by a busy machine, and say nothing about time.

Valgrind's callgrind counts the instructions that one call executes. Counts of one implementation
can be compared across commits. Counts of two implementations cannot be compared with each other,
because different instructions take different times. Valgrind hides AVX-512 from programs, so that
an implementation with AVX-512 code runs other code when it is counted than when it is timed; the
cell names the code path that was counted.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median_low
from typing import Any

from nanogpt_rs.measuring import bench, changes
from nanogpt_rs.measuring.bench import Advance, CellStore, Contest, is_limit, worker_end
from nanogpt_rs.records.schema import Cell
from nanogpt_rs.ruler.corpora import cache_folder
from nanogpt_rs.ruler.count import EMPTY, Order
from nanogpt_rs.ruler.errors import NOTHING, UserError, WorkerError
from nanogpt_rs.ruler.hashes import sha256
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.regular import write_whole
from nanogpt_rs.ruler.verification import verify_apart
from nanogpt_rs.ruler.worker import run_worker

DEADLINE = 600.0
"""Seconds that one count may take; under valgrind a program is tens of times slower."""
COUNT_SECONDS = 6.0
"""Roughly the seconds that a count takes."""
SHIM = """\
#include <valgrind/callgrind.h>

void start(void) {
    CALLGRIND_ZERO_STATS;
    CALLGRIND_START_INSTRUMENTATION;
}

void stop(const char *name) {
    CALLGRIND_STOP_INSTRUMENTATION;
    CALLGRIND_DUMP_STATS_AT(name);
}
"""
"""Starts and stops the counting. Its own few instructions are counted separately and subtracted."""


class CountError(UserError):
    """Nothing can be counted here; the message says which tool is missing."""

    exit_status = NOTHING


def request_hash(contests: Sequence[Contest], older: str | None) -> str:
    """Return a hash of these contests and the older commit, by which ``--resume`` knows a run."""
    return sha256(f"{older} {bench.request_hash(contests)}".encode())


def library() -> Path:
    """Return the path of the compiled shim, which is compiled on the first call and then kept.

    Raises:
        CountError: Valgrind, its headers or a C compiler are missing.
    """
    if shutil.which("valgrind") is None:
        raise CountError(
            "valgrind is missing, which counts instructions; there is none for Windows, nor for "
            "macOS on Apple silicon",
            hint="on Debian and Ubuntu: `apt-get install valgrind`",
        )
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None:
        raise CountError(
            "a C compiler is missing", hint="on Debian and Ubuntu: `apt-get install gcc`"
        )
    path = cache_folder() / f"callgrind-shim-{sha256(SHIM.encode())[:12]}.so"
    if not path.exists():
        with tempfile.TemporaryDirectory(prefix="nanogpt-rs-") as folder:
            source, built = Path(folder) / "shim.c", Path(folder) / "shim.so"
            source.write_text(SHIM, encoding="ascii")
            command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(built), str(source)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                first = done.stderr.strip().partition("\n")[0]
                raise CountError(f"valgrind's headers cannot be compiled with {compiler}: {first}")
            write_whole(path, built.read_bytes())
    return path


@dataclass(frozen=True)
class Before:
    """An older commit, whose implementations are counted as well.

    Attributes:
        commit: The commit's hash.
        folder: The folder that its wheel is installed in.
    """

    commit: str
    folder: str


def count(
    contests: Sequence[Contest], before: Before | None, advance: Advance, store: CellStore
) -> list[Cell]:
    """Count the instructions of a call of each contender.

    Args:
        contests: The implementations to count, with their corpora. States make no difference.
        before: An older commit to count as well, or ``None``.
        advance: Called with the progress made.
        store: Saves each cell as soon as it is finished; the cells that it has are left out.

    Returns:
        The cells, in the order of the contests.

    Raises:
        CountError: Nothing can be counted here.
    """
    shim = library()
    for contest in contests:
        finished = {cell.key for cell in store.cells}
        for row in contest.contenders:
            step = f"{row.task} {row.id} on {contest.corpus.id}"
            advance(step, 0.0)
            if contest.cell(row).key not in finished and not is_limit(row):
                store.keep([counted(contest, row, shim, before)])
            advance(step, COUNT_SECONDS)
    return list(store.cells)


def counted(contest: Contest, row: Implementation, shim: Path, before: Before | None) -> Cell:
    """Count one implementation, and the older commit's if that commit has it; return its cell."""
    cell = contest.cell(row)
    proof = verify_apart(row, contest.corpus_name)
    if proof.status != "right":
        return replace(cell, status=proof.status, details=proof.details)
    try:
        instructions, path, reason = count_call(contest.corpus_name, row, shim)
        if reason is not None:
            return replace(cell, status="n/a", details=(f"under valgrind: {reason}",), path=path)
        cell = replace(cell, instructions=instructions, path=path)
        if (
            before is not None
            and verify_apart(row, contest.corpus_name, side=before.folder).status == "right"
        ):
            older, older_path, _ = count_call(contest.corpus_name, row, shim, side=before.folder)
            if older_path == path:  # otherwise different code was counted
                cell = replace(cell, instructions_before=older)
                cell = changes.explained(
                    cell,
                    row,
                    before.commit,
                    None,
                    lambda: (
                        count_call(contest.corpus_name, row, shim, side=before.folder)[0],
                        count_call(contest.corpus_name, row, shim)[0],
                    ),
                )
    except WorkerError as error:
        return replace(cell, status="wrong", details=(worker_end(error),))
    return cell


def count_call(
    corpus_name: str,
    row: Implementation,
    shim: Path,
    *,
    side: str | None = None,
    build: str | None = None,
) -> tuple[int | None, str | None, str | None]:
    """Count the instructions of one call.

    Args:
        corpus_name: Id or path of the corpus.
        row: The implementation.
        shim: The compiled library that starts and stops the counting.
        side: Folder of another wheel to count in (default: what is installed).
        build: Folder of a build of the Rust module to load (default: what is installed).

    Returns:
        The number of instructions, the code path that was taken, and, where there is no number,
        the reason.

    Raises:
        WorkerError: The process gave no answer.
    """
    order: Order = {
        "task": row.task, "id": row.id, "corpus": corpus_name,
        "side": side, "library": str(shim),
    }  # fmt: skip
    if build is not None:
        order["build"] = build
    answer, instructions = under_callgrind("count", order)
    return instructions, answer["path"], answer["reason"]


def under_callgrind(worker: str, order: Mapping[str, object]) -> tuple[Any, int | None]:
    """Have a worker process under callgrind count a call.

    Args:
        worker: Name of the module of the ruler that makes the call.
        order: Its order, with the compiled library.

    Returns:
        The module's answer, and the number of instructions; ``None`` where it made no call.

    Raises:
        WorkerError: The process gave no answer.
    """
    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-") as folder:
        prefix = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet"]
        prefix += [f"--callgrind-out-file={folder}/out"]
        # With several threads, or with another hash seed, the count would differ from run to run.
        environment = {"PYTHONHASHSEED": "0", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        answer = run_worker(worker, order, DEADLINE, environment, prefix)
        regions = dict(map(region_of, sorted(Path(folder).glob("out.*"))))
    calls = [total for name, total in regions.items() if name.startswith("call")]
    empty = [total for name, total in regions.items() if name.startswith(EMPTY)]
    return answer, median_low(calls) - median_low(empty) if calls and empty else None


def region_of(path: Path) -> tuple[str, int]:
    """Return the name of a region in a file of callgrind's, and its number of instructions."""
    text = path.read_text(encoding="ascii", errors="replace")
    name = re.search(r"^desc: Trigger: Client Request: (\w+)", text, re.MULTILINE)
    total = re.search(r"^totals: (\d+)", text, re.MULTILINE)
    return (name[1] if name else "end") + path.suffix, int(total[1]) if total else 0
