"""Instruction counts: a channel that no busy machine disturbs, and that says nothing about time.

Counted is what one call executes, by valgrind's callgrind. The same implementation's counts are
comparable across commits, and nothing else is: an instruction of one idea is no instruction of
another. Valgrind hides AVX-512 from programs, so that what is counted is another path there than
what is timed; the count says which.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median_low

from nanogpt_rs.measuring import bench
from nanogpt_rs.measuring.bench import Advance, Contest, Keeper, is_limit
from nanogpt_rs.records.schema import Cell
from nanogpt_rs.ruler.corpora import cache_folder, sha256, write_whole
from nanogpt_rs.ruler.count import EMPTY
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.verification import verify_apart
from nanogpt_rs.ruler.worker import WorkerError, run_worker

DEADLINE = 600.0
"""Seconds for one count; under valgrind all takes tens of times as long."""
COUNT_SECONDS = 6.0
"""That a count takes, about."""
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
"""What starts and stops the counting. Its own few instructions are counted apart and taken off."""


class CountError(Exception):
    """Nothing can be counted here; the message says what is missing."""


def plan_of(jobs: Sequence[Contest], older: str | None) -> str:
    """Return a hash of what there is to count, of which commit too, by which a request is known."""
    return sha256(f"{older} {bench.plan_of(jobs)}".encode())


def library() -> Path:
    """Return the compiled shim, compiled when first asked for.

    Raises:
        CountError: valgrind, its headers or a C compiler are missing.
    """
    if shutil.which("valgrind") is None:
        raise CountError(
            "valgrind is missing, which counts instructions. Debian and Ubuntu: apt-get install "
            "valgrind; there is none for Windows, nor for macOS on Apple silicon"
        )
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None:
        raise CountError("a C compiler is missing. Debian and Ubuntu: apt-get install gcc")
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


def count(
    jobs: Sequence[Contest], before: str | None, advance: Advance, keeper: Keeper
) -> list[Cell]:
    """Count the instructions of a call of each contender.

    Args:
        jobs: what to count; their states don't matter.
        before: the folder of an older commit's wheel to count as well, or ``None``.
        advance: told of the progress.
        keeper: told of each cell as soon as it is finished; what it has is not counted again.

    Returns:
        The cells, in the order of the jobs.

    Raises:
        CountError: nothing can be counted here.
    """
    shim = library()
    for job in jobs:
        done = {cell.key for cell in keeper.cells}
        for row in job.contenders:
            advance(f"{row.task} {row.id} on {job.corpus.id}", 0.0)
            if job.cell(row).key not in done and not is_limit(row):
                keeper.keep([counted(job, row, shim, before)])
            advance(f"{row.task} {row.id} on {job.corpus.id}", COUNT_SECONDS)
    return list(keeper.cells)


def counted(job: Contest, row: Implementation, shim: Path, before: str | None) -> Cell:
    """Count one implementation, and what it was if an older commit has it."""
    cell = job.cell(row)
    proof = verify_apart(row, job.name)
    if proof.status != "right":
        return replace(cell, status=proof.status, details=proof.details)
    try:
        found, path, reason = instructions(job, row, shim, None)
        if reason is not None:
            return replace(cell, status="n/a", details=(f"under valgrind: {reason}",), path=path)
        cell = replace(cell, instructions=found, path=path)
        if before is not None and verify_apart(row, job.name, side=before).status == "right":
            older, older_path, _ = instructions(job, row, shim, before)
            if older_path == path:  # else it is another code that was counted
                cell = replace(cell, instructions_before=older)
    except WorkerError as error:
        return replace(cell, status="wrong", details=(f"a worker process {error}",))
    return cell


def instructions(
    job: Contest, row: Implementation, shim: Path, side: str | None
) -> tuple[int | None, str | None, str | None]:
    """Return how many instructions a call takes, by which path, and why it is not told, if so.

    Raises:
        WorkerError: the process gave no answer.
    """
    with tempfile.TemporaryDirectory(prefix="nanogpt-rs-") as folder:
        prefix = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet"]
        prefix += [f"--callgrind-out-file={folder}/out"]
        order = {
            "task": row.task, "id": row.id, "corpus": job.name, "side": side, "library": str(shim),
        }  # fmt: skip
        # Threads would be counted as they happen to meet; hashes would differ by their seed.
        environment = {"PYTHONHASHSEED": "0", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        answer = run_worker("count", order, DEADLINE, environment, prefix)
        if answer["reason"] is not None:
            return None, answer["path"], answer["reason"]
        regions = dict(map(region_of, sorted(Path(folder).glob("out.*"))))
    empty = median_low([total for name, total in regions.items() if name.startswith(EMPTY)])
    calls = [total for name, total in regions.items() if name.startswith("call")]
    return median_low(calls) - empty, answer["path"], None


def region_of(path: Path) -> tuple[str, int]:
    """Return the name of a region that callgrind has written, and how many instructions it took."""
    text = path.read_text(encoding="ascii", errors="replace")
    name = re.search(r"^desc: Trigger: Client Request: (\w+)", text, re.MULTILINE)
    total = re.search(r"^totals: (\d+)", text, re.MULTILINE)
    return (name[1] if name else "end") + path.suffix, int(total[1]) if total else 0
