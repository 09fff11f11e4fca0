"""One commit against another: both built in release, both in each worker process, paired.

An implementation of the old side is the baseline of its own successor: arms *old, old again, new*
share rounds. In the same run a Python implementation that is the same in both commits is measured
the same way; it must not be called different, or nothing that was said of its task is believed.
"""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from statistics import median_high

from nanogpt_rs.measuring import bench, paired
from nanogpt_rs.measuring.bench import Advance, Contest, Keeper, is_limit, references_of
from nanogpt_rs.measuring.machine import MachineWatch
from nanogpt_rs.measuring.paired import Arm, Course
from nanogpt_rs.records import schema
from nanogpt_rs.records.durable import locked
from nanogpt_rs.records.schema import BEFORE, CONTROL, STRONGEST, Against, Cell
from nanogpt_rs.ruler import provenance
from nanogpt_rs.ruler.corpora import Corpus, cache_folder, sha256, write_whole
from nanogpt_rs.ruler.registry import Implementation
from nanogpt_rs.ruler.rounds import applies
from nanogpt_rs.ruler.tasks import TASKS
from nanogpt_rs.ruler.verification import verify_apart
from nanogpt_rs.ruler.worker import WorkerError, run_worker
from nanogpt_rs.statistics.adjusted import adjusted

CELL_SECONDS = 8.0
"""What comparing one implementation takes, about, proofs and all."""


class DiffError(Exception):
    """Commits cannot be compared; the message says why."""


@dataclass(frozen=True)
class Side:
    """One of the two commits.

    Attributes:
        commit: in hexadecimal.
        folder: that its wheel is installed in.
        build: of its Rust module.
    """

    commit: str
    folder: Path
    build: provenance.Build


def git(*arguments: str) -> bytes:
    """Return what git says in the checkout that the ruler stands in.

    Raises:
        DiffError: there is none, or git refuses.
    """
    root = provenance.ROOT
    if not provenance.is_checkout(root):
        raise DiffError("a diff needs a checkout with its history; this is an installation")
    try:
        return provenance.git(root, *arguments)
    except OSError as error:
        raise DiffError(f"git does not run here: {error}") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise DiffError(f"git {arguments[0]}: {said}") from None


def commit_of(revision: str) -> str:
    """Return the commit that a revision means.

    Raises:
        DiffError: it means none.
    """
    try:
        found = git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
    except DiffError:
        raise DiffError(f"{revision!r} is no commit of this repository") from None
    return found.decode().strip()


def side_of(commit: str) -> Side:
    """Return a commit's side: its wheel, built in release once and kept, and proved to be its own.

    Raises:
        DiffError: it cannot be built, or what was built is not it.
    """
    home = cache_folder() / "sides"
    try:
        compiler = subprocess.run(
            ["rustc", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise DiffError(f"commits cannot be built: rustc does not run here: {error}") from None
    name = f"{commit[:12]}-{sys.implementation.cache_tag}-{compiler.stdout.split(' ')[1]}"
    folder = home / name
    with locked(home, DiffError):
        if not (folder / "whole").exists():
            rmtree(folder, ignore_errors=True)
            unpack(build_wheel(commit, home), folder)
            write_whole(folder / "whole", b"")
    try:
        found = run_worker("sides", {"side": str(folder)}, 60.0)
    except WorkerError as error:
        raise DiffError(f"commit {commit[:8]}: a worker process {error}") from None
    if "refused" in found:
        raise DiffError(f"commit {commit[:8]}: {found['refused']}")
    if found["info"]["commit"] != commit:
        raise DiffError(f"commit {commit[:8]}: its wheel says that it is {found['info']['commit']}")
    return Side(commit, folder, provenance.Build(found["info"], found["sources"]))


def build_wheel(commit: str, home: Path) -> Path:
    """Build a commit's wheel; each in the same folder, so that equal sources make equal code.

    Raises:
        DiffError: it cannot be built.
    """
    source, wheels = home / "source", home / "wheels"
    for each in (source, wheels):
        rmtree(each, ignore_errors=True)
        each.mkdir()
    with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", commit))) as archive:
        archive.extractall(source, filter="data")
    if find_spec("maturin"):
        command = ["maturin", "build", "--release", "--locked", "--interpreter", sys.executable]
        command += ["--out", str(wheels)]
    else:  # pip fetches it
        command = ["pip", "wheel", "--no-deps", "--wheel-dir", str(wheels), "."]
    environment = os.environ | {"ASV_COMMIT": commit, "CARGO_TARGET_DIR": str(home / "target")}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = list(wheels.glob("*.whl"))
    if done.returncode or len(found) != 1:
        said = "\n".join(done.stderr.strip().splitlines()[-20:])
        raise DiffError(f"commit {commit[:8]} cannot be built:\n{said}")
    return found[0]


def unpack(wheel: Path, folder: Path) -> None:
    """Install a wheel into a folder of its own."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202


def key_of(row: Implementation | Cell) -> str:
    """Return the task and id of a row, or of its cell, in one word."""
    return f"{row.task} {row.id}"


def is_same(row: Implementation, old: Side, new: Side) -> bool:
    """Return whether a row is Python that both sides have alike, with all that it may call."""
    module = row.target.partition(":")[0]
    if not row.id.startswith("python/"):
        return False
    files = {path for side in (old, new) for path in files_of(side, module)}
    return bool(files) and all(content(old, path) == content(new, path) for path in files)


def files_of(side: Side, module: str) -> set[Path]:
    """Return the files of a module's room that it may call: what it imports, on and on.

    Args:
        side: the commit.
        module: its name; there may be no such there.
    """
    room = module.partition(".")[0]
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for path in (
            Path(*name.split(".")).with_suffix(".py"),
            Path(*name.split("."), "__init__.py"),
        ):
            if path in found or not (data := content(side, path)):
                continue
            found.add(path)
            try:
                nodes = list(ast.walk(ast.parse(data)))
            except SyntaxError:
                continue  # it will be found wrong when it is imported
            for node in nodes:
                if isinstance(node, ast.Import):
                    names = [each.name for each in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
                else:
                    continue
                waiting += [each for each in names if each.partition(".")[0] == room]
    return found


def content(side: Side, path: Path) -> bytes:
    """Return the bytes of a side's file; none where there is no such file."""
    try:
        return (side.folder / path).read_bytes()
    except OSError:
        return b""


def diff(
    jobs: Sequence[Contest],
    sides: tuple[Side, Side],
    advance: Advance,
    keeper: Keeper,
) -> list[Cell]:
    """Compare each implementation with what it was.

    Args:
        jobs: one for each task, corpus and state, with the rows to compare.
        sides: the older commit and the newer one.
        advance: told of the progress.
        keeper: told of each cell as soon as it is finished; what it has is not measured again.

    Returns:
        The cells in the order of the jobs: seconds of the newer side, set against the older one;
        tests adjusted by Holm, and invalid where a control was called different.
    """
    for job in jobs:
        done = {cell.key for cell in keeper.cells}
        for row in job.contenders:
            doing = f"{row.task} {row.id} on {job.corpus.id}, {job.state}"
            advance(doing, 0.0)
            if job.cell(row).key not in done:
                keeper.keep([change(job, row, sides, lambda: advance(doing, 0.0), keeper)])  # noqa: B023
            advance(doing, CELL_SECONDS)
    return adjusted(list(keeper.cells))


def change(
    job: Contest,
    row: Implementation,
    sides: tuple[Side, Side],
    tick: Callable[[], None],
    keeper: Keeper,
) -> Cell:
    """Compare one implementation with what it was."""
    cell = job.cell(row)
    for side in sides:
        found = verify_apart(row, job.name, side=str(side.folder))
        if found.status != "right":
            details = tuple(f"{side.commit[:8]}: {detail}" for detail in found.details)
            return replace(cell, status=found.status, details=details)
    arms = [arm_of(row, side) for side in (sides[0], sides[0], sides[1])]
    watch = MachineWatch()

    def done(measured: paired.Measured) -> bool:
        tick()
        return measured.enough([measured.compare(2)])

    try:
        measured = paired.measure(
            Course(job.task, job.name, job.state), arms, done, lambda *_: tick(), budget=job.budget
        )
    except WorkerError as error:
        side = sides[1] if error.arm == 2 else sides[0]
        return replace(
            cell, status="wrong", details=(f"{side.commit[:8]}: a worker process {error}",)
        )
    if measured.wrong:
        return replace(cell, status="wrong", details=tuple(map(": ".join, measured.wrong.items())))
    keeper.keep_blocks(f"{job.task}-{job.state}", measured)
    cores = measured.cores.get(sides[1].commit[:8])
    return replace(
        cell,
        seconds=measured.seconds_of(2),
        quantiles=measured.quantiles_of(2),
        cores=median_high(cores) if cores else None,
        processes=len(measured.processes),
        meanwhile=watch.so_far(),
        against=(
            Against(
                CONTROL if row == job.references.get(CONTROL) else BEFORE,
                sides[0].commit[:8],
                measured.compare(2),
            ),
        ),
    )


def arm_of(row: Implementation, side: Side) -> Arm:
    """Return the arm that calls a side's implementation."""
    return replace(paired.arm_of(row), side=str(side.folder), name=side.commit[:8])


def comparison_of(cell: Cell | None) -> schema.Comparison | None:
    """Return what was said of a cell, if anything was."""
    return cell.against[0].comparison if cell is not None and cell.against else None


def jobs_of(
    rows: Sequence[Implementation],
    corpora: Sequence[tuple[str, Corpus]],
    states: Sequence[str],
    sides: tuple[Side, Side],
    budget: float | None,
) -> list[Contest]:
    """Return what there is to compare: each row but limits and Python that did not change.

    Of that, one row of each task stays, as a control: the strongest for texts of this width if it
    did not change, else whichever comes first.
    """
    jobs = []
    for name, corpus in corpora:
        for task in dict.fromkeys(row.task for row in rows):
            mine = [row for row in rows if row.task == task and not is_limit(row)]
            same = [row for row in mine if is_same(row, *sides)]
            strongest = references_of(task, corpus.width).get(STRONGEST)
            control = strongest if strongest in same else next(iter(same), None)
            wanted = tuple(row for row in mine if row == control or row not in same)
            references = {} if control is None else {CONTROL: control}
            if wanted:
                jobs += [
                    Contest(name, corpus, state, references, wanted, budget)
                    for state in states
                    if applies(TASKS[task], state)
                ]
    return jobs


def markdown(cells: Sequence[Cell], sides: tuple[Side, Side], controls: set[str]) -> str:
    """Return what a pull request should be told."""
    from nanogpt_rs.reporting.frames import markdown_of

    old, new = (side.commit[:8] for side in sides)
    rows = []
    for cell in cells:
        found = comparison_of(cell)
        ratio = interval = ""
        if found is not None and found.ratio is not None:
            ratio = f"{found.ratio:.3f}"
            interval = "{:.3f} to {:.3f}".format(*found.interval) if found.interval else ""
        said = cell.status if found is None else found.verdict
        control = " (control)" if key_of(cell) in controls else ""
        reason = "; ".join(cell.details) if found is None else found.reason
        rows.append(
            [cell.task, cell.id + control, cell.corpus, cell.state, said, ratio, interval, reason]
        )
    heads = [
        "task",
        "implementation",
        "corpus",
        "state",
        "verdict",
        f"{old} / {new}",
        "95 %",
        "why",
    ]
    return (
        f"### `{old}` against `{new}`\n\n{markdown_of(heads, rows)}\n"
        "Ratios are the older commit's time over the newer one's: above 1, the newer one is "
        "faster. Both were called in the same processes, in random order.\n"
    )


def plan_of(jobs: Sequence[Contest], sides: tuple[Side, Side]) -> str:
    """Return a hash of what there is to do, by which a request is known again."""
    return sha256(" ".join([*(side.commit for side in sides), bench.plan_of(jobs)]).encode())
